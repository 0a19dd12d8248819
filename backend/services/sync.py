"""Collections follow the review: every change of their sources is noted in its own transaction and synced once."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from backend.db.models import Collection
from backend.jobs.base import JobRequest, JobRunner
from backend.repositories.uow import Tx
from contracts.jobs import JobStatus

DEBOUNCE: Final = 0.3
"""Seconds a sync waits, so that a burst of approvals becomes one job."""


class SyncPayload(BaseModel):
    collection_id: UUID


class CollectionSync:
    """Notes changes and sees to it that one sync job follows, at most one a collection."""

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner

    async def note(self, tx: Tx, refs: Sequence[UUID]) -> None:
        """Something happened to these FAQs or documents."""
        for collection in await tx.collections.drawing_on(list(dict.fromkeys(refs))):
            await self.note_collection(tx, collection)

    async def note_document(self, tx: Tx, document_id: UUID) -> None:
        """Something happened to this document and its FAQs."""
        for collection in await tx.collections.drawing_on_document(document_id):
            await self.note_collection(tx, collection)

    async def note_collection(self, tx: Tx, collection: Collection) -> None:
        await tx.collections.note_change(collection.id)
        if collection.sync == "auto":
            await self.ensure_job(tx, collection, delay=DEBOUNCE)

    async def ensure_job(self, tx: Tx, collection: Collection, *, delay: float = 0.0) -> UUID:
        """The running sync job of the collection, or a new one.

        A sync ends by checking, in one transaction, that nothing changed since it looked; so a change noted while it
        runs is never left out.
        """
        if collection.job_id is not None:
            job = await tx.jobs.find(collection.job_id)
            if job is not None and not JobStatus(job.status).is_final:
                return collection.job_id
        job_id = await self._runner.submit(
            tx,
            JobRequest(
                kind="sync_collection",
                payload=SyncPayload(collection_id=collection.id),
                title=collection.name,
                collection_id=collection.id,
                delay=delay,
            ),
        )
        await tx.collections.set_job(collection.id, job_id)
        collection.job_id = job_id
        return job_id
