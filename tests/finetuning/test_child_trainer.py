"""Training in a child process: started, followed, cancelled, killed, gone on with after a restart."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import psutil
import pytest

from backend.errors import (
    ChildFailed,
    JobCancelled,
    PreparedDamaged,
    TrainingDiverged,
    TrainingOutOfMemory,
)
from backend.finetuning import adapter_task
from backend.finetuning.adapter import AdapterParameters, Questions
from backend.finetuning.adapter_task import INPUT, MAP, Arguments, save_input
from backend.finetuning.base import Point, PointLog, TrainingOrder, TrainingStatus, read_result
from backend.finetuning.child_trainer import ChildTrainer
from backend.finetuning.files import verify
from backend.finetuning.query_map import QueryMap
from backend.jobs.children import MIB, ChildLimits, Children
from tests.finetuning.test_adapter import SMALL, items, turned
from tests.support import eventually

LIMITS = ChildLimits(cpu_seconds=120, wall_seconds=120, memory_bytes=4096 * MIB)
Make = Callable[..., ChildTrainer]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes trainers; each is as after a restart."""
    made: list[ChildTrainer] = []
    children = Children(spool=tmp_path / "spool")

    def trainer(limits: ChildLimits = LIMITS) -> ChildTrainer:
        made.append(ChildTrainer(children, adapter_task.__name__, arguments, limits))
        return made[-1]

    yield trainer
    for one in made:
        await one.aclose()
    children.close()


def arguments(order: TrainingOrder) -> Arguments:
    return Arguments(folder=order.folder, spec_key="k", parameters=AdapterParameters(**order.parameters))  # type: ignore[arg-type]  # as JSON


def order(tmp_path: Path, parameters: AdapterParameters = SMALL, *, epochs: int = 4) -> TrainingOrder:
    folder = tmp_path / "run"
    folder.mkdir(exist_ok=True)
    known = items()
    questions = {
        "train": turned(known, range(120)),
        "validation": turned(known, range(120, 160)),
        "held_out": turned(known, range(160, 200)),
    }
    save_input(folder, questions, known)
    return TrainingOrder(folder, "", {**asdict(parameters), "epochs": epochs})


def long_order(tmp_path: Path) -> TrainingOrder:
    """One that no test waits for."""
    given = order(tmp_path, epochs=4000)
    return TrainingOrder(given.folder, "", {**given.parameters, "patience": 4000})


async def begun(trainer: ChildTrainer, given: TrainingOrder, handle: str) -> None:
    """Returns once an epoch is done."""

    async def has_begun() -> bool:
        return (await trainer.status(given, handle)).done > 0

    await eventually(has_begun, seconds=60)


async def ended(trainer: ChildTrainer, given: TrainingOrder, handle: str) -> TrainingStatus:
    async def has_ended() -> bool:
        return (await trainer.status(given, handle)).state != "running"

    await eventually(has_ended, seconds=60)
    return await trainer.status(given, handle)


async def test_a_training_ends_with_a_map_its_figures_and_its_curve(make: Make, tmp_path: Path) -> None:
    trainer, given = make(), order(tmp_path)
    handle = await trainer.start(given)
    assert (await trainer.status(given, handle)).state == "running"
    status = await ended(trainer, given, handle)

    assert status.state == "succeeded"
    assert status.result is not None
    verify(given.folder, status.result.files)
    found = QueryMap.load(given.folder / MAP)
    assert found.spec_key == "k"
    assert found.weight.any()
    assert status.result.metrics["questions"] == [120.0]
    before, after, *_ = status.result.metrics["mrr"]
    assert 0 < before < after < 1
    points = list(PointLog(given.folder).read())
    assert [point.step for point in points if point.name == "mrr"] == [0, 1, 2, 3, 4]
    assert [point.step for point in points if point.name == "train_loss"] == [1, 2, 3, 4]


async def test_the_same_order_is_trained_once(make: Make, tmp_path: Path) -> None:
    trainer, given = make(), order(tmp_path)
    handle = await trainer.start(given)
    assert await trainer.start(given) == handle
    await ended(trainer, given, handle)
    made = (given.folder / MAP).stat().st_mtime_ns
    assert await trainer.start(given) == handle
    assert await make().start(given) == handle
    assert (await trainer.status(given, handle)).state == "succeeded"
    assert (given.folder / MAP).stat().st_mtime_ns == made


@pytest.mark.fault("B8")
async def test_after_a_restart_an_unfinished_training_is_lost_and_starting_it_goes_on(
    make: Make, tmp_path: Path
) -> None:
    first, given = make(), long_order(tmp_path)
    handle = await first.start(given)
    await begun(first, given, handle)
    await first.aclose()
    second = make()
    assert (await second.status(given, handle)).state == "lost"
    shorter = TrainingOrder(given.folder, "", {**given.parameters, "epochs": 2})
    assert await second.start(shorter) == handle
    assert (await ended(second, shorter, handle)).state == "succeeded"
    steps = [point.step for point in PointLog(given.folder).read() if point.name == "mrr"]
    assert steps == [0, 1, 2]


