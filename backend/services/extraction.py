"""From a stored file to FAQ drafts. Every write may be repeated: ids come from the document and the place in it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, Final, TypeVar
from uuid import UUID, uuid5

from pydantic import BaseModel

from backend.db.models import Document
from backend.db.models import Section as SectionRow
from backend.errors import JobCancelled, NoText
from backend.faqs.base import FaqDraft, FaqExtractor
from backend.files import FileStore
from backend.jobs.children import ChildProgress
from backend.jobs.poison import run_with_poison_guard
from backend.parsing.base import ParsedDocument, Parser, Passage, Section
from backend.parsing.sections import TITLE_LENGTH
from backend.repositories.uow import Tx, UnitOfWork
from backend.services.sync import CollectionSync
from backend.tracing.track import track
from contracts.documents import DocumentStatus
from contracts.faqs import FaqStatus

ROWS: Final = 200

T = TypeVar("T")
Report = Callable[[str, int, int], Awaitable[None]]
"""Awaited with (stage, done, total)."""


class Extracted(BaseModel):
    sections: int
    drafts: int


class Extraction:
    """The steps of an `extract_document` job. A document deleted meanwhile ends them with `JobCancelled`."""

    def __init__(
        self,
        uow: UnitOfWork,
        files: FileStore,
        parser: Parser,
        extractor: FaqExtractor,
        sync: CollectionSync,
    ) -> None:
        self._uow = uow
        self._files = files
        self._parser = parser
        self._extractor = extractor
        self._sync = sync

    @track("extraction.read")
    async def read(self, workspace_id: UUID, document_id: UUID, report: Report) -> Extracted:
        """Parses the file, stores sections, passages and drafts."""
        async with self._uow.read(workspace_id) as tx:
            document = await alive(tx, document_id)
        path = self._files.path(workspace_id, document_id)
        async with _forwarded(lambda done, total: report("reading", done, total)) as hear:
            parsed = await run_with_poison_guard(
                document.name, lambda: self._parser.parse(path, document.media_type, hear)
            )
        with parsed:
            if parsed.word_count == 0:
                raise NoText("the document has no text; scanned pages need OCR, which is not available yet")
            await self._store_sections(workspace_id, document, parsed, report)
            drafts = await self._store_drafts(workspace_id, document, parsed, report)
        return Extracted(sections=parsed.section_count, drafts=drafts)

    async def _store_sections(
        self, workspace_id: UUID, document: Document, parsed: ParsedDocument, report: Report
    ) -> None:
        done, title = 0, parsed.title
        async for sections in _batches(parsed.sections, ROWS):
            title = title or _first_heading(sections)
            async with self._uow(workspace_id) as tx:
                await alive(tx, document.id)
                await tx.documents.put_sections([_section_row(document.id, section) for section in sections])
            done += len(sections)
            await report("storing", done, parsed.section_count)
        ordinal = 0
        async for passages in _batches(parsed.passages, ROWS):
            rows = [_passage_row(document.id, passage, number) for number, passage in enumerate(passages, ordinal)]
            ordinal += len(passages)
            async with self._uow(workspace_id) as tx:
                await alive(tx, document.id)
                await tx.documents.put_passages(rows)
        async with self._uow(workspace_id) as tx:
            await tx.documents.set_parsed(
                document.id,
                title=" ".join(title.split())[:TITLE_LENGTH] or None,
                pages=parsed.pages,
                sections=parsed.section_count,
                words=parsed.word_count,
            )

    async def _store_drafts(
        self, workspace_id: UUID, document: Document, parsed: ParsedDocument, report: Report
    ) -> int:
        await report("drafting", 0, 0)
        # The child has done its work when the first draft comes; drafts stored before a repetition are not doubled.
        return await run_with_poison_guard(
            document.name, lambda: self._stream_drafts(workspace_id, document, parsed, report)
        )

    async def _stream_drafts(
        self, workspace_id: UUID, document: Document, parsed: ParsedDocument, report: Report
    ) -> int:
        done = 0
        batch: list[FaqDraft] = []
        async for draft in self._extractor.extract(parsed):
            batch.append(draft)
            if len(batch) == ROWS:
                await self._put_drafts(workspace_id, document, batch, first=done)
                done, batch = done + len(batch), []
                await report("drafting", done, 0)
        await self._put_drafts(workspace_id, document, batch, first=done)
        return done + len(batch)

    async def _put_drafts(self, workspace_id: UUID, document: Document, batch: list[FaqDraft], *, first: int) -> None:
        async with self._uow(workspace_id) as tx:
            await alive(tx, document.id)
            wanted = list({_section_id(document.id, draft.section) for draft in batch})
            sections = {section.ordinal: section for section in await tx.documents.sections(wanted)}
            await tx.faqs.put_drafts(
                [
                    draft_row(document, sections[draft.section], draft, ordinal=first_ordinal(document) + first + n)
                    for n, draft in enumerate(batch)
                ]
            )

    async def publish(self, workspace_id: UUID, document_id: UUID) -> None:
        """The document is ready: its passages may be searched."""
        async with self._uow(workspace_id) as tx:
            await alive(tx, document_id)
            await tx.documents.set_status(document_id, DocumentStatus.READY)
            await self._sync.note(tx, [document_id])


async def alive(tx: Tx, document_id: UUID) -> Document:
    """The document that a job works on. Raises `JobCancelled` when it is gone."""
    document = await tx.documents.find(document_id)
    if document is None:
        raise JobCancelled("the document was deleted")
    return document


def _first_heading(sections: Sequence[Section]) -> str:
    return next((section.title_path[0] for section in sections if section.title_path), "")


def _section_id(document_id: UUID, ordinal: int) -> UUID:
    return uuid5(document_id, f"section:{ordinal}")


def _section_row(document_id: UUID, section: Section) -> dict[str, Any]:
    return {
        "id": _section_id(document_id, section.ordinal),
        "document_id": document_id,
        "ordinal": section.ordinal,
        "title_path": list(section.title_path),
        "level": section.level,
        "page": section.page,
        "anchor": section.anchor,
        "text": section.text,
        "blocks": [[block.kind, block.start, block.end, block.page] for block in section.blocks],
    }


def _passage_row(document_id: UUID, passage: Passage, ordinal: int) -> dict[str, Any]:
    return {
        "id": uuid5(document_id, f"passage:{ordinal}"),
        "document_id": document_id,
        "section_id": _section_id(document_id, passage.section),
        "ordinal": ordinal,
        "start": passage.start,
        "end": passage.end,
        "page": passage.page,
    }


def first_ordinal(document: Document) -> int:
    """Below the ordinals of the document's FAQs, above those of older documents."""
    return int(document.created_at.timestamp() * 1000) << 20


