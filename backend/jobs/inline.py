"""The `JobRunner` of tests and demos: a job runs on the caller's event loop after its commit, and not after a crash."""

import asyncio
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from backend.db.tx import Tx
from backend.jobs.base import JobRequest, Workflow
from backend.jobs.context import forgetful
from backend.jobs.execution import Executor
from backend.jobs.rows import JobRows
from backend.jobs.runner import new_job
from backend.repositories.jobs import Attempt, JobRepository
from backend.repositories.uow import UnitOfWork
from contracts.jobs import JobKind

VERSION: Final = "inline"


class InlineRunner:
    """`workflows` is read when a job starts, so it may be filled after the services that submit jobs exist."""

    def __init__(self, uow: UnitOfWork, workflows: Mapping[JobKind, Workflow]) -> None:
        self._uow = uow
        self._executor = Executor(JobRows(uow.database), workflows, forgetful)
        self._tasks: set[asyncio.Task[None]] = set()
        self._hurry = asyncio.Event()

    async def submit(self, tx: Tx, request: JobRequest) -> UUID:
        jobs = JobRepository(tx.session, tx.workspace_id)
        if request.id is not None and await jobs.find(request.id) is not None:
            return request.id
        job = new_job(request, tx.workspace_id, VERSION)
        await jobs.add(job)
        tx.after_commit(lambda: self._start(Attempt(job.id, 1), request.delay))
        return job.id

    async def cancel(self, workspace_id: UUID, job_id: UUID) -> None:
        async with self._uow(workspace_id) as tx:
            await tx.jobs.request_cancel(job_id)
        await self._executor.cancel_unwanted()

    async def retry(self, workspace_id: UUID, job_id: UUID) -> None:
        async with self._uow(workspace_id) as tx:
            attempt = await tx.jobs.begin_attempt(job_id, VERSION)
            tx.after_commit(lambda: self._start(attempt, 0.0))

    async def drain(self) -> None:
        """Returns when no job is left, those included that running ones submit. Delayed jobs start now."""
        self._hurry.set()
        try:
            while self._tasks:
                await asyncio.wait(self._tasks)
        finally:
            self._hurry.clear()

    async def aclose(self) -> None:
        """Cancels what runs; those jobs stay running in their rows."""
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _start(self, attempt: Attempt, delay: float) -> None:
        task = asyncio.create_task(self._run(attempt, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, attempt: Attempt, delay: float) -> None:
        if delay > 0:
            try:
                async with asyncio.timeout(delay):
                    await self._hurry.wait()
            except TimeoutError:
                pass
        await self._executor.run(attempt)
