"""Training in a limited child process of this machine: its folder tells how far it is, whoever asks."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel

from backend.errors import NexusError, TrainingOutOfMemory
from backend.finetuning.base import TrainingOrder, TrainingStatus, read_result
from backend.jobs.children import UNLIMITED, ChildLimits, ChildProgress, Children, LimitReached

DAYS: Final = 24 * 3600
LONG: Final = ChildLimits(
    cpu_seconds=365 * DAYS,
    wall_seconds=30.0 * DAYS,
    memory_bytes=UNLIMITED,
    output_bytes=UNLIMITED,
    threads=os.cpu_count() or 1,
)
"""Of training by torch. A GPU's driver reserves address space without end, and checkpoints are large: the task
measures both before it begins, and without a GPU limits its memory itself."""


@dataclass(slots=True)
class Heard:
    """What a child told. It tells a `total` of None while it loads, 0 while it measures what it loaded; `first` is what
    was done when it began to count."""

    is_there: bool = False
    done: int = 0
    total: int | None = None
    first: int = 0

    def hear(self, told: ChildProgress) -> None:
        if not self.total:
            self.first = told.done
        self.is_there, self.done, self.total = True, told.done, told.total


def training(heard: Heard) -> str:  # noqa: ARG001 - it does nothing else
    """The stage of what begins at once and counts epochs."""
    return "training"


def learning(heard: Heard) -> str:
    """The stage of what loads a model, measures it, and then counts steps: from a checkpoint on where there is one."""
    if not heard.is_there:
        return "waiting"
    if heard.total is None:
        return "loading"
    if heard.total == 0:
        return "measuring"
    return "resuming" if heard.done == heard.first > 0 else "learning"


@dataclass(frozen=True, slots=True)
class _Running:
    task: asyncio.Task[None]
    heard: Heard


@dataclass
class ChildTrainer:
    """Implements `Trainer`. `task` is the module that the child runs, `arguments` what it is given; `stage` names what
    it does by what it told.

    The handle is the name of the run's folder. Of a training that another process began, whose child died with it,
    the status is `lost`; to start it once more goes on with it.
    """

    children: Children
    task: str
    arguments: Callable[[TrainingOrder], BaseModel]
    limits: ChildLimits
    stage: Callable[[Heard], str] = training
    _running: dict[str, _Running] = field(default_factory=dict)

    async def start(self, order: TrainingOrder) -> str:
        handle = order.folder.name
        known = self._running.get(handle)
        if (known is None or known.task.done()) and read_result(order.folder) is None:
            heard = Heard()
            self._running[handle] = _Running(asyncio.create_task(self._run(order, heard)), heard)
        return handle

    async def status(self, order: TrainingOrder, handle: str) -> TrainingStatus:
        running = self._running.get(handle)
        if running is not None and not running.task.done():
            heard = running.heard
            return TrainingStatus("running", heard.done, heard.total or 0, self.stage(heard))
        result = await asyncio.to_thread(read_result, order.folder)
        if result is not None:
            return TrainingStatus("succeeded", result=result)
        if running is None:
            return TrainingStatus("lost")
        if running.task.cancelled():
            return TrainingStatus("cancelled")
        error = running.task.exception()
        if isinstance(error, NexusError):
            return TrainingStatus("failed", error=error)
        return TrainingStatus("failed", error=NexusError(f"the training ended without a result: {error!r}"))

    async def cancel(self, order: TrainingOrder, handle: str) -> None:  # noqa: ARG002 - the handle says it
        running = self._running.get(handle)
        if running is not None:
            running.task.cancel()
            with suppress(asyncio.CancelledError, NexusError):
                await running.task

    async def aclose(self) -> None:
        for running in self._running.values():
            running.task.cancel()
        await asyncio.gather(*(running.task for running in self._running.values()), return_exceptions=True)

    async def _run(self, order: TrainingOrder, heard: Heard) -> None:
        try:
            output = await self.children.run(
                self.task, self.arguments(order), limits=self.limits, on_progress=heard.hear
            )
        except LimitReached as exc:
            if exc.limit == "memory":
                memory = self.limits.memory_bytes // 1024**3
                raise TrainingOutOfMemory(
                    f"training needs more than its {memory} GB of memory; lower batch, or choose a smaller base model"
                ) from exc
            raise
        output.close()
