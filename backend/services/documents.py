"""Documents after they were accepted."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from backend.db.models import Document
from backend.errors import Conflict
from backend.files import FileStore
from backend.jobs.base import JobRunner
from backend.repositories.paging import Slice
from backend.repositories.removal import KeptFaqs
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.sync import CollectionSync
from backend.tracing.track import track
from contracts import documents as wire
from contracts.jobs import JobStatus
from contracts.page import Page


class DocumentService:
    def __init__(self, uow: UnitOfWork, runner: JobRunner, files: FileStore, sync: CollectionSync) -> None:
        self._uow = uow
        self._runner = runner
        self._files = files
        self._sync = sync

    async def page(
        self, principal: Principal, slice_: Slice, *, text: str | None = None, sort: wire.DocumentSort = "newest"
    ) -> Page[wire.Document]:
        """Those with `text`, as written, in their name or title."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.documents.page(slice_, text=text, sort=sort)
            return Page(items=await _to_wire(tx, rows), next_cursor=cursor)

    async def get(self, principal: Principal, document_id: UUID) -> wire.Document:
        async with self._uow.read(principal.workspace_id) as tx:
            return (await _to_wire(tx, [await tx.documents.get(document_id)]))[0]

    async def passage(self, principal: Principal, passage_id: UUID) -> wire.SourceText:
        async with self._uow.read(principal.workspace_id) as tx:
            passage, section, document = await tx.documents.passage(passage_id)
        return wire.SourceText(
            document_id=document.id,
            document_name=document.name,
            section=" > ".join(section.title_path),
            page=passage.page,
            anchor=section.anchor,
            text=section.text,
            start=passage.start,
            end=passage.end,
        )

    @track("documents.delete")
    async def delete(self, principal: Principal, document_id: UUID, *, faqs: KeptFaqs) -> None:
        """Takes its running jobs, passages and drafts along; approved FAQs stay when `faqs` is keep."""
        async with self._uow.read(principal.workspace_id) as tx:
            await tx.documents.get(document_id)
            jobs = await tx.drafting.unfinished_jobs(document_id)
        for job_id in jobs:
            await self._cancel(principal, job_id)
        async with self._uow(principal.workspace_id) as tx:
            await tx.removal.begin(await tx.documents.get(document_id), faqs=faqs)
        await self._remove(principal.workspace_id, document_id)

    async def finish_removals(self) -> None:
        """Ends what a stop of the process interrupted."""
        async with self._uow.read_all_workspaces() as everything:
            workspaces = [row.id for row in await everything.all()]
        for workspace_id in workspaces:
            async with self._uow.read(workspace_id) as tx:
                begun = await tx.removal.begun()
            for document_id in begun:
                await self._remove(workspace_id, document_id)

    async def _remove(self, workspace_id: UUID, document_id: UUID) -> None:
        is_left = True
        while is_left:
            async with self._uow(workspace_id) as tx:
                await self._sync.note_document(tx, document_id)
                is_left = await tx.removal.step(document_id)
        self._files.delete(workspace_id, document_id)

    async def sweep_files(self, *, since: float = 0.0) -> int:
        """Removes files without a document, which a kill between the two leaves. Only at start, before any upload.

        Files stored before `since` stay: after a restore they may belong to the database that was replaced.
        """
        stored: dict[UUID, list[UUID]] = {}
        for workspace_id, document_id in await asyncio.to_thread(lambda: list(self._files.all(since=since))):
            stored.setdefault(workspace_id, []).append(document_id)
        removed = 0
        for workspace_id, document_ids in stored.items():
            async with self._uow.read(workspace_id) as tx:
                known = await tx.documents.existing(document_ids)
            for document_id in set(document_ids) - known:
                self._files.delete(workspace_id, document_id)
                removed += 1
        return removed

    async def _cancel(self, principal: Principal, job_id: UUID) -> None:
        try:
            await self._runner.cancel(principal.workspace_id, job_id)
        except Conflict:
            return  # it has already ended


async def _to_wire(tx: Tx, rows: Sequence[Document]) -> list[wire.Document]:
    counts = await tx.documents.faq_counts([row.id for row in rows])
    jobs = await tx.jobs.statuses([row.job_id for row in rows if row.job_id is not None])
    return [
        wire.Document(
            id=row.id,
            name=row.name,
            title=row.title,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
            status=_status(row, jobs),
            version=row.version,
            pages=row.pages,
            sections=row.section_count,
            words=row.word_count,
            faqs=counts.get(row.id, 0),
            job_id=row.job_id,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _status(row: Document, jobs: Mapping[UUID, JobStatus]) -> wire.DocumentStatus:
    """A document that is not ready is what its job is."""
    if row.status == wire.DocumentStatus.READY or row.job_id is None:
        return wire.DocumentStatus(row.status)
    ended = {
        JobStatus.FAILED: wire.DocumentStatus.FAILED,
        JobStatus.CANCELLED: wire.DocumentStatus.CANCELLED,
    }
    return ended.get(jobs.get(row.job_id, JobStatus.PENDING), wire.DocumentStatus.PENDING)
