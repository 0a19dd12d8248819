from collections.abc import Sequence
from uuid import UUID

import pytest

from backend.vectors import VECTOR_STORES
from backend.vectors.base import CollectionSpec, Point, VectorStore, Where
from backend.vectors.checks import check_name
from backend.vectors.memory_log import MemoryPointLog
from backend.vectors.native import NativeStore
from tests.contracts.vector_store import VectorStoreContract


class LoggedStore(NativeStore):
    """Writes the log before the store, as the services do."""

    def __init__(self, log: MemoryPointLog) -> None:
        super().__init__(log)
        self._memory = log
        self._alive: dict[str, dict[UUID, Point]] = {}

    async def create(self, spec: CollectionSpec) -> None:
        check_name(spec.name)
        self._memory.add(spec)
        self._alive.setdefault(spec.name, {})
        await super().create(spec)

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        state = await self._find(collection)
        if all(point.vector.shape == (state.spec.embedding.dimension,) and _usable(point) for point in points):
            self._memory.append(collection, points=points)
            self._alive[collection].update({point.id: point for point in points})
        await super().upsert(collection, points)

    async def delete(self, collection: str, *, ids: Sequence[UUID] | None = None, where: Where | None = None) -> None:
        alive = self._alive.get(collection, {})
        if where or ids is not None:
            fields = where or {}
            gone = [
                id
                for id in (alive if ids is None else set(ids) & alive.keys())
                if all(getattr(alive[id], field, None) in values for field, values in fields.items())
            ]
            if gone:
                self._memory.append(collection, removed=gone)
            for id in gone:
                del alive[id]
        await super().delete(collection, ids=ids, where=where)

    async def drop(self, collection: str) -> None:
        self._memory.forget(collection)
        self._alive.pop(collection, None)
        await super().drop(collection)


def _usable(point: Point) -> bool:
    return bool(abs(point.vector).sum() > 0) and bool(abs(point.vector).max() < float("inf"))


class TestNative(VectorStoreContract):
    @pytest.fixture
    def store(self) -> VectorStore:
        return VECTOR_STORES.get("native")(MemoryPointLog())


class TestNativeBehindItsLog(VectorStoreContract):
    @pytest.fixture
    def store(self) -> VectorStore:
        return LoggedStore(MemoryPointLog())
