"""Measures any vector store, and keeps it out of transactions."""

from collections.abc import Sequence
from uuid import UUID

from backend.db.guard import forbid_in_transaction
from backend.embeddings.base import Vectors
from backend.tracing.metrics import Metrics
from backend.tracing.track import track
from backend.vectors.base import CollectionSpec, Hit, Point, VectorStore, Where


class MeteredStore:
    """`name` labels the metrics."""

    def __init__(self, inner: VectorStore, name: str, metrics: Metrics) -> None:
        self._inner = inner
        self._name = name
        self._metrics = metrics

    async def create(self, spec: CollectionSpec) -> None:
        forbid_in_transaction("VectorStore.create")
        await self._inner.create(spec)

    @track("store.upsert")
    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        forbid_in_transaction("VectorStore.upsert")
        await self._inner.upsert(collection, points)

    @track("store.search", kind="retriever")
    async def search(
        self, collection: str, vectors: Vectors, *, limit: int, where: Where | None = None
    ) -> list[list[Hit]]:
        forbid_in_transaction("VectorStore.search")
        with self._metrics.retrieval_seconds.labels(self._name).time():
            return await self._inner.search(collection, vectors, limit=limit, where=where)

    async def delete(self, collection: str, *, ids: Sequence[UUID] | None = None, where: Where | None = None) -> None:
        forbid_in_transaction("VectorStore.delete")
        await self._inner.delete(collection, ids=ids, where=where)

    async def count(self, collection: str) -> int:
        forbid_in_transaction("VectorStore.count")
        return await self._inner.count(collection)

    async def drop(self, collection: str) -> None:
        forbid_in_transaction("VectorStore.drop")
        await self._inner.drop(collection)

    async def aclose(self) -> None:
        await self._inner.aclose()
