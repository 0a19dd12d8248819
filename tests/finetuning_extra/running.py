"""Trainings in their child process, as the product runs them, on a folder of the test."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from pydantic import BaseModel

from backend.finetuning.base import PointLog, TrainingOrder, TrainingStatus
from backend.finetuning.child_trainer import LONG, ChildTrainer, learning
from backend.jobs.children import Children
from tests.support import eventually

SECONDS = 240
MIB = 1024 * 1024


class Training:
    """A training of a base model in a folder, started as often as one likes; each trainer is as after a restart."""

    def __init__(self, children: Children, folder: Path, task: str, arguments: BaseModel) -> None:
        self._children = children
        self._task = task
        self._arguments = arguments
        self.order = TrainingOrder(folder, "", {})
        self.folder = folder
        self.trainer = self.restarted()

    def restarted(self) -> ChildTrainer:
        self.trainer = ChildTrainer(self._children, self._task, lambda _: self._arguments, LONG, learning)
        return self.trainer

    async def start(self) -> None:
        await self.trainer.start(self.order)

    async def status(self) -> TrainingStatus:
        return await self.trainer.status(self.order, self.folder.name)

    async def cancel(self) -> None:
        await self.trainer.cancel(self.order, self.folder.name)

    async def ended(self) -> TrainingStatus:
        async def has_ended() -> bool:
            return (await self.status()).state != "running"

        await eventually(has_ended, seconds=SECONDS)
        return await self.status()

    async def reaches(self, step: int) -> None:
        """Fails when the training ends before."""

        async def is_there() -> bool:
            assert (await self.status()).state == "running"
            return any(point.step >= step for point in PointLog(self.folder).read())

        await eventually(is_there, seconds=SECONDS)

    async def stages(self, *, until: int) -> list[tuple[str, int]]:
        """Starts it, and gives each stage with the step that it was first seen at, up to a step."""
        told: list[tuple[str, int]] = []

        async def is_there() -> bool:
            status = await self.status()
            assert status.state == "running", status
            if not told or told[-1][0] != status.stage:
                told.append((status.stage, status.done))
            return status.done >= until

        await self.start()
        await eventually(is_there, seconds=SECONDS)
        return told

    async def result(self) -> TrainingStatus:
        """Of a training that succeeds."""
        await self.start()
        status = await self.ended()
        assert status.error is None
        return status

    def curve(self, name: str = "train_loss") -> dict[int, float]:
        """By step; fails where a step is there twice."""
        points = [point for point in PointLog(self.folder).read() if point.name == name]
        found = {point.step: point.value for point in points}
        assert len(found) == len(points)
        return found


@dataclass(frozen=True)
class Whole:
    """A base model, and a training of it that nothing interrupted."""

    base: Path
    training: Training
    status: TrainingStatus


def child_processes(task: str) -> list[psutil.Process]:
    """Of trainings of this process by this module."""
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if one.is_running() and any(task in part for part in one.cmdline())
    ]


@contextmanager
def small_volume(folder: Path, *, megabytes: int) -> Iterator[None]:
    folder.mkdir(parents=True)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("a small volume cannot be mounted here: that needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    """Takes all the room that is left."""
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(bytes(MIB // 4))
        except OSError:
            pass
