"""All questions of a batch to all targets: ask, judge, conclude."""

from collections.abc import Awaitable, Callable
from typing import Final

from pydantic import BaseModel

from backend.jobs.base import JobContext, JsonObject
from backend.services.batch_asking import BatchAsking
from backend.services.batch_questions import BatchGone
from backend.services.batch_results import BatchMeasuring
from backend.services.batches import ComparePayload
from backend.services.judging import BatchJudging
from backend.services.progress import Progress

ASKED: Final = 0.6
JUDGED: Final = 0.98
"""Where asking and judging end in the whole."""


class Nothing(BaseModel):
    """A step whose outcome is in the tables."""


class Concluded(BaseModel):
    """The job's result. `failures` are lanes without an answer, `judge_failures` pairs without a saying."""

    failures: int
    judge_failures: int


class CompareBatch:
    def __init__(self, asking: BatchAsking, judging: BatchJudging, measuring: BatchMeasuring) -> None:
        self._asking = asking
        self._judging = judging
        self._measuring = measuring

    async def __call__(self, context: JobContext, payload: ComparePayload) -> JsonObject:
        workspace_id, batch_id = context.workspace_id, context.job_id
        asked = ASKED if payload.has_judge else JUDGED
        reached = 0.0

        def report(start: float, end: float) -> Progress:
            async def reported(stage: str, done: int, total: int) -> None:
                nonlocal reached
                await context.raise_if_cancelled()
                reached = max(reached, start + (end - start) * (done / total if total else 1.0))
                await context.progress(stage, done=done, total=total, overall=reached)

            return reported

        async def conclude() -> Concluded:
            results = await self._measuring.conclude(workspace_id, batch_id)
            return Concluded(failures=sum(results.failures.values()), judge_failures=results.judge_failures)

        async def told(work: Callable[[], Awaitable[object]]) -> Nothing:
            """Leaves the reason in the job's message where what it works on is gone."""
            try:
                await work()
            except BatchGone as exc:
                await context.progress("stopped", done=0, total=0, overall=reached, message=str(exc))
                raise
            return Nothing()

        await context.step(
            "ask", Nothing, lambda: told(lambda: self._asking.ask(workspace_id, batch_id, report(0.0, asked)))
        )
        await context.step(
            "judge", Nothing, lambda: told(lambda: self._judging.judge(workspace_id, batch_id, report(asked, JUDGED)))
        )
        await context.progress("measuring", done=0, total=1, overall=JUDGED)
        concluded = await context.step("conclude", Concluded, conclude)
        return concluded.model_dump(mode="json")
