"""What a collection should hold, as conditions; and the statements of a search, which are built once.

Building a statement costs as much as running it, and a search asks the same ones each time.
"""

from functools import cache
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from backend.db.models import CollectionSource, Document, Embedding, Faq, Passage, VectorPoint

SourceKind = Literal["faq", "document"]
Id = UUID | sa.BindParameter[UUID]

WORKSPACE: Id = sa.bindparam("workspace", type_=sa.Uuid())
COLLECTION: Id = sa.bindparam("collection", type_=sa.Uuid())


def wanted_faqs(workspace: Id, collection: Id, *, everything: bool) -> sa.ColumnElement[bool]:
    approved = sa.and_(Faq.workspace_id == workspace, Faq.status == "approved")
    if everything:
        return approved
    named = sa.or_(Faq.id.in_(_refs(collection, "faq")), Faq.document_id.in_(_refs(collection, "document")))
    return sa.and_(approved, named)


def wanted_passages(workspace: Id, collection: Id, *, everything: bool) -> sa.ColumnElement[bool]:
    """Asks for each passage whether its document is ready: a search asks of a few passages of many documents."""
    ready = sa.exists().where(Document.id == Passage.document_id, Document.status == "ready").correlate(Passage)
    wanted = sa.and_(Passage.workspace_id == workspace, ready)
    return wanted if everything else sa.and_(wanted, Passage.document_id.in_(_refs(collection, "document")))


def stale(workspace: Id, collection: Id, *, everything: bool) -> sa.ColumnElement[bool]:
    """Points whose item is not wanted any more, or not as it was."""
    faq = sa.exists().where(
        Faq.id == VectorPoint.item_id,
        Faq.revision == VectorPoint.revision,
        wanted_faqs(workspace, collection, everything=everything),
    )
    passage = sa.exists().where(
        Passage.id == VectorPoint.item_id, wanted_passages(workspace, collection, everything=everything)
    )
    return sa.and_(
        VectorPoint.collection_id == collection,
        ~VectorPoint.deleted,
        ~sa.case((VectorPoint.source == "faq", faq), else_=passage),
    )


def embeds(workspace: Id, spec_key: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    """A model's vector of a point's text."""
    return sa.and_(
        Embedding.workspace_id == workspace,
        Embedding.spec_key == spec_key,
        Embedding.content_hash == VectorPoint.content_hash,
    )


@cache
def current_points(*, everything: bool) -> sa.Select[UUID, UUID, str, str]:
    """(point_id, item_id, source, view) of the points with `keys` that are not stale."""
    columns = (VectorPoint.point_id, VectorPoint.item_id, VectorPoint.source, VectorPoint.view)
    return sa.select(*columns).where(
        VectorPoint.collection_id == COLLECTION,
        VectorPoint.key.in_(sa.bindparam("keys", expanding=True)),
        ~VectorPoint.deleted,
        ~stale(WORKSPACE, COLLECTION, everything=everything),
    )


VIEWS: sa.Select[UUID, str, str, bytes] = (
    sa.select(VectorPoint.item_id, VectorPoint.source, VectorPoint.view, Embedding.vector)
    .join(Embedding, embeds(WORKSPACE, sa.bindparam("spec_key", type_=sa.Text())))
    .where(
        VectorPoint.collection_id == COLLECTION,
        VectorPoint.item_id.in_(sa.bindparam("items", expanding=True)),
        ~VectorPoint.deleted,
    )
)
"""(item_id, source, view, vector) of every live view of `items`, by the model `spec_key`."""


def _refs(collection: Id, kind: SourceKind) -> sa.Select[UUID]:
    return sa.select(CollectionSource.ref).where(
        CollectionSource.collection_id == collection, CollectionSource.kind == kind
    )
