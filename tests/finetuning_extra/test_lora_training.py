"""The real trl on a small model: it learns, goes on after a kill as if nothing had been, and says what went wrong."""

import shutil
from pathlib import Path

import pytest

from backend.errors import (
    InvalidRequest,
    UnusableModel,
)
from backend.finetuning import checkpoints as saved
from backend.finetuning.base import TrainingStatus
from backend.finetuning.files import READ, verify
from tests.finetuning_extra.building import train, training
from tests.finetuning_extra.running import SECONDS, Training, Whole

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(2 * SECONDS)]


@pytest.fixture
def base(lora: Whole) -> Path:
    return lora.base


@pytest.fixture
def whole(lora: Whole) -> tuple[Training, TrainingStatus]:
    return lora.training, lora.status


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
    assert not (trained.folder / saved.FOLDER).exists()


async def test_without_held_out_conversations_it_is_said_that_nothing_was_compared(base: Path, run: Path) -> None:
    async with training(run, base, {"max_steps": 2}) as one:
        (run / "validation.jsonl").unlink()
        status = await one.result()
        assert status.result is not None
        assert "validation_loss" not in status.result.metrics
        assert any("nothing says whether it became better" in note for note in status.result.notes)


def test_one_evaluation_is_at_the_end(base: Path, run: Path) -> None:
    one, _ = train(run, base, {"max_steps": 3, "evaluations": 1})
    assert list(one.curve("validation_loss")) == [0, 3]


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_all_of_the_model_can_be_trained_and_steps_accumulated(base: Path, run: Path, kind: str) -> None:
    changes = {"kind": kind, "max_steps": 0, "epochs": 2, "batch": 4, "accumulation": 4, "learning_rate": 5e-3}
    one, status = train(run, base, changes)
    learnt = one.curve()
    assert list(learnt) == [1, 2, 3, 4]  # 32 conversations: two steps of 4 x 4 an epoch
    assert learnt[4] < learnt[1]
    assert status.result is not None
    assert (run / "adapter").exists() is (kind == "lora")


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