def draft_row(
    document: Document, section: SectionRow, draft: FaqDraft, *, ordinal: int, drafted_by: str | None = None
) -> dict[str, Any]:
    """The same draft is the same row, whenever it is made. Rules and models have rows of their own."""
    maker = "draft" if drafted_by is None else "model"
    return {
        "id": uuid5(document.id, f"{maker}:{draft.section}:{draft.start}:{draft.question}"),
        "document_id": document.id,
        "section_id": section.id,
        "ordinal": ordinal,
        "question": draft.question,
        "answer": draft.answer,
        "status": FaqStatus.DRAFT.value,
        "kind": draft.kind,
        "confidence": draft.confidence,
        "reason": draft.reason,
        "section_title": " > ".join(section.title_path),
        "page": draft.page if draft.page is not None else section.page,
        "anchor": section.anchor,
        "quote": section.text[draft.start : draft.end],
        "start": draft.start,
        "end": draft.end,
        "tags": [],
        "revision": 1,
        "drafted_by": drafted_by,
        "place": 0 if drafted_by is None else (section.ordinal << 24) + draft.start,
    }


async def _batches(items: Iterable[T], size: int) -> AsyncIterator[Sequence[T]]:
    """Reads a file's records off the loop."""
    records: Iterator[T] = iter(items)
    while batch := await asyncio.to_thread(lambda: list(islice(records, size))):
        yield batch


@asynccontextmanager
async def _forwarded(
    report: Callable[[int, int], Awaitable[None]],
) -> AsyncGenerator[Callable[[ChildProgress], None]]:
    """A callback for a child's progress; the newest value is reported, older ones are skipped."""
    newest: ChildProgress | None = None
    news = asyncio.Event()

    def hear(progress: ChildProgress) -> None:
        nonlocal newest
        newest = progress
        news.set()

    async def forward() -> None:
        while True:
            await news.wait()
            news.clear()
            if newest is not None:
                await report(newest.done, newest.total or 0)

    task = asyncio.create_task(forward())
    try:
        yield hear
    finally:
        task.cancel()
        await asyncio.wait([task])
