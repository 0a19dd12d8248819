"""What a workspace sees and does with its long tasks."""

from datetime import datetime
from uuid import UUID

from backend.errors import Conflict, NotFound
from backend.jobs.base import JobRunner
from backend.repositories.drafting import KIND as DRAFTING
from backend.repositories.jobs import JobFilter
from backend.repositories.paging import Slice
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal
from contracts.jobs import Job, JobCounts, JobKind, JobOrder
from contracts.page import Page


class JobService:
    """Every method raises `NotFound` for a job of another workspace, as for one that does not exist."""

    def __init__(self, uow: UnitOfWork, runner: JobRunner) -> None:
        self._uow = uow
        self._runner = runner

    async def get(self, principal: Principal, job_id: UUID) -> Job:
        async with self._uow.read(principal.workspace_id) as tx:
            return await tx.jobs.get(job_id)

    async def page(
        self, principal: Principal, wanted: JobFilter, slice_: Slice, *, order: JobOrder = "newest"
    ) -> Page[Job]:
        async with self._uow.read(principal.workspace_id) as tx:
            return await tx.jobs.list(wanted, slice_, order=order)

    async def counts(self, principal: Principal, kind: JobKind | None, since: datetime | None) -> JobCounts:
        """What goes on, and what ended at `since` or later; without `since`, beside what goes on."""
        async with self._uow.read(principal.workspace_id) as tx:
            return await tx.jobs.work(JobFilter(kind=kind), since)

    async def check(self, principal: Principal, wanted: JobFilter) -> None:
        """Raises `NotFound` for a document or collection that never was here; one that was deleted still has jobs."""
        async with self._uow.read(principal.workspace_id) as tx:
            document_id, collection_id = wanted.document_id, wanted.collection_id
            if document_id is not None:
                jobs = await tx.jobs.list(JobFilter(document_id=document_id), Slice(1))
                if not jobs.items:
                    await tx.documents.get(document_id)
            if collection_id is not None:
                jobs = await tx.jobs.list(JobFilter(collection_id=collection_id), Slice(1))
                if not jobs.items:
                    await tx.collections.get(collection_id)

    async def cancel(self, principal: Principal, job_id: UUID) -> Job:
        """The job, cancelled or soon to be. Raises `Conflict` when it has already ended."""
        await self._runner.cancel(principal.workspace_id, job_id)
        return await self.get(principal, job_id)

    async def retry(self, principal: Principal, job_id: UUID) -> Job:
        """The job, pending again. Raises `Conflict` unless it failed or was cancelled, and its subject still exists.

        Also while another job drafts from the same document.
        """
        async with self._uow.read(principal.workspace_id) as tx:
            row = await tx.jobs.row(job_id)
            try:
                if row.document_id is not None:
                    await tx.documents.get(row.document_id)
                if row.collection_id is not None:
                    await tx.collections.get(row.collection_id)
            except NotFound as exc:
                raise Conflict(f"what the job {str(job_id)!r} worked on was deleted: {exc}") from None
            if row.kind == DRAFTING and row.document_id is not None:
                other = await tx.jobs.unfinished(DRAFTING, document_id=row.document_id)
                if other is not None and other != job_id:
                    raise Conflict(f"the job {str(other)!r} drafts from this document; cancel it, or wait for its end")
        await self._runner.retry(principal.workspace_id, job_id)
        return await self.get(principal, job_id)
