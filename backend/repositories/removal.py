"""The removal of a document: hidden at once, emptied a portion at a time."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.models import Collection, CollectionSource, Document, Faq, Passage, Section
from backend.errors import NotFound
from backend.repositories.upsert import insert_absent

KeptFaqs = Literal["keep", "delete"]
PORTION: Final = 250
"""Rows that one transaction takes out; with what refers to them it stays far below the busy timeout."""

_STATUS: Final[dict[KeptFaqs, str]] = {"keep": "removing", "delete": "removing_faqs"}
REMOVING: Final = tuple(_STATUS.values())


class RemovalRepository:
    """Sees one workspace. A document being removed is found by nothing else."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def begin(self, document: Document, *, faqs: KeptFaqs) -> None:
        """Its content may be uploaded, and its other id used, again from now on."""
        document.status, document.sha256, document.external_id = _STATUS[faqs], f"removed {document.id}", None
        await self._session.flush()

    async def begun(self) -> Sequence[UUID]:
        """Documents whose removal has not ended."""
        query = sa.select(Document.id).where(Document.workspace_id == self._workspace_id, Document.status.in_(REMOVING))
        return (await self._session.scalars(query)).all()

    async def step(self, document_id: UUID) -> bool:
        """Takes out a portion; False once nothing of the document is left. Approved FAQs may outlive it."""
        document = await self._session.get(Document, document_id)
        if document is None:
            return False
        if document.workspace_id != self._workspace_id or document.status not in REMOVING:
            raise NotFound(f"no document {str(document_id)!r} that is being removed")
        keeps = document.status == _STATUS["keep"]
        if await self._delete_faqs(document_id, keeps_approved=keeps) or await self._detach_faqs(document_id):
            return True
        for table in (Passage, Section):
            if await self._delete_rows(table, document_id):
                return True
        await self._forget([document_id])
        await self._session.delete(document)
        await self._session.flush()
        return False

    async def _delete_faqs(self, document_id: UUID, *, keeps_approved: bool) -> bool:
        chosen = sa.and_(Faq.workspace_id == self._workspace_id, Faq.document_id == document_id)
        if keeps_approved:
            chosen = sa.and_(chosen, Faq.status != "approved")
        ids = await self._ids(sa.select(Faq.id).where(chosen))
        if ids:
            await self._forget(ids)
            await self._session.execute(sa.delete(Faq).where(Faq.id.in_(ids)))
        return bool(ids)

    async def _detach_faqs(self, document_id: UUID) -> bool:
        """What is left of its FAQs stays, also in the collections that drew them through the document."""
        ids = await self._ids(sa.select(Faq.id).where(Faq.document_id == document_id))
        if not ids:
            return False
        drawing = sa.select(Collection.id).join(CollectionSource, CollectionSource.collection_id == Collection.id)
        named = CollectionSource.kind == "document", CollectionSource.ref == document_id
        base = {"workspace_id": self._workspace_id, "kind": "faq"}
        for collection_id in (await self._session.scalars(drawing.where(*named))).all():
            rows = [{**base, "collection_id": collection_id, "ref": faq_id} for faq_id in ids]
            await insert_absent(self._session, CollectionSource, rows)
        await self._session.execute(sa.update(Faq).where(Faq.id.in_(ids)).values(document_id=None, section_id=None))
        return True

    async def _delete_rows(self, table: type[Passage] | type[Section], document_id: UUID) -> bool:
        ids = await self._ids(sa.select(table.id).where(table.document_id == document_id))
        if ids:
            await self._session.execute(sa.delete(table).where(table.id.in_(ids)))
        return bool(ids)

    async def _ids(self, query: sa.Select[UUID]) -> Sequence[UUID]:
        return (await self._session.scalars(query.limit(PORTION))).all()

    async def _forget(self, refs: Sequence[UUID]) -> None:
        mine = CollectionSource.workspace_id == self._workspace_id
        await self._session.execute(sa.delete(CollectionSource).where(mine, CollectionSource.ref.in_(refs)))
