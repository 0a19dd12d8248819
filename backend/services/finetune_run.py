"""The steps of a `finetune` job: prepare, train, register. Each may be repeated; training goes on where it was."""

import asyncio
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID, uuid5

from pydantic import BaseModel, JsonValue

from backend.db.finetuning import Training
from backend.errors import ChildFailed, JobCancelled, NexusError, StorageFull
from backend.finetuning import MAKES
from backend.finetuning.base import (
    ENDED,
    NOTICE,
    SPEC_KEY,
    PointLog,
    Trainer,
    TrainingOrder,
    TrainingResult,
    TrainingStatus,
)
from backend.finetuning.files import verify
from backend.repositories.uow import UnitOfWork
from backend.services.progress import Following, Progress
from backend.services.training_folders import run_folder
from backend.tracing.track import track

POLL: Final = 0.2
"""Seconds between two looks at a training."""
AGAIN: Final = 2
"""Times that a training is started again after a failure that may pass."""
STORED: Final = 500
FREE: Final = 200 * 1024 * 1024
"""Bytes of disk that must be left before a training begins."""


class Preparation(Protocol):
    """Writes what a method reads into a training's folder; gives parameters for the trainer beside those chosen."""

    async def prepare(self, training: Training, folder: Path, progress: Progress) -> dict[str, JsonValue]: ...


class Prepared(BaseModel):
    """What the trainer is given beside the training's own parameters."""

    parameters: dict[str, JsonValue]


class Ended(BaseModel):
    result: TrainingResult


class Registered(BaseModel):
    model_id: UUID
    name: str


