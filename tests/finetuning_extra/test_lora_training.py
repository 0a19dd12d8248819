"""The real trl on a small model: it learns, goes on after a kill as if nothing had been, and says what went wrong."""

import math
import shutil
from pathlib import Path

import pytest

from backend.errors import (
    ChildFailed,
    InvalidRequest,
    StorageFull,
    TrainingDiverged,
    TrainingOutOfMemory,
    UnusableModel,
)
from backend.finetuning import checkpoints as saved
from backend.finetuning import lora_task
from backend.finetuning.base import TrainingStatus, read_result
from backend.finetuning.files import READ, verify
from tests.finetuning_extra.building import train, training, write_base
from tests.finetuning_extra.running import MIB, SECONDS, Training, child_processes, fill, small_volume

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(2 * SECONDS)]
LONG = {"max_steps": 60, "evaluations": 30}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def whole(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Training, TrainingStatus]:
    """A training that nothing interrupted."""
    return train(tmp_path_factory.mktemp("whole") / "run", base, LONG)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return tmp_path / "run"


def checkpoints(folder: Path) -> Path:
    return folder / saved.FOLDER


def test_the_loss_of_what_is_learnt_and_of_what_is_not_goes_down(whole: tuple[Training, TrainingStatus]) -> None:
    trained, status = whole
    learnt, held_out = trained.curve(), trained.curve("validation_loss")
    assert list(learnt) == list(range(1, 61))
    assert learnt[60] < 0.9 * learnt[1]
    assert list(held_out) == list(range(0, 61, 2))
    assert status.result is not None
    before, after = status.result.metrics["validation_loss"]
    assert (before, after) == (held_out[0], held_out[60])
    assert after < 0.9 * before
    assert status.result.metrics["peak_memory_mb"][0] > 100
    assert 0 < status.result.metrics["seconds_per_step"][0] < 10


def test_what_comes_out_is_described_and_holds_no_pickle(whole: tuple[Training, TrainingStatus]) -> None:
    trained, status = whole
    assert status.result is not None
    verify(trained.folder, status.result.files)
    names = {file.path for file in status.result.files}
    assert {"model/model.safetensors", "model/tokenizer.json", "adapter/adapter_model.safetensors"} < names
    assert {path.suffix for path in trained.folder.rglob("*") if path.is_file()} <= READ | {".jsonl"}
    assert not checkpoints(trained.folder).exists()


@pytest.mark.fault("B8")
@pytest.mark.parametrize("step", [9, 60])
async def test_a_killed_training_goes_on_from_the_last_whole_checkpoint(
    whole: tuple[Training, TrainingStatus], base: Path, run: Path, step: int
) -> None:
    """In the middle, where the newest checkpoint is cut as well, and while the finished model is written."""
    async with training(run, base, LONG) as killed:
        await killed.start()
        await killed.reaches(step)
        [child] = child_processes(lora_task.__name__)
        child.kill()
        status = await killed.ended()
        assert isinstance(status.error, ChildFailed)
        assert status.error.retryable

        if step == 9:
            found = saved.newest(checkpoints(run))
            assert found is not None
            assert found[1] >= 6
            weights = found[0] / "adapter_model.safetensors"
            weights.write_bytes(weights.read_bytes()[:-100])

        killed.restarted()
        assert (await killed.status()).state == "lost"
        assert (await killed.result()).state == "succeeded"
        for name in ("train_loss", "validation_loss"):
            assert killed.curve(name) == pytest.approx(whole[0].curve(name), rel=1e-4)


async def test_without_held_out_conversations_it_is_said_that_nothing_was_compared(base: Path, run: Path) -> None:
    async with training(run, base, {"max_steps": 2}) as one:
        (run / "validation.jsonl").unlink()
        status = await one.result()
        assert status.result is not None
        assert "validation_loss" not in status.result.metrics
        assert any("nothing says whether it became better" in note for note in status.result.notes)


