"""Both trainings by torch are killed, cancelled, and run out of memory and disk; each goes on, or says what to do."""

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backend.errors import ChildFailed, StorageFull, TrainingDiverged, TrainingMustWait, TrainingOutOfMemory
from backend.finetuning import checkpoints, lora_task, retriever_task
from backend.finetuning.base import read_result
from backend.finetuning.reservations import reserve
from tests.finetuning_extra import building, encoders
from tests.finetuning_extra.running import MIB, SECONDS, Training, Whole, child_processes, fill, small_volume

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(2 * SECONDS)]


@dataclass(frozen=True)
class Method:
    """How a method is tried. `changes` are those of its `Whole`; `wild` ones make its loss no number, `long` ones write
    many checkpoints. Two trainings of the same differ by `rel` at most."""

    task: str
    begin: Callable[..., AbstractAsyncContextManager[Training]]
    weights: str
    curves: tuple[str, str]
    rel: float
    wild: Mapping[str, object]
    long: Mapping[str, object]
    changes: Mapping[str, object] = field(default_factory=dict)


METHODS = {
    "lora": Method(
        lora_task.__name__,
        building.training,
        "adapter_model.safetensors",
        ("train_loss", "validation_loss"),
        1e-4,
        wild={"kind": "full", "learning_rate": 1e30},
        long={"max_steps": 100, "evaluations": 50},
        changes=building.LONG,
    ),
    "retriever": Method(
        retriever_task.__name__,
        encoders.training,
        "model.safetensors",
        ("train_loss", "mrr"),
        1e-3,
        wild={"learning_rate": 1e30},
        long={"epochs": 12, "evaluations": 24, "patience": 24},
    ),
}


@pytest.fixture(params=METHODS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def method(name: str) -> Method:
    return METHODS[name]


@pytest.fixture
def whole(name: str, request: pytest.FixtureRequest) -> Whole:
    found: Whole = request.getfixturevalue(name)
    return found


@pytest.mark.fault("B8")
@pytest.mark.parametrize("share", [0.3, 1.0])
async def test_a_killed_training_goes_on_from_the_last_whole_checkpoint(
    method: Method, whole: Whole, run: Path, share: float
) -> None:
    """In the middle, where the newest checkpoint is cut as well, and while the finished model is written."""
    step = round(max(whole.training.curve()) * share)
    async with method.begin(run, whole.base, method.changes) as killed:
        await killed.start()
        await killed.reaches(step)
        [child] = child_processes(method.task)
        child.kill()
        status = await killed.ended()
        assert isinstance(status.error, ChildFailed)
        assert status.error.retryable
        if share < 1:
            found = checkpoints.newest(run / checkpoints.FOLDER)
            assert found is not None
            assert found[1] > 0
            weights = found[0] / method.weights
            weights.write_bytes(weights.read_bytes()[:-100])

        killed.restarted()
        assert (await killed.status()).state == "lost"
        again = await killed.result()
        for curve in method.curves:
            assert killed.curve(curve) == pytest.approx(whole.training.curve(curve), rel=method.rel)
        figure = method.curves[1]
        assert again.result is not None
        assert whole.status.result is not None
        assert again.result.metrics[figure] == pytest.approx(whole.status.result.metrics[figure], abs=1e-3)


async def test_a_training_says_what_it_does_before_its_first_step_and_where_it_goes_on(
    method: Method, whole: Whole, run: Path
) -> None:
    async with method.begin(run, whole.base, method.long) as one:
        told = await one.stages(until=12)
        assert told[:2] == [("waiting", 0), ("loading", 0)]
        assert [stage for stage, _ in told if stage not in ("waiting", "loading", "measuring")] == ["learning"]
        [child] = child_processes(method.task)
        child.kill()
        await one.ended()
        found = checkpoints.newest(run / checkpoints.FOLDER)
        assert found is not None
        one.restarted()
        told = await one.stages(until=found[1] + 2)
        assert ("resuming", found[1]) in told
        await one.cancel()


async def test_a_cancelled_training_leaves_no_process_and_no_result(method: Method, whole: Whole, run: Path) -> None:
    async with method.begin(run, whole.base, method.long) as one:
        await one.cancel()
        assert (await one.status()).state == "lost"
        await one.start()
        await one.cancel()
        assert (await one.status()).state == "cancelled"
        await one.start()
        await one.reaches(2)
        assert len(child_processes(method.task)) == 1
        for _ in range(2):
            await one.cancel()
            assert (await one.status()).state == "cancelled"
        assert child_processes(method.task) == []
        assert read_result(run) is None


async def test_to_cancel_what_has_ended_keeps_its_result(whole: Whole) -> None:
    await whole.training.cancel()
    whole.training.restarted()
    assert (await whole.training.status()).state == "succeeded"


@pytest.mark.fault("B8")
async def test_a_loss_that_is_no_number_ends_the_training_and_says_what_to_do(
    method: Method, whole: Whole, run: Path
) -> None:
    async with method.begin(run, whole.base, method.wild) as one:
        await one.start()
        status = await one.ended()
        assert isinstance(status.error, TrainingDiverged)
        assert "lower learning_rate (1e+30)" in str(status.error)
        assert all(math.isfinite(value) for value in one.curve().values())
        assert read_result(run) is None


@pytest.mark.fault("B8")
async def test_too_little_memory_is_said_before_the_start_with_both_numbers(
    method: Method, whole: Whole, run: Path
) -> None:
    async with method.begin(run, whole.base, memory=100 * MIB) as one:
        await one.start()
        status = await one.ended()
        assert isinstance(status.error, TrainingOutOfMemory)
        assert "and 100 MB are free; lower batch" in str(status.error)
        assert one.curve() == {}


@pytest.mark.fault("B8")
async def test_memory_that_another_training_was_promised_is_not_taken(method: Method, whole: Whole, run: Path) -> None:
    other = reserve(run.parent / "reservations", 2**50, free=lambda: None)
    async with method.begin(run, whole.base, method.changes) as one:
        await one.start()
        status = await one.ended()
        assert isinstance(status.error, TrainingMustWait)
        assert "another training" in str(status.error)
        assert one.curve() == {}
        other.release()
        await one.start()
        await one.reaches(1)
        await one.cancel()


@pytest.mark.fault("B8")
async def test_a_disk_that_is_too_small_is_said_before_the_start(method: Method, whole: Whole, tmp_path: Path) -> None:
    volume = tmp_path / "volume"
    with small_volume(volume, megabytes=50):
        async with method.begin(volume / "run", whole.base) as one:
            await one.start()
            status = await one.ended()
            assert isinstance(status.error, StorageFull)
            assert "MB of disk" in str(status.error)
            assert one.curve() == {}


@pytest.mark.fault("B8")
async def test_a_full_disk_at_a_checkpoint_keeps_the_one_before_and_training_goes_on_from_it(
    method: Method, whole: Whole, tmp_path: Path
) -> None:
    volume = tmp_path / "volume"
    with small_volume(volume, megabytes=400):
        async with method.begin(volume / "run", whole.base, method.long) as one:
            await one.start()
            await one.reaches(10)
            filler = volume / "filler"
            fill(filler)
            status = await one.ended()
            assert isinstance(status.error, StorageFull)
            assert status.error.retryable
            assert "free some" in str(status.error)
            assert checkpoints.newest(one.folder / checkpoints.FOLDER) is not None
            filler.unlink()
            assert (await one.result()).state == "succeeded"
            steps = list(one.curve())
            assert steps == list(range(1, len(steps) + 1))
