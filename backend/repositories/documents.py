"""Documents, their sections and passages."""

from collections.abc import Sequence
from typing import Any, Final, Protocol, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.checked import checked
from backend.db.models import Document, Faq, Job, Passage, Section
from backend.errors import NotFound
from backend.repositories.paging import Keyset, Slice, page_of
from backend.repositories.removal import REMOVING
from backend.repositories.upsert import upsert
from contracts.documents import DocumentSort, DocumentStatus

_KEYSETS: Final[dict[DocumentSort, Keyset]] = {
    "newest": Keyset.by(Document.created_at, Document.id, descending=True),
    "name": Keyset.by(Document.name, Document.id),
}


_IDS: Final[sa.BindParameter[Any]] = sa.bindparam("ids", expanding=True)
_STAYS: Final = Document.status.not_in(REMOVING)
_THERE: Final = (checked(Document.workspace_id) == sa.bindparam("workspace"), _STAYS)
_ALL: Final = sa.select(Document).where(*_THERE, Document.id.in_(_IDS))
_PASSAGES: Final = (
    sa.select(
        Passage.id,
        Passage.start,
        Passage.end,
        Passage.page,
        Passage.section_id,
        Section.title_path,
        Section.text,
        Passage.document_id,
        Document.name.label("document_name"),
    )
    .join(Section, Section.id == Passage.section_id)
    .join(Document, Document.id == Passage.document_id)
    .where(*_THERE, Passage.id.in_(_IDS))
)


class PassageRow(Protocol):
    """A passage, and what a search needs of its section and document; `text` is the whole section's."""

    @property
    def id(self) -> UUID: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def page(self) -> int | None: ...
    @property
    def section_id(self) -> UUID: ...
    @property
    def title_path(self) -> Sequence[str]: ...
    @property
    def text(self) -> str: ...
    @property
    def document_id(self) -> UUID: ...
    @property
    def document_name(self) -> str: ...


