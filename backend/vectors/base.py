"""The vector store seam. Text and metadata live in SQL; a store holds ids, vectors and three filter fields."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from backend.embeddings.base import EmbeddingSpec, Vectors

Vector = NDArray[np.float32]
FilterField = Literal["workspace_id", "document_id", "source"]
Source = Literal["faq", "passage"]
Where = Mapping[FilterField, Sequence[str]]


@dataclass(frozen=True, slots=True)
class CollectionSpec:
    """`name` is unique in the store: `[a-z][a-z0-9_]{1,38}[a-z0-9]`."""

    name: str
    embedding: EmbeddingSpec


@dataclass(frozen=True, slots=True)
class Point:
    """`vector` is float32[d]; it need not be unit length, but not zero and all finite."""

    id: UUID
    vector: Vector
    workspace_id: str
    source: Source
    document_id: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """`score` is the cosine, -1..1."""

    id: UUID
    score: float


class VectorStore(Protocol):
    """Raises the `VectorError` family.

    `create` twice with the same spec is a no-op, with another one `SpecMismatch`. `upsert` replaces points of equal id,
    the last of a batch wins. `where` means: every named field is one of its values; an empty sequence matches nothing.
    `search` gives one list a query, sorted by (-score, id), at most `limit` long. `delete` and `drop` of what is not
    there are no-ops; every other call on a missing collection raises `CollectionNotFound`. Reads see earlier writes.
    """

    async def create(self, spec: CollectionSpec) -> None: ...
    async def upsert(self, collection: str, points: Sequence[Point]) -> None: ...
    async def search(
        self, collection: str, vectors: Vectors, *, limit: int, where: Where | None = None
    ) -> list[list[Hit]]: ...
    async def delete(
        self, collection: str, *, ids: Sequence[UUID] | None = None, where: Where | None = None
    ) -> None: ...
    async def count(self, collection: str) -> int: ...
    async def drop(self, collection: str) -> None: ...
    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change of a collection, in the order of `seq`. `point` is None for a removal."""

    seq: int
    id: UUID
    point: Point | None


class PointLog(Protocol):
    """The truth in SQL that an embedded index is built from and catches up with."""

    async def spec(self, collection: str) -> CollectionSpec | None: ...
    def changes(self, collection: str, *, after: int) -> AsyncIterator[Sequence[LogEntry]]: ...


Stores = Callable[[str], VectorStore]
"""A store by its name, the same instance each time. Raises `UnknownStrategy` or `MissingExtra`."""
