"""Lines of a PDF to blocks: paragraphs rejoined over lines and pages, list items, tables, code."""

import re
from collections.abc import Iterator
from typing import Protocol

from backend.parsing.pdf_headings import Found, Headings, is_chapter_label, is_toc_line
from backend.parsing.pdf_lines import HYPHENS, Line, Page
from backend.parsing.sections import Event, Heading, Piece

_BULLET = re.compile(r"^([•●◦▪■‣∙·*–—-]|o(?=\s))\s+(?=\S)")
_ORDERED = re.compile(r"^\(?(\d{1,3}|[a-z]|[ivx]{1,5})[.)]\s+(?=\S)")
_ENDS = re.compile(r"[.!?:;]['\"”’)\]]*$")
_BOLD_LENGTH = 160
_NEW_PARAGRAPH = 1.3
_NOTE_SIZE = 0.92
_AHEAD = 4
_LABEL_WORDS = frozenset({"chapter", "part", "appendix"})
_WORDS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


class Style(Protocol):
    @property
    def size(self) -> float: ...
    @property
    def leading(self) -> float: ...


class Paragraphs:
    """Walks the pages' lines once, holding back the paragraph that may still go on."""

    def __init__(self, pages: list[Page], headings: Headings, style: Style) -> None:
        self._pages = pages
        self._headings = headings
        self._style = style
        self._lines: list[Line] = []
        self._notes: list[Line] = []
        self._label: Heading | None = None
        self._words = {word.casefold() for page in pages for line in page.lines for word in _WORDS.findall(line.text)}

    def events(self) -> Iterator[Event]:
        for page in self._pages:
            yield from self._page(page)
        yield from self._end_paragraph()
        if self._label is not None:
            yield self._label

    def _page(self, page: Page) -> Iterator[Event]:
        """A paragraph may go on over the page's footnotes, which follow it."""
        cut = self._footnotes_start(page)
        yield from self._walk(page.lines[:cut])
        self._notes += page.lines[cut:]

    def _footnotes_start(self, page: Page) -> int:
        """Where the small print at the foot of the page starts."""
        start = len(page.lines)
        while start and page.lines[start - 1].size <= _NOTE_SIZE * self._style.size:
            start -= 1
        is_note = start < len(page.lines) and page.lines[start].top < 0.5 * page.height
        return start if start and is_note else len(page.lines)

    def _end_paragraph(self) -> Iterator[Event]:
        lines, self._lines = self._lines, []
        if lines:
            yield self._piece(lines)
        notes, self._notes = self._notes, []
        if notes:
            yield from self._walk(notes)
            yield from self._end_paragraph()

    def _walk(self, lines: list[Line]) -> Iterator[Event]:
        at = 0
        while at < len(lines):
            rest = lines[at : at + _AHEAD]
            line = rest[0]
            if found := self._headings.find(rest):
                found = self._with_label_word(found)
                yield from self._end_paragraph()
                yield from self._heading(found, line)
                at += found.lines
                continue
            if is_toc_line(line.text):
                at += 1
                continue
            if rows := _table_rows(lines, at):
                yield from self._end_paragraph()
                yield Piece("table", _table(lines[at : at + rows]), line.page)
                at += rows
                continue
            if self._lines and self._starts_block(self._lines[-1], line):
                yield from self._end_paragraph()
            self._lines.append(line)
            at += 1

    def _with_label_word(self, found: Found) -> Found:
        """`Chapter` over a large `Four` is one label."""
        if len(self._lines) != 1 or self._lines[0].text.casefold() not in _LABEL_WORDS:
            return found
        return Found(found.level, f"{self._lines.pop().text} {found.text}", found.lines)

    def _heading(self, found: Found, line: Line) -> Iterator[Event]:
        heading = Heading(found.level, _mended(found.text), line.page)
        if is_chapter_label(heading.text) and self._label is None:
            self._label = heading
            return
        label, self._label = self._label, None
        if label is not None and label.page == line.page:
            level = min(label.level, heading.level)
            heading = Heading(level, f"{label.text} {heading.text}", line.page)
        elif label is not None:
            yield label
        yield heading

    def _starts_block(self, before: Line, line: Line) -> bool:
        if before.is_fixed and line.is_fixed:
            return self._far(before, line)
        if before.is_fixed != line.is_fixed and not self._wraps_code(before, line):
            return True
        if _BULLET.match(line.text) or (_ORDERED.match(line.text) and not self._is_wrapped(before, line)):
            return True
        if before.page != line.page:
            return self._ends_on_page(before, line)
        if abs(before.size - line.size) > 0.8 or before.is_bold != line.is_bold:
            return not self._is_wrapped(before, line)
        return self._far(before, line) or self._is_indented(before, line)

    def _wraps_code(self, before: Line, line: Line) -> bool:
        """A paragraph whose last or next words happen to be in a code font."""
        if self._far(before, line) or abs(before.left - line.left) > 2 * line.size:
            return False
        if line.is_fixed:
            return len(line.cells) == 1 and not _ENDS.search(before.text)
        return not all(entry.is_fixed for entry in self._lines)

    def _far(self, before: Line, line: Line) -> bool:
        if before.page != line.page:
            return True
        step = before.base - line.base
        scale = max(line.size / self._style.size, 0.6)
        return step < 0 or step > _NEW_PARAGRAPH * self._style.leading * scale

    def _is_wrapped(self, before: Line, line: Line) -> bool:
        """The line before is full and does not end a sentence: this one goes on."""
        step = before.base - line.base
        near = before.page == line.page and 0 < step < _NEW_PARAGRAPH * self._style.leading
        widest = max((entry.right for entry in self._lines), default=before.right)
        full = before.right >= widest - 4 * line.size and before.right - before.left > 20 * line.size
        return near and full and not _ENDS.search(before.text) and abs(before.size - line.size) <= 0.8

    def _is_indented(self, before: Line, line: Line) -> bool:
        """A first line that is set in after a finished sentence, or the end of a list item's hanging indent."""
        if line.left - before.left > 0.8 * line.size:
            hangs = len(self._lines) == 1 and (_BULLET.match(before.text) or _ORDERED.match(before.text))
            return not hangs and _ENDS.search(before.text) is not None
        is_item = _BULLET.match(self._lines[0].text) or _ORDERED.match(self._lines[0].text)
        first_set_in = len(self._lines) == 1 and before.left - line.left <= 3 * line.size
        return before.left - line.left > 0.8 * line.size and (bool(is_item) or not first_set_in)

    def _ends_on_page(self, before: Line, line: Line) -> bool:
        goes_on = line.text[:1].islower() or not _ENDS.search(before.text)
        same = abs(before.size - line.size) <= 0.3 and before.is_bold == line.is_bold
        return not (goes_on and same)

    def _piece(self, lines: list[Line]) -> Piece:
        page = lines[0].page
        text = self._joined(lines)
        is_bold = all(line.is_bold for line in lines) and len(text) <= _BOLD_LENGTH
        if all(line.is_fixed for line in lines) and not is_bold:
            return Piece("code", _code(lines), page)
        if bullet := _BULLET.match(text):
            return Piece("list", "- " + text[bullet.end() :], page)
        if _ORDERED.match(text):
            return Piece("ordered", text, page)
        return Piece("bold" if is_bold else "paragraph", text, page)

    def _joined(self, lines: list[Line]) -> str:
        text = lines[0].text
        for line in lines[1:]:
            text = self._glue(text, line.text)
        return _mended(text)

    def _glue(self, text: str, following: str) -> str:
        """Undo a hyphen at the line's end unless the document writes the word with one."""
        if text[-1] not in HYPHENS + "-" or len(text) < 2 or not text[-2].isalpha() or not following[0].islower():
            return f"{text} {following}"
        left = re.search(r"[^\W\d_]+$", text[:-1])
        right = re.match(r"[^\W\d_]+", following)
        first, second = (left[0] if left else ""), (right[0] if right else "")
        hyphenated = f"{first}-{second}".casefold() in self._words and f"{first}{second}".casefold() not in self._words
        return f"{text[:-1]}{'-' if hyphenated else ''}{following}"


