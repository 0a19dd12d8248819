"""Collections: what they should hold (the reviewed items of their sources) and what they do hold (points)."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.models import (
    Agent,
    AgentCollection,
    Collection,
    CollectionSource,
    Document,
    Embedding,
    Faq,
    Job,
    Passage,
    Section,
    VectorPoint,
)
from backend.errors import ModelSwitched, NotFound
from backend.repositories.found import VIEWS, current_points
from backend.repositories.paging import Keyset, Slice, page_of
from backend.repositories.point_log import changes
from backend.repositories.upsert import MAX_ROWS, insert_absent, upsert
from backend.repositories.wanted import (
    SourceKind,
    embeds,
    stale,
    wanted_faqs,
    wanted_passages,
)
from backend.vectors.keys import point_key
from contracts.jobs import JobStatus

T = TypeVar("T")


class View(Protocol):
    """One view of an item that a collection holds."""

    @property
    def item_id(self) -> UUID: ...
    @property
    def source(self) -> str: ...
    @property
    def view(self) -> str: ...


class PointRow(View, Protocol):
    @property
    def point_id(self) -> UUID: ...


class PointView(View, Protocol):
    @property
    def vector(self) -> bytes:
        """little-endian float32[d], unit length"""
        ...


class Wanted(Protocol):
    """One of the conditions of `wanted`."""

    def __call__(self, workspace: UUID, collection: UUID, /, *, everything: bool) -> sa.ColumnElement[bool]: ...


_GET = sa.select(Collection).where(
    Collection.workspace_id == sa.bindparam("workspace"), Collection.id == sa.bindparam("collection")
)
_SEARCHED = (
    sa.select(Collection)
    .outerjoin(
        AgentCollection,
        sa.and_(AgentCollection.collection_id == Collection.id, AgentCollection.agent_id == sa.bindparam("agent")),
    )
    .where(
        Collection.workspace_id == sa.bindparam("workspace"),
        sa.or_(Collection.id == sa.bindparam("first"), AgentCollection.agent_id.is_not(None)),
    )
    .order_by(Collection.id != sa.bindparam("first"), AgentCollection.place)
)


class CollectionRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def _mine(self) -> sa.Select[Collection]:
        return sa.select(Collection).where(Collection.workspace_id == self._workspace_id)

    async def add(self, collection: Collection) -> None:
        self._session.add(collection)
        await self._session.flush()

    async def get(self, collection_id: UUID) -> Collection:
        asked = {"workspace": self._workspace_id, "collection": collection_id}
        found = (await self._session.scalars(_GET, asked)).one_or_none()
        if found is None:
            raise NotFound(f"no collection {str(collection_id)!r}")
        return found

    async def searched(self, agent: Agent) -> Sequence[Collection]:
        """Those that an agent answers from, its first one first, in one statement: every question asks for them."""
        asked = {"workspace": self._workspace_id, "agent": agent.id, "first": agent.collection_id}
        return (await self._session.scalars(_SEARCHED, asked)).all()

    async def find_by_name(self, name: str) -> Collection | None:
        return (await self._session.scalars(self._mine().where(Collection.name == name))).one_or_none()

    async def all(self) -> Sequence[Collection]:
        """By name."""
        return (await self._session.scalars(self._mine().order_by(Collection.name))).all()

    async def page(self, slice_: Slice) -> tuple[Sequence[Collection], str | None]:
        return await page_of(self._session, self._mine(), Keyset.by(Collection.created_at, Collection.id), slice_)

    async def delete(self, collection: Collection) -> None:
        await self._session.delete(collection)
        await self._session.flush()

    async def add_sources(self, collection_id: UUID, kind: SourceKind, refs: Sequence[UUID]) -> None:
        base = {"workspace_id": self._workspace_id, "collection_id": collection_id, "kind": kind}
        await insert_absent(self._session, CollectionSource, [{**base, "ref": ref} for ref in dict.fromkeys(refs)])

    async def drawing_on(self, refs: Sequence[UUID]) -> Sequence[Collection]:
        """The collections that take everything or name one of these FAQs or documents as a source."""
        named: set[UUID] = set()
        for some in _portions(refs):
            query = sa.select(CollectionSource.collection_id).where(CollectionSource.ref.in_(some))
            named.update((await self._session.scalars(query)).all())
        wanted = sa.or_(Collection.takes_everything, Collection.id.in_(named))
        return (await self._session.scalars(self._mine().where(wanted))).all()

    async def drawing_on_document(self, document_id: UUID) -> Sequence[Collection]:
        """The collections that take everything, or name this document or one of its FAQs as a source."""
        faqs = sa.select(Faq.id).where(Faq.document_id == document_id)
        refs = sa.or_(CollectionSource.ref == document_id, CollectionSource.ref.in_(faqs))
        named = sa.select(CollectionSource.collection_id).where(refs)
        wanted = sa.or_(Collection.takes_everything, Collection.id.in_(named))
        return (await self._session.scalars(self._mine().where(wanted))).all()

    async def note_change(self, collection_id: UUID) -> None:
        await self._session.execute(
            sa.update(Collection).where(Collection.id == collection_id).values(changes=Collection.changes + 1)
        )

    async def set_job(self, collection_id: UUID, job_id: UUID | None) -> None:
        await self._session.execute(sa.update(Collection).where(Collection.id == collection_id).values(job_id=job_id))

    async def finish_sync(self, collection_id: UUID, *, changes: int) -> bool:
        """True when nothing changed since `changes` was read: the collection is then in sync.

        A sync job that has not begun yet stays the collection's: an ingestion that ends first must not hide it.
        """
        waiting = sa.exists().where(Job.id == Collection.job_id, Job.status == JobStatus.PENDING.value)
        done = await self._session.execute(
            sa.update(Collection)
            .where(Collection.id == collection_id, Collection.changes == changes)
            .values(synced=changes, job_id=sa.case((waiting, Collection.job_id), else_=None))
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]  # a CursorResult for DML

    # --- what it should hold --------------------------------------------------
    def _missing_faqs(self, collection: Collection) -> sa.ColumnElement[bool]:
        return sa.and_(self._wanted(wanted_faqs, collection), ~_has_point(collection.id, Faq.id, Faq.revision))

    def _missing_passages(self, collection: Collection) -> sa.ColumnElement[bool]:
        return sa.and_(self._wanted(wanted_passages, collection), ~_has_point(collection.id, Passage.id, sa.literal(1)))

    async def missing_faqs(self, collection: Collection, *, limit: int) -> Sequence[Faq]:
        query = sa.select(Faq).where(self._missing_faqs(collection)).order_by(Faq.id).limit(limit)
        return (await self._session.scalars(query)).all()

    async def missing_passages(self, collection: Collection, *, limit: int) -> list[tuple[Passage, Section, Document]]:
        query = (
            sa.select(Passage, Section, Document)
            .join(Section, Section.id == Passage.section_id)
            .join(Document, Document.id == Passage.document_id)
            .where(self._missing_passages(collection))
            .order_by(Passage.document_id, Passage.ordinal)
            .limit(limit)
        )
        return list((await self._session.execute(query)).all())

    def _stale(self, collection: Collection) -> sa.ColumnElement[bool]:
        return self._wanted(stale, collection)

    def _wanted(self, condition: Wanted, collection: Collection) -> sa.ColumnElement[bool]:
        return condition(self._workspace_id, collection.id, everything=collection.takes_everything)

    async def stale_points(self, collection: Collection, *, limit: int) -> Sequence[VectorPoint]:
        return (await self._session.scalars(sa.select(VectorPoint).where(self._stale(collection)).limit(limit))).all()

    async def pending_changes(self, collection: Collection) -> int:
        """Items to add or to take out. Counts by scanning the sources unless the collection is in sync."""
        if collection.changes == collection.synced:
            return 0
        parts = (
            sa.select(sa.func.count()).select_from(Faq).where(self._missing_faqs(collection)),
            sa.select(sa.func.count()).select_from(Passage).where(self._missing_passages(collection)),
            sa.select(sa.func.count(VectorPoint.item_id.distinct())).where(self._stale(collection)),
        )
        return sum([await self._session.scalar(part) or 0 for part in parts])

    # --- what it holds --------------------------------------------------------
    async def held(self, collection_id: UUID) -> tuple[int, int, int]:
        """(FAQs, passages, points)"""
        query = (
            sa.select(VectorPoint.source, sa.func.count(VectorPoint.item_id.distinct()), sa.func.count())
            .where(VectorPoint.collection_id == collection_id, ~VectorPoint.deleted)
            .group_by(VectorPoint.source)
        )
        rows = {row[0]: (row[1], row[2]) for row in (await self._session.execute(query))}
        faqs, passages = rows.get("faq", (0, 0)), rows.get("passage", (0, 0))
        return faqs[0], passages[0], faqs[1] + passages[1]

    async def next_seq(self, collection: Collection) -> int:
        """The number of the next change; holds the collection's row until the transaction ends.

        Raises `NotFound`, or `ModelSwitched` when it is embedded by another model since it was read.
        """
        statement = (
            sa.update(Collection)
            .where(Collection.id == collection.id)
            .values(seq=Collection.seq + 1)
            .returning(Collection.seq, Collection.generation)
        )
        row = (await self._session.execute(statement)).one_or_none()
        if row is None:
            raise NotFound(f"no collection {str(collection.id)!r}")
        if row[1] != collection.generation:
            raise ModelSwitched(f"the collection {collection.name!r} has another embedding model now; try again")
        return int(row[0])

    async def put_points(self, rows: Sequence[dict[str, Any]]) -> None:
        await upsert(self._session, VectorPoint, [{"workspace_id": self._workspace_id, **row} for row in rows])

    async def remove_points(self, collection_id: UUID, keys: Sequence[int], *, seq: int) -> None:
        await self._session.execute(
            sa.update(VectorPoint)
            .where(VectorPoint.collection_id == collection_id, VectorPoint.key.in_(keys))
            .values(deleted=True, seq=seq)
        )

    async def vectors(self, spec_key: str, hashes: Sequence[str]) -> dict[str, bytes]:
        query = sa.select(Embedding.content_hash, Embedding.vector).where(
            Embedding.workspace_id == self._workspace_id,
            Embedding.spec_key == spec_key,
            Embedding.content_hash.in_(hashes),
        )
        return dict((await self._session.execute(query)).all())

    async def put_embeddings(self, spec_key: str, vectors: dict[str, bytes]) -> None:
        base = {"workspace_id": self._workspace_id, "spec_key": spec_key}
        await insert_absent(
            self._session,
            Embedding,
            [{**base, "content_hash": content, "vector": vector} for content, vector in vectors.items()],
        )

    async def current_points(self, collection: Collection, point_ids: Sequence[UUID]) -> Sequence[PointRow]:
        """Those of the points whose item is still wanted at that revision: what may be cited."""
        if not point_ids:
            return []
        asked = {
            "workspace": self._workspace_id,
            "collection": collection.id,
            "keys": [point_key(id) for id in point_ids],
        }
        rows = await self._session.execute(current_points(everything=collection.takes_everything), asked)
        return cast(Sequence[PointRow], rows.all())

    async def faq_vectors(
        self, collection: Collection, *, newer_than: int = -1, after: int | None = None, limit: int
    ) -> Sequence[tuple[int, UUID, int, bytes]]:
        """(key, FAQ, seq, vector of question and answer) in order of keys, of points beyond seq `newer_than`."""
        query = (
            sa.select(VectorPoint.key, VectorPoint.item_id, VectorPoint.seq, Embedding.vector)
            .join(Embedding, embeds(self._workspace_id, collection.spec["key"]))
            .where(
                VectorPoint.collection_id == collection.id,
                VectorPoint.source == "faq",
                VectorPoint.view == "full",
                VectorPoint.seq > newer_than,
                ~VectorPoint.deleted,
            )
        )
        if after is not None:
            query = query.where(VectorPoint.key > after)
        return (await self._session.execute(query.order_by(VectorPoint.key).limit(limit))).all()

    async def set_compared(self, collection_id: UUID, seq: int) -> None:
        """The FAQs of all points up to `seq` have been compared with each other."""
        await self._session.execute(sa.update(Collection).where(Collection.id == collection_id).values(compared=seq))

    async def set_calibration(self, collection: Collection, measured: Mapping[str, Any]) -> bool:
        """False for a collection whose points or model changed since it was read: it is not the one measured."""
        same = (
            Collection.id == collection.id,
            Collection.generation == collection.generation,
            Collection.seq == collection.seq,
        )
        done = await self._session.execute(sa.update(Collection).where(*same).values(calibration=measured))
        return bool(done.rowcount)  # type: ignore[attr-defined]  # a CursorResult for DML

    async def views_of(self, collection: Collection, items: Sequence[UUID]) -> Sequence[PointView]:
        """Every live view of the items with its stored vector."""
        if not items:
            return []
        asked = {
            "workspace": self._workspace_id,
            "collection": collection.id,
            "spec_key": collection.spec["key"],
            "items": items,
        }
        return cast(Sequence[PointView], (await self._session.execute(VIEWS, asked)).all())

    # --- another model ----------------------------------------------------------
    async def set_next_spec(self, collection_id: UUID, spec: Mapping[str, Any] | None) -> None:
        await self._session.execute(sa.update(Collection).where(Collection.id == collection_id).values(next_spec=spec))

    async def lacking_next_vector(
        self, collection: Collection, spec_key: str, *, after: int | None, limit: int
    ) -> Sequence[VectorPoint]:
        """Live points that the model has not embedded, in order of keys."""
        query = sa.select(VectorPoint).where(*self._lacking(collection, spec_key))
        if after is not None:
            query = query.where(VectorPoint.key > after)
        return (await self._session.scalars(query.order_by(VectorPoint.key).limit(limit))).all()

    async def count_lacking(self, collection: Collection, spec_key: str) -> int:
        """How many live points have no vector of the model."""
        query = sa.select(sa.func.count()).where(*self._lacking(collection, spec_key))
        return await self._session.scalar(query) or 0

    def _lacking(self, collection: Collection, spec_key: str) -> tuple[sa.ColumnElement[bool], ...]:
        embedded = sa.exists().where(embeds(self._workspace_id, spec_key))
        return VectorPoint.collection_id == collection.id, ~VectorPoint.deleted, ~embedded

    async def touch_points(self, collection_id: UUID, keys: Sequence[int], *, seq: int) -> None:
        """They count as changed: an index that saw them without a vector looks again."""
        for some in _portions(keys):
            await self._session.execute(
                sa.update(VectorPoint)
                .where(VectorPoint.collection_id == collection_id, VectorPoint.key.in_(some))
                .values(seq=seq)
            )

    async def changed_points(
        self, collection: Collection, spec_key: str, *, after: tuple[int, int], limit: int
    ) -> Sequence[tuple[VectorPoint, bytes | None]]:
        """Points beyond (seq, key), in that order, with their vectors of a model."""
        return (await self._session.execute(changes(collection.id, spec_key, after=after, limit=limit))).all()

    async def switch_model(self, collection: Collection, spec: Mapping[str, Any], *, seq: int) -> bool:
        """The collection answers from the other model's vectors; False when something changed after `seq`."""
        done = await self._session.execute(
            sa.update(Collection)
            .where(
                Collection.id == collection.id, Collection.generation == collection.generation, Collection.seq == seq
            )
            .values(spec=spec, next_spec=None, generation=Collection.generation + 1, calibration=None)
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]  # a CursorResult for DML

    async def forget_embeddings(self, spec_key: str, *, limit: int) -> int:
        """Removes vectors of a model that no collection of the workspace has or is getting; says how many."""
        used = self._mine().where(
            sa.or_(Collection.spec["key"].as_string() == spec_key, Collection.next_spec["key"].as_string() == spec_key)
        )
        if (await self._session.scalars(used.limit(1))).first() is not None:
            return 0
        mine = (Embedding.workspace_id == self._workspace_id, Embedding.spec_key == spec_key)
        some = (await self._session.scalars(sa.select(Embedding.content_hash).where(*mine).limit(limit))).all()
        if some:
            await self._session.execute(sa.delete(Embedding).where(*mine, Embedding.content_hash.in_(some)))
        return len(some)


def _portions(refs: Sequence[T]) -> list[Sequence[T]]:
    """Parts that fit one statement."""
    return [refs[start : start + MAX_ROWS] for start in range(0, len(refs), MAX_ROWS)]


def _has_point(
    collection_id: UUID, item_id: sa.ColumnElement[UUID] | Any, revision: sa.ColumnElement[int] | Any
) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        VectorPoint.collection_id == collection_id,
        VectorPoint.item_id == item_id,
        VectorPoint.revision == revision,
        ~VectorPoint.deleted,
    )
