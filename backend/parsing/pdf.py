"""PDF to events: pdfium's lines, headings from the outline and the font sizes, paragraphs, lists, tables and code."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium  # type: ignore[import-untyped]  # ships no types
import pypdfium2.raw as raw  # type: ignore[import-untyped]  # ships no types

from backend.errors import EncryptedPdf, Unparsable
from backend.jobs.child_main import Report
from backend.parsing.pdf_headings import Headings, Outline, OutlineEntry
from backend.parsing.pdf_lines import Page, read_page
from backend.parsing.pdf_paragraphs import Paragraphs
from backend.parsing.pdf_running import drop_running
from backend.parsing.sections import Event, Facts, one_line

PAGES = 20_000
BLIND_PAGES = 2_000
OUTLINE_ENTRIES = 20_000
_PAGE_SHARE, _TEXT_SHARE, _WHOLE = 7, 3, 10
"""Of the time that a page takes: reading its lines, and making paragraphs of them (measured on manuals of R)."""


def read(path: Path, report: Report) -> Iterator[Event]:
    """Raises `EncryptedPdf` or `Unparsable`."""
    document = _open(path)
    try:
        count = len(document)
        if count == 0:
            raise Unparsable("the PDF has no pages; export it again and upload that")
        if count > PAGES:
            raise Unparsable(f"the PDF says that it has {count} pages, at most {PAGES} are read; split it")
        pages = _read_pages(document, count, report)
        outline = _outline(document)
        title = one_line(document.get_metadata_value("Title"))
    finally:
        document.close()
    yield Facts(title=title, pages=count)
    drop_running(pages, {entry.title for entry in outline} | {title}, body_style(pages).size)
    style = body_style(pages)
    headings = Headings(pages, Outline(outline), style.size)
    for event in Paragraphs(pages, headings, style).events():
        yield event
        if not isinstance(event, Facts) and event.page is not None:
            report((count * _PAGE_SHARE + event.page * _TEXT_SHARE) // _WHOLE, count)
    report(count, count)


def _open(path: Path) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise EncryptedPdf("the PDF asks for a password; save a copy without one and upload that") from error
        raise Unparsable("the PDF is damaged; open it in a viewer, export it again and upload that") from error


def _read_pages(document: pdfium.PdfDocument, count: int, report: Report) -> list[Page]:
    """Broken pages are left out; a document of nothing else is refused early."""
    pages: list[Page] = []
    broken = 0
    for index in range(count):
        try:
            page = document[index]
        except pdfium.PdfiumError:
            broken += 1
            if broken > BLIND_PAGES:
                raise Unparsable("the PDF's pages are damaged; export it again and upload that") from None
            continue
        try:
            pages.append(read_page(page, index + 1))
        finally:
            page.close()
        report((index + 1) * _PAGE_SHARE // _WHOLE, count)
    if not pages:
        raise Unparsable("no page of the PDF can be read; export it again and upload that")
    return pages


def _outline(document: pdfium.PdfDocument) -> list[OutlineEntry]:
    entries: list[OutlineEntry] = []
    try:
        for mark in document.get_toc(max_depth=8):
            target = mark.get_dest()
            page = target.get_index() if target else None
            entries.append(OutlineEntry(mark.level + 1, one_line(mark.get_title()), None if page is None else page + 1))
            if len(entries) >= OUTLINE_ENTRIES:
                break
    except pdfium.PdfiumError:
        return entries
    return entries


@dataclass(frozen=True, slots=True)
class BodyStyle:
    """The size of most of the text, and the usual distance of its lines, in points."""

    size: float
    leading: float


def body_style(pages: list[Page]) -> BodyStyle:
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[line.size] += len(line.text)
    size = sizes.most_common(1)[0][0] if sizes else 10.0
    steps: Counter[float] = Counter()
    for page in pages:
        for before, line in zip(page.lines, page.lines[1:], strict=False):
            step = round(before.base - line.base, 1)
            if before.size == line.size == size and 0.8 * size < step < 2.2 * size:
                steps[step] += 1
    return BodyStyle(size, steps.most_common(1)[0][0] if steps else 1.25 * size)