async def test_a_cancelled_training_leaves_no_process_and_no_result(base: Path, run: Path) -> None:
    async with training(run, base, LONG) as one:
        await one.cancel()
        assert (await one.status()).state == "lost"
        await one.start()
        await one.cancel()
        assert (await one.status()).state == "cancelled"
        await one.start()
        await one.reaches(2)
        assert len(child_processes(lora_task.__name__)) == 1
        await one.cancel()
        assert (await one.status()).state == "cancelled"
        assert child_processes(lora_task.__name__) == []
        assert read_result(run) is None
        await one.cancel()
        assert (await one.status()).state == "cancelled"


async def test_to_cancel_what_has_ended_keeps_its_result(whole: tuple[Training, TrainingStatus]) -> None:
    trained, _ = whole
    await trained.cancel()
    trained.restarted()
    assert (await trained.status()).state == "succeeded"


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_all_of_the_model_can_be_trained_and_steps_accumulated(base: Path, run: Path, kind: str) -> None:
    changes = {"kind": kind, "max_steps": 0, "epochs": 2, "batch": 4, "accumulation": 4, "learning_rate": 5e-3}
    one, status = train(run, base, changes)
    learnt = one.curve()
    assert list(learnt) == [1, 2, 3, 4]  # 32 conversations: two steps of 4 x 4 an epoch
    assert learnt[4] < learnt[1]
    assert status.result is not None
    assert (run / "adapter").exists() is (kind == "lora")


@pytest.mark.fault("B8")
async def test_a_loss_that_is_no_number_ends_the_training_and_says_what_to_do(base: Path, run: Path) -> None:
    async with training(run, base, {"kind": "full", "learning_rate": 1e30}) as one:
        await one.start()
        status = await one.ended()
        assert isinstance(status.error, TrainingDiverged)
        assert "lower learning_rate (1e+30)" in str(status.error)
        assert all(math.isfinite(value) for value in one.curve().values())
        assert read_result(run) is None


@pytest.mark.fault("B8")
async def test_too_little_memory_is_said_before_the_start_with_both_numbers(base: Path, run: Path) -> None:
    async with training(run, base, memory=100 * MIB) as one:
        await one.start()
        status = await one.ended()
        assert isinstance(status.error, TrainingOutOfMemory)
        assert "and 100 MB are free; lower batch" in str(status.error)
        assert one.curve() == {}


@pytest.mark.fault("B8")
async def test_a_full_disk_at_a_checkpoint_keeps_the_one_before_and_training_goes_on_from_it(
    base: Path, tmp_path: Path
) -> None:
    volume = tmp_path / "volume"
    with small_volume(volume, megabytes=400):
        async with training(volume / "run", base, {"max_steps": 200, "evaluations": 100}) as one:
            await one.start()
            await one.reaches(5)
            filler = volume / "filler"
            fill(filler)
            status = await one.ended()
            assert isinstance(status.error, StorageFull)
            assert status.error.retryable
            assert "free some" in str(status.error)
            found = saved.newest(checkpoints(one.folder))
            assert found is not None
            assert found[1] >= 2
            filler.unlink()
            assert (await one.result()).state == "succeeded"
            assert list(one.curve()) == list(range(1, 201))


async def test_a_disk_that_is_too_small_is_said_before_the_start(base: Path, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    with small_volume(volume, megabytes=50):
        async with training(volume / "run", base) as one:
            await one.start()
            status = await one.ended()
            assert isinstance(status.error, StorageFull)
            assert "MB of disk" in str(status.error)
            assert one.curve() == {}


async def test_a_dataset_whose_questions_fill_all_there_is_room_for_is_refused(base: Path, run: Path) -> None:
    async with training(run, base, {"max_length": 4}) as one:
        await one.start()
        status = await one.ended()
        assert isinstance(status.error, InvalidRequest)
        assert "raise it" in str(status.error)


@pytest.mark.fault("B8")
async def test_a_missing_model_and_one_that_is_cut_are_refused(base: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    shutil.copytree(base, cut)
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    for name, reason in ((cut, "cut or damaged"), (tmp_path / "nothing", "no folder")):
        async with training(tmp_path / "run", name) as one:
            await one.start()
            status = await one.ended()
            assert isinstance(status.error, UnusableModel)
            assert reason in str(status.error)