def _mended(text: str) -> str:
    """Inside a line pdfium marks a broken word with a control sign."""
    return re.sub(f"(?<=\\w)[{HYPHENS}]\\s*(?=\\w)", "", text)


def _table_rows(lines: list[Line], at: int) -> int:
    """How many lines from here on are rows with the same columns, wrapped cells included; one row is no table."""
    first = lines[at]
    if not _is_row(first):
        return 0
    rows, count = 1, 1
    for before, line in zip(lines[at:], lines[at + 1 :], strict=False):
        if line.base >= before.base or line.page != before.page:
            break
        if _is_row(line) and _shares_column(first, line):
            rows += 1
        elif not _wraps_cell(first, before, line):
            break
        count += 1
    return count if rows >= 2 else 0


def _wraps_cell(first: Line, before: Line, line: Line) -> bool:
    near = before.base - line.base < 1.6 * line.size
    return near and len(line.cells) == 1 and any(abs(left - line.left) < line.size for left in first.lefts[1:])


def _table(lines: list[Line]) -> str:
    rows: list[str] = []
    for line in lines:
        if len(line.cells) == 1 and rows:
            rows[-1] += " " + line.text
        else:
            rows.append(" | ".join(line.cells))
    return "\n".join(_mended(row) for row in rows)


def _is_row(line: Line) -> bool:
    return len(line.cells) >= 2 and not (line.is_fixed or _is_item_row(line) or is_toc_line(line.text))


def _is_item_row(line: Line) -> bool:
    return bool(_BULLET.match(line.cells[0] + " x") or _ORDERED.match(line.cells[0] + " x"))


def _shares_column(first: Line, line: Line) -> bool:
    return any(abs(left - other) < 1.5 * line.size for left in first.lefts[1:] for other in line.lefts[1:])


def _code(lines: list[Line]) -> str:
    """Lines with their indent, counted in signs of the font."""
    edge = min(line.left for line in lines)
    rows = []
    for line in lines:
        wide = max((line.right - line.left) / max(1, len(line.text)), 0.3 * line.size)
        rows.append(" " * min(80, round((line.left - edge) / wide)) + "  ".join(line.cells))
    return "\n".join(rows)
