"""A point log in memory: for tests, and for a demo that keeps nothing."""

import threading
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from backend.errors import CollectionNotFound
from backend.vectors.base import CollectionSpec, LogEntry, Point
from backend.vectors.checks import check_spec

PAGE = 2_000


class MemoryPointLog:
    """As the log in SQL: one entry an id, the newest; `append` gives the entries of a batch one `seq`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._specs: dict[str, CollectionSpec] = {}
        self._entries: dict[str, dict[UUID, LogEntry]] = {}
        self._seq = 0

    def add(self, spec: CollectionSpec) -> None:
        """Registers a collection; again with the same spec is a no-op. Raises `SpecMismatch`."""
        with self._lock:
            check_spec(self._specs.setdefault(spec.name, spec), spec)
            self._entries.setdefault(spec.name, {})

    def append(self, collection: str, *, points: Sequence[Point] = (), removed: Sequence[UUID] = ()) -> int:
        """Returns the new `seq`. Of equal ids the last point counts. Raises `CollectionNotFound`."""
        with self._lock:
            if collection not in self._entries:
                raise CollectionNotFound(f"no collection {collection!r} in the log; add it first")
            self._seq += 1
            entries = self._entries[collection]
            changes = [(id, None) for id in removed] + [(point.id, point) for point in points]
            for id, point in changes:
                entries.pop(id, None)
                entries[id] = LogEntry(self._seq, id, point)
            return self._seq

    def forget(self, collection: str) -> None:
        """Drops a collection; what is not there is a no-op."""
        with self._lock:
            self._specs.pop(collection, None)
            self._entries.pop(collection, None)

    async def spec(self, collection: str) -> CollectionSpec | None:
        return self._specs.get(collection)

    async def changes(self, collection: str, *, after: int) -> AsyncIterator[Sequence[LogEntry]]:
        with self._lock:
            newer = [entry for entry in self._entries.get(collection, {}).values() if entry.seq > after]
        for start in range(0, len(newer), PAGE):
            yield newer[start : start + PAGE]
