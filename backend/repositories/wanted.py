"""What a collection should hold, as conditions."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import sqlalchemy as sa

from backend.db.models import Collection, CollectionSource, Document, Embedding, Faq, Passage, VectorPoint

SourceKind = Literal["faq", "document"]
Id = UUID | sa.BindParameter[UUID]


def wanted_faqs(workspace: Id, collection: Id, *, everything: bool) -> sa.ColumnElement[bool]:
    approved = sa.and_(Faq.workspace_id == workspace, Faq.status == "approved")
    if everything:
        return approved
    named = sa.or_(Faq.id.in_(_refs(collection, "faq")), Faq.document_id.in_(_refs(collection, "document")))
    return sa.and_(approved, named)


def drawn_faqs(collections: Sequence[UUID]) -> sa.ColumnElement[bool]:
    """Those that one of these collections draws from, whatever became of them in the review."""
    everything = sa.exists().where(Collection.id.in_(collections), Collection.takes_everything)
    named = Faq.id.in_(_refs(collections, "faq")), Faq.document_id.in_(_refs(collections, "document"))
    return sa.or_(everything, *named)


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


def _refs(collection: Id | Sequence[UUID], kind: SourceKind) -> sa.Select[UUID]:
    """Of one collection, or of any of several."""
    is_asked = (
        CollectionSource.collection_id.in_(collection)
        if isinstance(collection, Sequence)
        else CollectionSource.collection_id == collection
    )
    return sa.select(CollectionSource.ref).where(is_asked, CollectionSource.kind == kind)
