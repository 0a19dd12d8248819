"""A collection gets another embedding model: embedded anew beside the old vectors, switched when all is there.

Until then it answers as before, and an end of the job at any point leaves it so. What was embedded stays, so another
job goes on from there.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
from pydantic import BaseModel

from backend.db.models import Collection, VectorPoint
from backend.embeddings.base import Embedders, EmbeddingSpec
from backend.errors import Conflict, JobCancelled, NotFound
from backend.jobs.base import JobRequest, JobRunner
from backend.repositories.point_log import embedding_spec, point_of, store_name, stored_spec
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.views import ViewText, faq_views, passage_views
from backend.security.principal import Principal
from backend.services.embedding_models import EmbeddingModelService
from backend.services.indexing import still_there
from backend.services.sync import CollectionSync
from backend.tracing.track import track
from backend.vectors.base import CollectionSpec, Stores
from contracts.jobs import Job

BATCH: Final = 200
COPIED: Final = 1_000
REMOVED: Final = 5_000
START: Final = (-1, -1)

Report = Callable[[int, int], Awaitable[None]]
"""Awaited after each batch with (points that have their new vector, all points)."""


class SwitchPayload(BaseModel):
    """`spec` as `stored_spec` gives it."""

    collection_id: UUID
    spec: dict[str, Any]


class Switched(BaseModel):
    points: int
    store: str
    old_spec_key: str
    old_name: str


class ModelSwitchService:
    def __init__(self, uow: UnitOfWork, runner: JobRunner, models: EmbeddingModelService) -> None:
        self._uow = uow
        self._runner = runner
        self._models = models

    @track("collections.switch_model")
    async def start(self, principal: Principal, collection_id: UUID, name: str) -> Job:
        """Raises `NotFound`, `Conflict` for the model that it has and while another job switches it, and as
        `EmbeddingModelService.spec`."""
        async with self._uow.read(principal.workspace_id) as tx:
            collection = await tx.collections.get(collection_id)
        spec = await self._models.spec(principal.workspace_id, name)
        if spec.key == collection.spec["key"]:
            raise Conflict(f"the collection {collection.name!r} has the embedding model {name!r} already")
        async with self._uow(principal.workspace_id) as tx:
            running = await tx.jobs.unfinished("switch_model", collection_id=collection_id)
            if running is not None:
                raise Conflict(f"the job {str(running)!r} is switching this collection's model; cancel it first")
            job_id = await self._runner.submit(
                tx,
                JobRequest(
                    kind="switch_model",
                    payload=SwitchPayload(collection_id=collection_id, spec=stored_spec(spec)),
                    title=f"{collection.name}: {spec.model}",
                    collection_id=collection_id,
                ),
            )
            return await tx.jobs.get(job_id)


class ModelSwitch:
    """The steps of a `switch_model` job; each may be repeated."""

    def __init__(self, uow: UnitOfWork, stores: Stores, embedders: Embedders, sync: CollectionSync) -> None:
        self._uow = uow
        self._stores = stores
        self._embedders = embedders
        self._sync = sync

    @track("collections.embed_anew")
    async def switch(self, workspace_id: UUID, payload: SwitchPayload, report: Report) -> Switched:
        """Raises `JobCancelled` for a collection that was deleted, and what the embedder and the store raise."""
        async with self._uow(workspace_id) as tx:
            await still_there(tx, payload.collection_id)
            collection = await tx.collections.get(payload.collection_id)
            if collection.spec["key"] == payload.spec["key"]:  # a repetition after the switch
                return Switched(
                    points=await _count(tx, collection), store=collection.store, old_spec_key="", old_name=""
                )
            await tx.collections.set_next_spec(collection.id, payload.spec)
        spec = embedding_spec(payload.spec)
        store, name = self._stores(collection.store), store_name(collection, following=1)
        await store.drop(name)
        await store.create(CollectionSpec(name, spec))
        copied, late = START, False
        while True:
            await self._embed_missing(collection, spec, report, touch=late)
            seq = await self._seq(collection)
            copied = await self._copy(collection, spec, name, copied)
            async with self._uow(workspace_id) as tx:
                if await tx.collections.switch_model(collection, payload.spec, seq=seq):
                    points = await _count(tx, collection)
                    break
            late = True
        return Switched(
            points=points,
            store=collection.store,
            old_spec_key=collection.spec["key"],
            old_name=store_name(collection),
        )

    async def clean(self, workspace_id: UUID, switched: Switched) -> None:
        """Removes the old vectors."""
        if not switched.old_name:
            return
        await self._stores(switched.store).drop(switched.old_name)
        while True:
            async with self._uow(workspace_id) as tx:
                if not await tx.collections.forget_embeddings(switched.old_spec_key, limit=REMOVED):
                    return

    async def catch_up(self, workspace_id: UUID, collection_id: UUID) -> None:
        """Indexes what could not be while the old model did not work."""
        async with self._uow(workspace_id) as tx:
            await still_there(tx, collection_id)
            collection = await tx.collections.get(collection_id)
            if collection.sync == "auto" and await tx.collections.pending_changes(collection):
                await self._sync.ensure_job(tx, collection)

    async def _seq(self, collection: Collection) -> int:
        async with self._uow.read(collection.workspace_id) as tx:
            await still_there(tx, collection.id)
            return (await tx.collections.get(collection.id)).seq

    async def _embed_missing(self, collection: Collection, spec: EmbeddingSpec, report: Report, *, touch: bool) -> None:
        """`touch`: an index may have read these points without their vectors, so they count as changed."""
        embedder = await self._embedders.of(collection.workspace_id, spec)
        after: int | None = None
        async with self._uow.read(collection.workspace_id) as tx:
            total = await _count(tx, collection)
            left = await tx.collections.count_lacking(collection, spec.key)
        while True:
            await report(total - left, total)
            async with self._uow.read(collection.workspace_id) as tx:
                await still_there(tx, collection.id)
                points = await tx.collections.lacking_next_vector(collection, spec.key, after=after, limit=BATCH)
                texts = await _texts(tx, points)
            if not points:
                return
            after, left = points[-1].key, max(left - len(points), 0)
            if not texts:
                continue
            vectors = await embedder.embed(list(texts.values()), kind="document")
            stored = {
                content: np.asarray(vector).astype("<f4").tobytes()
                for content, vector in zip(texts, vectors, strict=True)
            }
            async with self._uow(collection.workspace_id) as tx:
                await tx.collections.put_embeddings(spec.key, stored)
                if touch:
                    seq = await _next_seq(tx, collection)
                    await tx.collections.touch_points(collection.id, [point.key for point in points], seq=seq)

    async def _copy(
        self, collection: Collection, spec: EmbeddingSpec, name: str, after: tuple[int, int]
    ) -> tuple[int, int]:
        """Puts what changed after (seq, key) into the new store collection; returns the last of it."""
        store = self._stores(collection.store)
        while True:
            async with self._uow.read(collection.workspace_id) as tx:
                rows = await tx.collections.changed_points(collection, spec.key, after=after, limit=COPIED)
            if not rows:
                return after
            await store.delete(name, ids=[point.point_id for point, vector in rows if point.deleted or vector is None])
            await store.upsert(
                name, [point_of(point, vector) for point, vector in rows if vector is not None and not point.deleted]
            )
            after = (rows[-1][0].seq, rows[-1][0].key)
            await asyncio.sleep(0)


async def _next_seq(tx: Tx, collection: Collection) -> int:
    try:
        return await tx.collections.next_seq(collection)
    except NotFound as exc:
        raise JobCancelled("the collection was deleted") from exc


async def _count(tx: Tx, collection: Collection) -> int:
    return (await tx.collections.held(collection.id))[2]


async def _texts(tx: Tx, points: Sequence[VectorPoint]) -> dict[str, str]:
    """Content hash -> text. A point whose item says something else by now has none: the next sync removes it."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for point in points:
        wanted[point.source].add(point.item_id)
    views: list[ViewText] = []
    for faq in await tx.faqs.find_all(sorted(wanted["faq"])):
        views += faq_views(faq.question, faq.answer)
    for passage in await tx.documents.passages(sorted(wanted["passage"])):
        views += passage_views(passage.title_path, passage.text[passage.start : passage.end])
    hashes = {point.content_hash for point in points}
    return {view.content_hash: view.text for view in views if view.content_hash in hashes}
