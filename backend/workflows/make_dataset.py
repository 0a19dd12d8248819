"""Approved FAQs become a frozen dataset."""

from typing import Final

from backend.jobs.base import JobContext, JsonObject
from backend.services.dataset_making import DatasetMaking, Made, Stage
from backend.services.datasets import MakePayload

SHARES: Final[dict[Stage, tuple[float, float]]] = {
    "collecting": (0.0, 0.1),
    "embedding": (0.1, 0.5),
    "rewording": (0.5, 0.8),
    "checking": (0.8, 0.9),
    "storing": (0.9, 1.0),
}
"""Where each stage lies in the whole."""


class MakeDataset:
    def __init__(self, making: DatasetMaking) -> None:
        self._making = making

    async def __call__(self, context: JobContext, payload: MakePayload) -> JsonObject:
        reached = 0.0

        async def report(stage: Stage, done: int, total: int) -> None:
            nonlocal reached
            await context.raise_if_cancelled()
            start, end = SHARES[stage]
            reached = max(reached, start + (end - start) * (done / total if total else 0.0))
            await context.progress(stage, done=done, total=total, overall=reached)

        made = await context.step(
            "make", Made, lambda: self._making.make(context.workspace_id, payload.dataset_id, report)
        )
        return made.model_dump(mode="json")
