"""What is in a collection, in a few titles."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from backend.db.models import CollectionSource, Document, Faq
from backend.repositories.uow import Tx
from backend.repositories.wanted import wanted_faqs


async def titles_in(tx: Tx, collection_id: UUID, *, limit: int) -> Sequence[str]:
    """Of documents, newest first, then the questions of FAQs without one. Raises `NotFound`."""
    found = await tx.collections.get(collection_id)
    documents = sa.select(sa.func.coalesce(Document.title, Document.name)).where(
        Document.workspace_id == tx.workspace_id, Document.status == "ready"
    )
    if not found.takes_everything:
        named = sa.select(CollectionSource.ref).where(
            CollectionSource.collection_id == found.id, CollectionSource.kind == "document"
        )
        documents = documents.where(Document.id.in_(named))
    titles = list(
        (await tx.session.scalars(documents.order_by(Document.created_at.desc(), Document.id).limit(limit))).all()
    )
    wanted = wanted_faqs(tx.workspace_id, found.id, everything=found.takes_everything)
    faqs = sa.select(Faq.question).where(wanted, Faq.document_id.is_(None)).order_by(Faq.created_at.desc(), Faq.id)
    return [*titles, *(await tx.session.scalars(faqs.limit(limit - len(titles)))).all()]