class DocumentRepository:
    """Sees one workspace. Another workspace's document is not found, as an unknown one is."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def _mine(self) -> sa.Select[Document]:
        return sa.select(Document).where(*self._there())

    def _there(self) -> tuple[sa.ColumnElement[bool], ...]:
        return Document.workspace_id == self._workspace_id, _STAYS

    async def add(self, document: Document) -> None:
        self._session.add(document)
        await self._session.flush()

    async def get(self, document_id: UUID) -> Document:
        document = await self.find(document_id)
        if document is None:
            raise NotFound(f"no document {str(document_id)!r}")
        return document

    async def find(self, document_id: UUID) -> Document | None:
        return (await self._session.scalars(self._mine().where(Document.id == document_id))).one_or_none()

    async def find_by_sha256(self, sha256: str) -> Document | None:
        return (await self._session.scalars(self._mine().where(Document.sha256 == sha256))).one_or_none()

    async def find_by_external_id(self, external_id: str) -> Document | None:
        return (await self._session.scalars(self._mine().where(Document.external_id == external_id))).one_or_none()

    async def existing(self, document_ids: Sequence[UUID]) -> set[UUID]:
        found: set[UUID] = set()
        for start in range(0, len(document_ids), 500):
            chunk = document_ids[start : start + 500]
            query = sa.select(Document.id).where(*_THERE, Document.id.in_(_IDS))
            found.update((await self._session.scalars(query, {"workspace": self._workspace_id, "ids": chunk})).all())
        return found

    async def get_all(self, document_ids: Sequence[UUID]) -> Sequence[Document]:
        """Those that exist, in no particular order; at most 500 ids."""
        if not document_ids:
            return []
        return (await self._session.scalars(_ALL, {"workspace": self._workspace_id, "ids": document_ids})).all()

    async def page(
        self, slice_: Slice, *, text: str | None = None, sort: DocumentSort = "newest"
    ) -> tuple[Sequence[Document], str | None]:
        """Those with `text`, as written, in their name or title."""
        query = self._mine()
        if text:
            found = [column.icontains(text, autoescape=True) for column in (Document.name, Document.title)]
            query = query.where(sa.or_(*found))
        return await page_of(self._session, query, _KEYSETS[sort], slice_)

    async def named(self, text: str, *, limit: int) -> Sequence[Document]:
        """Those with `text` in their name or title, whatever its case."""
        found = [column.icontains(text, autoescape=True) for column in (Document.name, Document.title)]
        return (await self._session.scalars(self._mine().where(sa.or_(*found)).limit(limit))).all()

    async def faq_counts(self, document_ids: Sequence[UUID]) -> dict[UUID, int]:
        query = (
            sa.select(Faq.document_id, sa.func.count())
            .where(Faq.workspace_id == self._workspace_id, Faq.document_id.in_(document_ids))
            .group_by(Faq.document_id)
        )
        return {row[0]: row[1] for row in (await self._session.execute(query)) if row[0] is not None}

    async def set_status(self, document_id: UUID, status: DocumentStatus) -> None:
        await self._update(document_id, status=status.value)

    async def set_parsed(
        self, document_id: UUID, *, title: str | None, pages: int | None, sections: int, words: int
    ) -> None:
        await self._update(document_id, title=title, pages=pages, section_count=sections, word_count=words)

    async def set_job(self, document_id: UUID, job_id: UUID) -> None:
        await self._update(document_id, job_id=job_id, status=DocumentStatus.PENDING.value)

    async def _update(self, document_id: UUID, **values: object) -> None:
        await self._session.execute(
            sa.update(Document)
            .where(Document.workspace_id == self._workspace_id, Document.id == document_id)
            .values(**values)
        )

    async def latest_job(self, document_id: UUID) -> Job | None:
        """The last one that read it; drafting with a model is not reading."""
        query = (
            sa.select(Job)
            .where(
                Job.workspace_id == self._workspace_id, Job.document_id == document_id, Job.kind == "extract_document"
            )
            .order_by(Job.created_at.desc())
            .limit(1)
        )
        return (await self._session.scalars(query)).one_or_none()

    async def counts(self) -> tuple[int, int]:
        """(documents, passages) of the workspace."""
        documents = await self._session.scalar(sa.select(sa.func.count()).select_from(Document).where(*self._there()))
        passages = await self._session.scalar(
            sa.select(sa.func.count()).select_from(Passage).where(Passage.workspace_id == self._workspace_id)
        )
        return documents or 0, passages or 0

    # --- sections and passages ------------------------------------------------
    async def put_sections(self, rows: Sequence[dict[str, Any]]) -> None:
        """Inserts or replaces sections by id; at most 500 rows."""
        await self._upsert(Section, rows)

    async def put_passages(self, rows: Sequence[dict[str, Any]]) -> None:
        await self._upsert(Passage, rows)

    async def _upsert(self, table: type[Section] | type[Passage], rows: Sequence[dict[str, Any]]) -> None:
        await upsert(self._session, table, [{"workspace_id": self._workspace_id, **row} for row in rows])

    async def delete_sections(self, document_id: UUID, *, but: Sequence[UUID]) -> None:
        """With their passages; for documents of a few hundred sections."""
        theirs = (Section.workspace_id == self._workspace_id, Section.document_id == document_id)
        await self._session.execute(sa.delete(Section).where(*theirs, Section.id.not_in(but)))

    async def section(self, section_id: UUID) -> Section | None:
        query = sa.select(Section).where(Section.workspace_id == self._workspace_id, Section.id == section_id)
        return (await self._session.scalars(query)).one_or_none()

    async def sections(self, section_ids: Sequence[UUID]) -> Sequence[Section]:
        """In no particular order; at most 500 ids."""
        query = sa.select(Section).where(Section.workspace_id == self._workspace_id, Section.id.in_(section_ids))
        return (await self._session.scalars(query)).all()

    async def sections_after(self, document_id: UUID, ordinal: int, *, limit: int) -> Sequence[Section]:
        """In the order of the document, those that follow number `ordinal`."""
        mine = sa.select(Section).where(Section.workspace_id == self._workspace_id, Section.document_id == document_id)
        return (
            await self._session.scalars(mine.where(Section.ordinal > ordinal).order_by(Section.ordinal).limit(limit))
        ).all()

    async def passage(self, passage_id: UUID) -> tuple[Passage, Section, Document]:
        query = (
            sa.select(Passage, Section, Document)
            .join(Section, Section.id == Passage.section_id)
            .join(Document, Document.id == Passage.document_id)
            .where(*self._there(), Passage.id == passage_id)
        )
        row = (await self._session.execute(query)).one_or_none()
        if row is None:
            raise NotFound(f"no passage {str(passage_id)!r}")
        return row

    async def passages(self, passage_ids: Sequence[UUID]) -> Sequence[PassageRow]:
        """Those that exist, in no particular order. Columns: objects of the three tables take twice as long."""
        if not passage_ids:
            return []
        asked = {"workspace": self._workspace_id, "ids": passage_ids}
        return cast(Sequence[PassageRow], (await self._session.execute(_PASSAGES, asked)).all())
