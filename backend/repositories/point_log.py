"""The log of vector points in SQL, as embedded indexes read it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa

from backend.db.engine import reading
from backend.db.models import Collection, Embedding, VectorPoint
from backend.embeddings.base import EmbeddingSpec
from backend.vectors.base import CollectionSpec, LogEntry, Point, Source

BATCH = 2_000
MAX_KEY = 2**63 - 1


def store_name(collection: Collection, *, following: int = 0) -> str:
    """The name of a collection inside a vector store, unique over all workspaces and all models that it had.

    `following` 1: of the model that it is being embedded by.
    """
    return _named(collection.id, collection.generation + following)


def _named(collection_id: UUID, generation: int) -> str:
    return f"c{collection_id.hex}_{generation}" if generation else f"c{collection_id.hex}"


def _parsed(name: str) -> tuple[UUID, int]:
    id, _, generation = name[1:].partition("_")
    return UUID(id), int(generation or 0)


def stored_spec(spec: EmbeddingSpec) -> dict[str, Any]:
    """The JSON form of a spec, with its key."""
    return {**asdict(spec), "key": spec.key}


def collection_spec(collection: Collection) -> CollectionSpec:
    return CollectionSpec(store_name(collection), embedding_spec(collection.spec))


def embedding_spec(stored: Mapping[str, Any]) -> EmbeddingSpec:
    return EmbeddingSpec(**{name: value for name, value in stored.items() if name != "key"})


class SqlPointLog:
    """Implements `PointLog` over `vector_point` and `embedding`, for every event loop of the process.

    Reads on threads, in short transactions of `BATCH` rows.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    async def spec(self, collection: str) -> CollectionSpec | None:
        stored = await asyncio.to_thread(self._spec, collection)
        return None if stored is None else CollectionSpec(collection, embedding_spec(stored))

    def _spec(self, name: str) -> Mapping[str, Any] | None:
        """None for a model that the collection had before."""
        collection_id, generation = _parsed(name)
        columns = sa.select(Collection.generation, Collection.spec, Collection.next_spec)
        with reading(self._engine) as session:
            row = session.execute(columns.where(Collection.id == collection_id)).one_or_none()
        if row is None or generation not in (row[0], row[0] + 1):
            return None
        return row[1] if generation == row[0] else row[2]

    async def changes(self, collection: str, *, after: int) -> AsyncIterator[Sequence[LogEntry]]:
        last = (after, MAX_KEY)
        while rows := await asyncio.to_thread(self._rows, collection, last):
            yield [_entry(point, vector) for point, vector in rows]
            last = (rows[-1][0].seq, rows[-1][0].key)

    def _rows(self, name: str, last: tuple[int, int]) -> Sequence[tuple[VectorPoint, bytes | None]]:
        """Nothing for a model that the collection had before: who still searches its index finds it as it was."""
        with reading(self._engine) as session:
            collection_id, generation = _parsed(name)
            asked = {"collection": collection_id, "generation": generation, "seq": last[0], "key": last[1]}
            return session.execute(_LOG, asked).all()


def changes(
    collection_id: UUID | sa.BindParameter[UUID],
    spec_key: str | sa.ScalarSelect[str | None],
    *,
    after: tuple[int, int] | tuple[sa.BindParameter[int], sa.BindParameter[int]],
    limit: int,
) -> sa.Select[VectorPoint, bytes | None]:
    """Points beyond (seq, key), in that order, with their vectors of a model."""
    vector = sa.and_(
        Embedding.workspace_id == VectorPoint.workspace_id,
        Embedding.spec_key == spec_key,
        Embedding.content_hash == VectorPoint.content_hash,
    )
    return (
        sa.select(VectorPoint, Embedding.vector)
        .join(Embedding, vector, isouter=True)
        .where(VectorPoint.collection_id == collection_id)
        .where(sa.tuple_(VectorPoint.seq, VectorPoint.key) > sa.tuple_(*map(_bound, after)))
        .order_by(VectorPoint.seq, VectorPoint.key)
        .limit(limit)
    )


def _bound(value: int | sa.BindParameter[int]) -> sa.ColumnElement[int]:
    return value if isinstance(value, sa.BindParameter) else sa.literal(value)


def _newer() -> sa.Select[VectorPoint, bytes | None]:
    """What an index reads before every search, so it is built once."""
    collection = sa.bindparam("collection", type_=sa.Uuid())
    generation = sa.bindparam("generation", type_=sa.Integer())
    after = sa.bindparam("seq", type_=sa.BigInteger()), sa.bindparam("key", type_=sa.BigInteger())
    spec_key = (
        sa.select(
            sa.case(
                (Collection.generation == generation, Collection.spec["key"].as_string()),
                (Collection.generation == generation - 1, Collection.next_spec["key"].as_string()),
            )
        )
        .where(Collection.id == collection)
        .scalar_subquery()
    )
    return changes(collection, spec_key, after=after, limit=BATCH).where(spec_key.is_not(None))


_LOG = _newer()


def _entry(row: VectorPoint, vector: bytes | None) -> LogEntry:
    if row.deleted or vector is None:
        return LogEntry(row.seq, row.point_id, None)
    return LogEntry(row.seq, row.point_id, point_of(row, vector))


def point_of(row: VectorPoint, vector: bytes) -> Point:
    source: Source = "faq" if row.source == "faq" else "passage"
    return Point(
        id=row.point_id,
        vector=np.frombuffer(vector, dtype="<f4"),
        workspace_id=str(row.workspace_id),
        source=source,
        document_id=str(row.document_id or ""),
    )
