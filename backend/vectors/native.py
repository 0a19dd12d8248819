"""The embedded store: exact search in Rust over vectors in memory, rebuilt from and kept level with the point log."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from backend.embeddings.base import Vectors
from backend.errors import CollectionNotFound, StoreCorrupt
from backend.vectors.base import CollectionSpec, FilterField, Hit, LogEntry, Point, PointLog, Where
from backend.vectors.checks import (
    FIELDS,
    check_delete,
    check_name,
    check_spec,
    check_where,
    unit_points,
    unit_vectors,
)
from backend.vectors.keys import point_key
from backend.vectors.locks import LoopLock, run_whole
from rust_accel import VectorIndex

Codes = list[tuple[int, list[int]]]


class NativeStore:
    """Implements `VectorStore`. Usable from several threads and event loops at once.

    The caller writes the log first. Every call reads what the log has got since, so several processes agree; for a
    point that the log names, the log alone decides, whatever order `upsert` and `delete` arrive in.
    """

    def __init__(self, log: PointLog) -> None:
        self._log = log
        self._collections: dict[str, _Collection] = {}
        self._dropped: set[str] = set()

    async def create(self, spec: CollectionSpec) -> None:
        check_name(spec.name)
        known = self._collections.get(spec.name)
        existing = known.spec if known else await self._log.spec(spec.name)
        check_spec(existing or spec, spec)
        self._dropped.discard(spec.name)
        self._collections.setdefault(spec.name, _Collection(spec))

    async def upsert(self, collection: str, points: Sequence[Point]) -> None:
        state = await self._find(collection)
        vectors = await asyncio.to_thread(unit_points, points, dimension=state.spec.embedding.dimension)
        async with state.lock:
            await self._catch_up(state)
            await run_whole(state.put_unlogged, points, vectors)

    async def search(
        self, collection: str, vectors: Vectors, *, limit: int, where: Where | None = None
    ) -> list[list[Hit]]:
        check_where(where)
        state = await self._find(collection)
        queries = unit_vectors(vectors, dimension=state.spec.embedding.dimension)
        async with state.lock:
            await self._catch_up(state)
        return await asyncio.to_thread(state.search, queries, limit, where)

    async def delete(self, collection: str, *, ids: Sequence[UUID] | None = None, where: Where | None = None) -> None:
        check_delete(where, has_ids=ids is not None)
        try:
            state = await self._find(collection)
        except CollectionNotFound:
            return
        async with state.lock:
            await self._catch_up(state)
            await run_whole(state.remove_unlogged, ids, where)

    async def count(self, collection: str) -> int:
        state = await self._find(collection)
        async with state.lock:
            await self._catch_up(state)
        return len(state.index)

    async def drop(self, collection: str) -> None:
        check_name(collection)
        self._collections.pop(collection, None)
        self._dropped.add(collection)

    async def aclose(self) -> None:
        self._collections.clear()

    async def _find(self, name: str) -> "_Collection":
        check_name(name)
        state = self._collections.get(name)
        if state is None:
            spec = None if name in self._dropped else await self._log.spec(name)
            if spec is None:
                raise CollectionNotFound(f"no collection {name!r} in the vector store; create it first")
            state = self._collections.setdefault(name, _Collection(spec))
        return state

    async def _catch_up(self, state: "_Collection") -> None:
        """Applies the log's newer entries. Interrupted, it starts over: applying an entry twice changes nothing."""
        seq = state.seq
        async for entries in self._log.changes(state.spec.name, after=seq):
            await run_whole(state.apply, entries)
            seq = max(seq, entries[-1].seq)
        state.seq = seq


@dataclass
class _Collection:
    """One collection in memory. Changes happen under `lock`; searches need none, the index has its own."""

    spec: CollectionSpec
    seq: int = 0
    lock: LoopLock = field(default_factory=LoopLock)

    def __post_init__(self) -> None:
        self.index = VectorIndex(self.spec.embedding.dimension, columns=len(FIELDS))
        self._ids: dict[int, UUID] = {}
        self._logged: set[int] = set()
        self._codes: tuple[dict[str, int], ...] = tuple({} for _ in FIELDS)

    def apply(self, entries: Sequence[LogEntry]) -> None:
        newest = {entry.id: entry.point for entry in entries}
        points = [point for point in newest.values() if point is not None]
        self._remove([point_key(id) for id, point in newest.items() if point is None])
        self._put(points, unit_points(points, dimension=self.spec.embedding.dimension))
        self._logged.update(point_key(id) for id in newest)

    def put_unlogged(self, points: Sequence[Point], vectors: Vectors) -> None:
        """Points with their unit vectors, less those that the log has decided on."""
        kept = [row for row, point in enumerate(points) if point_key(point.id) not in self._logged]
        self._put([points[row] for row in kept], vectors[kept])

    def remove_unlogged(self, ids: Sequence[UUID] | None, where: Where | None) -> None:
        keys = None if ids is None else {point_key(id) for id in ids}
        if where:
            matching = self._matching(where)
            keys = matching if keys is None else keys & matching
        self._remove(sorted((keys or set()) - self._logged))

    def search(self, queries: Vectors, limit: int, where: Where | None) -> list[list[Hit]]:
        codes = self._translate(where or {})
        keys, scores = self.index.search(queries, max(0, limit), where=codes)
        # A row may be removed between the scan and this look-up: it is gone for the caller as well.
        rows = zip(keys.tolist(), np.clip(scores, -1.0, 1.0).tolist(), strict=True)
        return [self._hits(found, cosines) for found, cosines in rows]

    def _hits(self, keys: list[int], cosines: list[float]) -> list[Hit]:
        named = ((self._ids.get(key), cosine) for key, cosine in zip(keys, cosines, strict=True))
        return sorted((Hit(id, cosine) for id, cosine in named if id is not None), key=lambda hit: (-hit.score, hit.id))

    def _put(self, points: Sequence[Point], vectors: Vectors) -> None:
        keys = [point_key(point.id) for point in points]
        for key, point in zip(keys, points, strict=True):
            if self._ids.setdefault(key, point.id) != point.id:
                raise StoreCorrupt(f"the points {point.id} and {self._ids[key]} share the key {key}; rename one")
        rows = [[self._code(column, getattr(point, name)) for column, name in enumerate(FIELDS)] for point in points]
        codes = np.array(rows, dtype=np.uint32).reshape(len(points), len(FIELDS))
        self.index.add(np.array(keys, dtype=np.uint64), vectors, codes)

    def _remove(self, keys: Sequence[int]) -> None:
        self.index.remove(np.array(keys, dtype=np.uint64))
        for key in keys:
            self._ids.pop(key, None)
        if self.index.dead > len(self.index) + 4_096:
            self.index.compact()

    def _code(self, column: int, value: str) -> int:
        codes = self._codes[column]
        return codes.setdefault(value, len(codes))

    def _translate(self, where: Where) -> Codes:
        """Values as codes; a value that no point ever had matches nothing."""
        return [(FIELDS.index(name), self._known(name, values)) for name, values in where.items()]

    def _known(self, name: FilterField, values: Sequence[str]) -> list[int]:
        codes = self._codes[FIELDS.index(name)]
        return [codes[value] for value in values if value in codes]

    def _matching(self, where: Where) -> set[int]:
        """The keys of all points that match: a search for anything with room for everything."""
        anything = np.ones((1, self.spec.embedding.dimension), dtype=np.float32)
        keys, _ = self.index.search(anything, len(self.index), where=self._translate(where))
        return set(keys[0].tolist()) & self._ids.keys()
