"""A collection follows the review."""

from pydantic import BaseModel

from backend.jobs.base import JobContext, JsonObject
from backend.services.afterwards import Afterwards
from backend.services.indexing import CollectionIndexer
from backend.services.sync import SyncPayload


class Synced(BaseModel):
    items: int


class SyncCollection:
    """One step: what is left to do is in the database, so a repeated step goes on where the first one stopped."""

    def __init__(self, indexer: CollectionIndexer, afterwards: Afterwards) -> None:
        self._indexer = indexer
        self._afterwards = afterwards

    async def __call__(self, context: JobContext, payload: SyncPayload) -> JsonObject:
        synced = await context.step("sync", Synced, lambda: self._sync(context, payload))
        return {"collection_id": str(payload.collection_id), "items": synced.items}

    async def _sync(self, context: JobContext, payload: SyncPayload) -> Synced:
        async def report(done: int, left: int) -> None:
            total = done + left
            await context.progress("indexing", done=done, total=total, overall=done / total if total else 1.0)

        items = await self._indexer.run(context.workspace_id, payload.collection_id, report)
        await self._afterwards.follow(context.workspace_id, payload.collection_id)
        return Synced(items=items)