async def test_a_cancelled_training_leaves_no_process_and_no_result(make: Make, tmp_path: Path) -> None:
    trainer, given = make(), long_order(tmp_path)
    handle = await trainer.start(given)
    await begun(trainer, given, handle)
    assert children()
    await trainer.cancel(given, handle)
    assert (await trainer.status(given, handle)).state == "cancelled"
    assert not children()
    assert read_result(given.folder) is None
    await trainer.cancel(given, handle)


async def test_to_cancel_what_has_ended_changes_nothing(make: Make, tmp_path: Path) -> None:
    trainer, given = make(), order(tmp_path, epochs=1)
    handle = await trainer.start(given)
    await ended(trainer, given, handle)
    await trainer.cancel(given, handle)
    assert (await trainer.status(given, handle)).state == "succeeded"


@pytest.mark.fault("B8")
async def test_a_killed_child_fails_the_training_which_can_be_started_again(make: Make, tmp_path: Path) -> None:
    trainer, given = make(), long_order(tmp_path)
    handle = await trainer.start(given)
    await begun(trainer, given, handle)
    [child] = children()
    os.kill(child, signal.SIGKILL)
    status = await ended(trainer, given, handle)
    assert status.state == "failed"
    assert isinstance(status.error, ChildFailed)
    assert status.error.retryable
    shorter = TrainingOrder(given.folder, "", {**given.parameters, "epochs": 1})
    await trainer.start(shorter)
    assert (await ended(trainer, shorter, handle)).state == "succeeded"


@pytest.mark.fault("B8")
async def test_a_training_that_needs_too_much_memory_says_so(make: Make, tmp_path: Path) -> None:
    trainer, given = make(ChildLimits(memory_bytes=700 * MIB)), order(tmp_path)
    known = items()
    many = np.tile(known.vectors, (400, 1))
    asked = Questions(
        np.tile(turned(known, range(120)).vectors, (60, 1)), np.tile(turned(known, range(120)).answers, 60)
    )
    questions = {"train": asked, "validation": turned(known, range(120, 160)), "held_out": turned(known, range(2))}
    save_input(given.folder, questions, type(known)(many, np.arange(len(many), dtype=np.int64)))
    status = await ended(trainer, given, await trainer.start(given))
    assert status.state == "failed"
    assert isinstance(status.error, TrainingOutOfMemory)
    assert "lower batch" in str(status.error)


@pytest.mark.fault("B8")
async def test_what_the_child_says_is_wrong_is_what_the_training_says(make: Make, tmp_path: Path) -> None:
    trainer, given = make(), order(tmp_path)
    wild = TrainingOrder(given.folder, "", {**given.parameters, "learning_rate": 1e38})
    status = await ended(trainer, wild, await trainer.start(wild))
    assert isinstance(status.error, TrainingDiverged)
    path = given.folder / INPUT
    path.write_bytes(path.read_bytes()[:-100])
    status = await ended(trainer, given, await trainer.start(given))
    assert isinstance(status.error, PreparedDamaged)
    assert "retry, which prepares it anew" in str(status.error)


async def test_two_trainings_at_once_do_not_disturb_each_other(make: Make, tmp_path: Path) -> None:
    trainer, first = make(), order(tmp_path)
    (tmp_path / "other").mkdir()
    other = order(tmp_path / "other")
    second = TrainingOrder(other.folder.rename(tmp_path / "other" / "run2"), "", other.parameters)
    handles = [await trainer.start(first), await trainer.start(second)]
    statuses = await asyncio.gather(ended(trainer, first, handles[0]), ended(trainer, second, handles[1]))
    assert [status.state for status in statuses] == ["succeeded", "succeeded"]
    maps = [QueryMap.load(one.folder / MAP).weight for one in (first, second)]
    np.testing.assert_array_equal(maps[0], maps[1])


def test_points_are_read_from_where_the_last_reading_ended_and_cut_at_a_checkpoint(tmp_path: Path) -> None:
    log = PointLog(tmp_path)
    assert list(log.read()) == []
    made = [Point(name="train_loss", step=step, epoch=step / 2, value=1 / step) for step in (1, 2, 3)]
    log.add(*made)
    with (tmp_path / "points.jsonl").open("a") as file:
        file.write('{"name": "train_l')  # one that is being written
    assert list(log.read()) == made
    assert list(log.read(skip=2)) == made[2:]
    log.cut(after_step=1)
    assert list(log.read()) == made[:1]


async def test_a_training_whose_folder_is_removed_ends_as_cancelled(make: Make, tmp_path: Path) -> None:
    trainer, given = make(), long_order(tmp_path)
    handle = await trainer.start(given)
    await begun(trainer, given, handle)
    shutil.rmtree(given.folder)
    status = await ended(trainer, given, handle)
    assert isinstance(status.error, JobCancelled)


def children() -> list[int]:
    """The training children of this process."""
    found = psutil.Process().children(recursive=True)
    return [one.pid for one in found if any("adapter_task" in part for part in one.cmdline())]
