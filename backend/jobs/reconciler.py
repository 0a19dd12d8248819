"""Brings job rows and DBOS's workflows back together after what neither could foresee."""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

from backend.db.engine import Database
from backend.jobs.base import queue_of
from backend.jobs.execution import UnexpectedFailure
from backend.jobs.queue import DurableQueue, WorkflowState
from backend.jobs.rows import JobRows, patiently, problem_of
from backend.repositories.jobs import Attempt, JobLedger, Unfinished

BATCH: Final = 500
_GOES_ON: Final = frozenset({"PENDING", "ENQUEUED", "DELAYED"})
_REASONS: Final = {
    "ERROR": "the job could not be run; its id finds the reason in the log",
    "SUCCESS": "the job ended without a result; retry it",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "the job was interrupted too often; retry it",
}

log = logging.getLogger(__name__)


class Reconciler:
    """`executor_is_gone(id)` tells whether the process that took a workflow last no longer runs."""

    def __init__(self, database: Database, queue: DurableQueue, executor_is_gone: Callable[[str | None], bool]) -> None:
        self._database = database
        self._rows = JobRows(database)
        self._queue = queue
        self._executor_is_gone = executor_is_gone

    async def reconcile(self) -> None:
        """Ends the rows of workflows that ended without them, or that DBOS does not know."""
        async for unfinished, states in self._batches():
            for job in unfinished:
                state = states.get(job.attempt)
                if state is None or state.status not in _GOES_ON:
                    await self._end(job.attempt, None if state is None else state.status)

    async def renew_old_versions(self) -> None:
        """Starts those unfinished jobs over whose order of steps is an older one and which nobody runs."""
        async for unfinished, states in self._batches():
            for job in unfinished:
                state = states.get(job.attempt)
                if job.version != self._queue.version and (state is None or self._executor_is_gone(state.executor_id)):
                    await self._renew(job.attempt)

    async def _batches(self) -> AsyncIterator[tuple[list[Unfinished], dict[Attempt, WorkflowState]]]:
        """Rows are read before states: what a row's attempt did since then is fenced by its number and status."""
        after = None
        while True:
            async with self._database.read() as session:
                batch = await JobLedger(session).unfinished(after=after, limit=BATCH)
            if not batch:
                return
            yield batch, await self._queue.states([job.attempt for job in batch])
            after = batch[-1].attempt.job_id

    async def _end(self, attempt: Attempt, state: str | None) -> None:
        if state == "CANCELLED":
            await self._rows.cancel(attempt)
            return
        reason = UnexpectedFailure(_REASONS.get(state or "", "the job's start was lost; retry it"))
        log.warning("job ended from outside", extra={"code": reason.code, "job_id": str(attempt.job_id)})
        await self._rows.fail(attempt, problem_of(reason, attempt))

    async def _renew(self, attempt: Attempt) -> None:
        async def work() -> bool:
            async with self._database.write() as session:
                ledger = JobLedger(session)
                following = await ledger.take_over(attempt, self._queue.version)
                if following is not None:
                    payload = await ledger.payload(attempt.job_id)
                    await self._queue.enqueue(session, following, queue_of(payload))
                return following is not None

        if await patiently(work):
            await self._queue.cancel(attempt)
