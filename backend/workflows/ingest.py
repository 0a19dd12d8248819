"""Knowledge from another program: stored as approved, then indexed."""

from pydantic import BaseModel

from backend.jobs.base import JobContext, JsonObject
from backend.services.afterwards import Afterwards
from backend.services.collections import INGEST_BATCH, Ingestion, IngestPayload
from backend.services.indexing import CollectionIndexer


class Stored(BaseModel):
    faqs: int


class Indexed(BaseModel):
    items: int


class IngestKnowledge:
    """Two steps. Each may be repeated; the job has succeeded when everything can be found."""

    def __init__(self, ingestion: Ingestion, indexer: CollectionIndexer, afterwards: Afterwards) -> None:
        self._ingestion = ingestion
        self._indexer = indexer
        self._afterwards = afterwards

    async def __call__(self, context: JobContext, payload: IngestPayload) -> JsonObject:
        stored = await context.step("store", Stored, lambda: self._store(context, payload))
        indexed = await context.step("index", Indexed, lambda: self._index(context, payload))
        return {"collection_id": str(payload.collection_id), "faqs": stored.faqs, "items": indexed.items}

    async def _store(self, context: JobContext, payload: IngestPayload) -> Stored:
        total = len(payload.faqs)
        for first in range(0, total, INGEST_BATCH):
            await context.raise_if_cancelled()
            batch = payload.faqs[first : first + INGEST_BATCH]
            await self._ingestion.store_faqs(
                context.workspace_id, context.job_id, payload.collection_id, batch, first=first
            )
            done = first + len(batch)
            await context.progress("storing", done=done, total=total, overall=0.3 * done / total)
        await self._ingestion.add_sources(context.workspace_id, payload)
        return Stored(faqs=total)

    async def _index(self, context: JobContext, payload: IngestPayload) -> Indexed:
        async def report(done: int, left: int) -> None:
            total = done + left
            share = done / total if total else 1.0
            await context.progress("indexing", done=done, total=total, overall=0.3 + 0.7 * share)

        items = await self._indexer.run(context.workspace_id, payload.collection_id, report)
        await self._afterwards.follow(context.workspace_id, payload.collection_id)
        return Indexed(items=items)
