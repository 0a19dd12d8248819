"""A model is trained on a dataset: prepare, train, register."""

from typing import Final

from backend.jobs.base import JobContext, JsonObject
from backend.services.finetune_run import Ended, FinetuneRun, Prepared, Registered
from backend.services.finetuning import TrainPayload

PREPARED: Final = 0.3
"""Where training begins in the whole."""


class Finetune:
    def __init__(self, run: FinetuneRun) -> None:
        self._run = run

    async def __call__(self, context: JobContext, payload: TrainPayload) -> JsonObject:  # noqa: ARG002 - the id says all
        workspace_id, training_id = context.workspace_id, context.job_id
        reached = 0.0

        async def report(stage: str, done: int, total: int, start: float, end: float, *, message: str = "") -> None:
            nonlocal reached
            await context.raise_if_cancelled()
            reached = max(reached, start + (end - start) * (done / total if total else 0.0))
            await context.progress(stage, done=done, total=total, overall=min(reached, 1.0), message=message)

        async def preparing(stage: str, done: int, total: int) -> None:
            await report(stage, done, total, 0.0, PREPARED)

        async def training(stage: str, done: int, total: int, message: str) -> None:
            await report(stage, done, total, PREPARED, 1.0, message=message)

        prepared = await context.step(
            "prepare", Prepared, lambda: self._run.prepare(workspace_id, training_id, preparing)
        )
        ended = await context.step(
            "train", Ended, lambda: self._run.train(workspace_id, training_id, prepared, training)
        )
        registered = await context.step(
            "register", Registered, lambda: self._run.register(workspace_id, training_id, prepared, ended)
        )
        return registered.model_dump(mode="json")