class FinetuneRun:
    """`trainers` gives the trainer of a method, one an event loop; `root` is where the folders of trainings are."""

    def __init__(
        self,
        uow: UnitOfWork,
        trainers: Callable[[str], Trainer],
        preparations: Mapping[str, Preparation],
        *,
        root: Path,
    ) -> None:
        self._uow = uow
        self._trainers = trainers
        self._preparations = preparations
        self._root = root

    @track("finetune.prepare")
    async def prepare(self, workspace_id: UUID, training_id: UUID, progress: Progress) -> Prepared:
        """Raises `StorageFull`, and what the preparation raises."""
        training = await self._training(workspace_id, training_id)
        folder = run_folder(self._root, training)
        await asyncio.to_thread(_make, folder)
        preparation = self._preparations[MAKES[training.method]]
        return Prepared(parameters=await preparation.prepare(training, folder, progress))

    @track("finetune.train")
    async def train(self, workspace_id: UUID, training_id: UUID, prepared: Prepared, progress: Following) -> Ended:
        """Raises what made the training fail, once starting it again did not help."""
        training = await self._training(workspace_id, training_id)
        trainer = self._trainers(training.method)
        given = {**training.parameters, **prepared.parameters}
        order = TrainingOrder(run_folder(self._root, training), training.base_model, given)
        handle = await self._begin(trainer, order, training)
        try:
            return await self._follow(trainer, order, handle, training, progress)
        except asyncio.CancelledError:
            if not await self._is_unwanted(training):  # this process ends, the training does not
                raise
            await trainer.cancel(order, handle)
            raise _cancelled(await trainer.status(order, handle)) from None

    async def _follow(
        self, trainer: Trainer, order: TrainingOrder, handle: str, training: Training, progress: Following
    ) -> Ended:
        failures, stored, reached = 0, 0, 0
        while True:
            status = await trainer.status(order, handle)
            stored = await self._store_points(training, order, stored)
            if status.state == "succeeded" and status.result is not None:
                await self._forget_abandoned(training, order)
                return Ended(result=status.result)
            if status.state == "failed":
                error = status.error or NexusError("the training failed without a reason")
                if failures == AGAIN or not _may_pass(error, is_further=stored > reached):
                    raise error
                failures, reached = failures + 1, stored
            if status.state == "cancelled":
                raise _cancelled(status)
            if status.state != "running":
                handle, stored = await self._begin(trainer, order, training), 0
            await self._reported(trainer, order, handle, status, progress)
            await asyncio.sleep(POLL)

    async def _begin(self, trainer: Trainer, order: TrainingOrder, training: Training) -> str:
        handle = await trainer.start(order)
        async with self._uow(training.workspace_id) as tx:
            await tx.tuning.set_handle(training.id, handle)
        return handle

    async def _reported(
        self, trainer: Trainer, order: TrainingOrder, handle: str, status: TrainingStatus, progress: Following
    ) -> None:
        """The trainer stops before a cancellation of the job goes on."""
        try:
            notice = str(order.parameters.get(NOTICE, ""))
            await progress(status.stage, status.done, status.total, status.message or notice)
        except JobCancelled:
            await trainer.cancel(order, handle)
            raise _cancelled(await trainer.status(order, handle)) from None

    async def _store_points(self, training: Training, order: TrainingOrder, stored: int) -> int:
        """What is new of the curves; how many points are stored by now."""
        new = await asyncio.to_thread(lambda: list(PointLog(order.folder).read(skip=stored)))
        for first in range(0, len(new), STORED):
            async with self._uow(training.workspace_id) as tx:
                await tx.tuning.put_points(training.id, [one.model_dump() for one in new[first : first + STORED]])
        return stored + len(new)

    async def _forget_abandoned(self, training: Training, order: TrainingOrder) -> None:
        """Points of an attempt that came further than the one that succeeded."""
        steps = await asyncio.to_thread(lambda: [point.step for point in PointLog(order.folder).read()])
        async with self._uow(training.workspace_id) as tx:
            await tx.tuning.forget_points(training.id, after_step=max(steps, default=-1))

    @track("finetune.register")
    async def register(self, workspace_id: UUID, training_id: UUID, prepared: Prepared, ended: Ended) -> Registered:
        """Raises `UnusableModel` for files that are not what was trained, `JobCancelled` where that was asked for."""
        training = await self._training(workspace_id, training_id)
        result = ended.result
        await asyncio.to_thread(verify, run_folder(self._root, training), result.files)
        model_id = uuid5(training.id, "model")
        values = {
            "id": model_id,
            "training_id": training.id,
            "dataset_id": training.dataset_id,
            "collection_id": training.collection_id,
            "name": training.name,
            "method": training.method,
            "base_model": training.base_model,
            "parameters": training.parameters,
            "metrics": result.metrics,
            "notes": result.notes,
            "files": {"items": [file.model_dump() for file in result.files]},
            "remote_id": result.remote_id,
            "spec_key": prepared.parameters.get(SPEC_KEY),
            "author": training.author,
        }
        registered = Registered(model_id=model_id, name=training.name)
        async with self._uow(workspace_id) as tx:
            await tx.jobs.keep_result(training.id, registered.model_dump(mode="json"))
            await tx.tuning.register(values)
        return registered

    async def _is_unwanted(self, training: Training) -> bool:
        async with self._uow.read(training.workspace_id) as tx:
            return await tx.jobs.is_unwanted(training.id)

    async def _training(self, workspace_id: UUID, training_id: UUID) -> Training:
        async with self._uow.read(workspace_id) as tx:
            return await tx.tuning.training(training_id)


def _cancelled(status: TrainingStatus) -> JobCancelled:
    """With what the trainer says of it."""
    return status.error if isinstance(status.error, JobCancelled) else JobCancelled("the training was cancelled")


def _may_pass(error: NexusError, *, is_further: bool) -> bool:
    """A full disk stays full. A child that was killed goes on where it has learnt something more than the one before:
    one that the system kills for its memory is killed at the same place again."""
    if isinstance(error, StorageFull):
        return False
    return error.retryable and (is_further or not isinstance(error, ChildFailed))


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / ENDED).unlink(missing_ok=True)  # of the attempt before
    free = shutil.disk_usage(folder).free
    if free < FREE:
        raise StorageFull(
            f"{free // 1024**2} MB of disk are free, and a training needs {FREE // 1024**2} MB; free some and try again"
        )
