"""A runner's short transactions on job rows. A busy database is waited out: no caller waits for an answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue

from backend.db.engine import Database
from backend.db.models import Job
from backend.errors import DatabaseBusy, NexusError
from backend.repositories.jobs import Attempt, JobLedger, Progress
from contracts.jobs import JobStatus
from contracts.problem import Problem

T = TypeVar("T")

PATIENCE = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between the tries, each of which waits for the database's own busy timeout."""

log = logging.getLogger(__name__)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """The result of `work`, tried again while the database is busy. It must be safe to repeat."""
    for pause in PATIENCE:
        try:
            return await work()
        except DatabaseBusy as exc:
            log.warning("a job waits for the database", extra={"code": exc.code})
            await asyncio.sleep(pause)
    return await work()


@dataclass(frozen=True, slots=True)
class Started:
    job: Job
    payload: Mapping[str, JsonValue]


class JobRows:
    """What an attempt reads and writes of its own row; bound to the database's event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[JobLedger]:
        async with self._database.write() as session:
            yield JobLedger(session)

    async def start(self, attempt: Attempt) -> Started | None:
        """The job, now running, or None when this attempt must not run: it has ended, is stale or was cancelled."""

        async def work() -> Started | None:
            async with self._writing() as ledger:
                job = await ledger.start(attempt)
                if job is not None:
                    return Started(job, await ledger.payload(job.id))
                await ledger.settle_cancelled(attempt)
                return None

        return await patiently(work)

    async def succeed(self, attempt: Attempt, result: dict[str, object]) -> None:
        await self._finish(attempt, JobStatus.SUCCEEDED, result=result)

    async def cancel(self, attempt: Attempt, said: Problem | None = None) -> None:
        """`said` is what people should know of it."""
        await self._finish(attempt, JobStatus.CANCELLED, error=said)

    async def fail(self, attempt: Attempt, problem: Problem) -> None:
        await self._finish(attempt, JobStatus.FAILED, error=problem)

    async def _finish(
        self,
        attempt: Attempt,
        status: JobStatus,
        *,
        result: dict[str, object] | None = None,
        error: Problem | None = None,
    ) -> None:
        async def work() -> None:
            async with self._writing() as ledger:
                await ledger.finish(attempt, status, result=result, error=error)

        await patiently(work)

    async def note(self, attempt: Attempt, progress: Progress) -> None:
        """Best effort: progress that cannot be written now is left out."""
        try:
            async with self._writing() as ledger:
                await ledger.note(attempt, progress)
        except DatabaseBusy:
            return

    async def still_wanted(self, attempts: Sequence[Attempt]) -> set[Attempt]:
        async def work() -> set[Attempt]:
            async with self._database.read() as session:
                return await JobLedger(session).still_wanted(attempts)

        return await patiently(work)


def problem_of(error: NexusError, attempt: Attempt) -> Problem:
    """The failure as the job row keeps it; the job's id finds it in the log."""
    return Problem(
        title=error.title,
        status=error.status,
        detail=str(error) or error.title,
        code=error.code,
        request_id=str(attempt.job_id),
        retryable=error.retryable,
    )
