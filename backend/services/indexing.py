"""Brings a collection's points in line with its reviewed items, a batch at a time.

Every batch is one short transaction that can be repeated: what is left to do is always read from SQL, so a crash
or a second run at the same time neither loses nor doubles anything.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from backend.db.models import Collection
from backend.embeddings.base import Embedders, Vectors
from backend.errors import CollectionNotFound, JobCancelled, ModelSwitched, NotFound
from backend.repositories.point_log import collection_spec, embedding_spec, store_name
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.views import ViewText, faq_views, passage_views, point_id
from backend.vectors.base import Point, Source, Stores
from backend.vectors.keys import point_key

BATCH = 200
Report = Callable[[int, int], Awaitable[None]]
"""Awaited after each batch with (done, left)."""


@dataclass(frozen=True, slots=True)
class Item:
    """What one FAQ or passage puts into a collection."""

    id: UUID
    revision: int
    source: Source
    document_id: UUID | None
    views: Sequence[ViewText]


class CollectionIndexer:
    def __init__(self, uow: UnitOfWork, stores: Stores, embedders: Embedders) -> None:
        self._uow = uow
        self._stores = stores
        self._embedders = embedders
        self._adding = asyncio.Lock()

    async def run(self, workspace_id: UUID, collection_id: UUID, report: Report) -> int:
        """Works until nothing is left and nothing changed meanwhile. Returns how many items it wrote or removed.

        Raises `JobCancelled` when the collection is deleted meanwhile.
        """
        try:
            return await self._run(workspace_id, collection_id, report)
        except (NotFound, CollectionNotFound):
            async with self._uow.read(workspace_id) as tx:
                await still_there(tx, collection_id)
            raise

    async def _run(self, workspace_id: UUID, collection_id: UUID, report: Report) -> int:
        done = 0
        async with self._uow.read(workspace_id) as tx:
            collection = await tx.collections.get(collection_id)
        await self._stores(collection.store).create(collection_spec(collection))
        while True:
            async with self._uow.read(workspace_id) as tx:
                collection = await tx.collections.get(collection_id)
                left = await tx.collections.pending_changes(collection)
            await report(done, left)
            try:
                step = await self._remove_stale(collection)
                if not step:
                    async with self._adding:  # a second job would embed the same texts at the same time
                        step = await self._add_missing(collection)
            except ModelSwitched:
                continue
            done += step
            if step:
                continue
            async with self._uow(workspace_id) as tx:
                if await tx.collections.finish_sync(collection_id, changes=collection.changes):
                    break
        await report(done, 0)
        return done

    async def _remove_stale(self, collection: Collection) -> int:
        async with self._uow(collection.workspace_id) as tx:
            stale = await tx.collections.stale_points(collection, limit=BATCH * 2)
            if not stale:
                return 0
            seq = await tx.collections.next_seq(collection)
            await tx.collections.remove_points(collection.id, [point.key for point in stale], seq=seq)
        store = self._stores(collection.store)
        await store.delete(store_name(collection), ids=[point.point_id for point in stale])
        return len({point.item_id for point in stale})

    async def _add_missing(self, collection: Collection) -> int:
        items = await self._missing(collection)
        await self.put(collection, items)
        return len(items)

    async def put(self, collection: Collection, items: Sequence[Item]) -> int:
        """Embeds and stores items in one batch, at most a few hundred. Returns how many vectors they have.

        Raises `ModelSwitched` when the collection got another model since it was read, and the `VectorError` family.
        """
        if not items:
            return 0
        vectors = await self._vectors(collection, [view for item in items for view in item.views])
        views = [(item, view) for item in items for view in item.views]
        async with self._uow(collection.workspace_id) as tx:
            seq = await tx.collections.next_seq(collection)
            stored = {content: vector.astype("<f4").tobytes() for content, vector in vectors.items()}
            await tx.collections.put_embeddings(collection.spec["key"], stored)
            await tx.collections.put_points([_row(collection.id, item, view, seq) for item, view in views])
        points = [_point(collection, item, view, vectors[view.content_hash]) for item, view in views]
        await self._stores(collection.store).upsert(store_name(collection), points)
        return len(points)

    async def _missing(self, collection: Collection) -> list[Item]:
        async with self._uow.read(collection.workspace_id) as tx:
            faqs = await tx.collections.missing_faqs(collection, limit=BATCH)
            passages = await tx.collections.missing_passages(collection, limit=BATCH - len(faqs))
        items = [
            Item(faq.id, faq.revision, "faq", faq.document_id, faq_views(faq.question, faq.answer)) for faq in faqs
        ]
        for passage, section, _document in passages:
            views = passage_views(section.title_path, section.text[passage.start : passage.end])
            items.append(Item(passage.id, 1, "passage", passage.document_id, views))
        return items

    async def _vectors(self, collection: Collection, views: Sequence[ViewText]) -> dict[str, Vectors]:
        """Content hash -> vector; embeds only what the workspace has not embedded before."""
        texts = {view.content_hash: view.text for view in views}
        async with self._uow.read(collection.workspace_id) as tx:
            known = await tx.collections.vectors(collection.spec["key"], list(texts))
        found: dict[str, Vectors] = {key: np.frombuffer(value, dtype="<f4") for key, value in known.items()}
        fresh = [key for key in texts if key not in found]
        if fresh:
            embedder = await self._embedders.of(collection.workspace_id, embedding_spec(collection.spec))
            made = await embedder.embed([texts[key] for key in fresh], kind="document")
            found.update(zip(fresh, made, strict=True))
        return found


async def still_there(tx: Tx, collection_id: UUID) -> None:
    """Raises `JobCancelled` when the collection was deleted: nobody waits for the rest of the job."""
    try:
        await tx.collections.get(collection_id)
    except NotFound as exc:
        raise JobCancelled("the collection was deleted") from exc


def _point(collection: Collection, item: Item, view: ViewText, vector: Vectors) -> Point:
    return Point(
        id=point_id(collection.id, item.id, item.revision, view.view),
        vector=vector,
        workspace_id=str(collection.workspace_id),
        source=item.source,
        document_id=str(item.document_id or ""),
    )


def _row(collection_id: UUID, item: Item, view: ViewText, seq: int) -> dict[str, object]:
    point = point_id(collection_id, item.id, item.revision, view.view)
    return {
        "collection_id": collection_id,
        "key": point_key(point),
        "point_id": point,
        "item_id": item.id,
        "source": item.source,
        "view": view.view,
        "revision": item.revision,
        "document_id": item.document_id,
        "content_hash": view.content_hash,
        "seq": seq,
        "deleted": False,
    }
