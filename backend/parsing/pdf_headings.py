"""Which lines of a PDF are headings, and of which level: its outline first, then the sizes of the fonts."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from backend.parsing.pdf_lines import Line, Page

_LARGER = 1.08
_LENGTH = 200
_LINES = 4
_LEVELS = 6
_NUMBER = re.compile(r"^(?:(?:chapter|part|section|appendix)\s+)?(?:\d+|[A-Z]|[IVX]+)(?:\.\d+)*[.:)]?\s+", re.I)
_NUMBERED = re.compile(r"^(\d{1,2}(?:\.\d{1,3}){1,4})\.?\s+\S")
_CHAPTER = re.compile(r"^(?:chapter|part|appendix)\s+\w{1,9}[.:]?$", re.I)
_TOC_LINE = re.compile(r"(?:\.\s?){4,}\s*(?:\d+|[ivxlc]+)?\s*$")
_SENTENCE = re.compile(r"[a-z)][.;,]$")


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A bookmark. `level` and `page` count from 1."""

    level: int
    title: str
    page: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """A heading that starts at a line and takes `lines` lines."""

    level: int
    text: str
    lines: int


def is_toc_line(text: str) -> bool:
    """`3.2 Something . . . . . 17`."""
    return _TOC_LINE.search(text) is not None


def joined(lines: Iterable[Line]) -> str:
    return " ".join(line.text for line in lines)


class Outline:
    """Bookmarks by page and words."""

    def __init__(self, entries: list[OutlineEntry]) -> None:
        self._levels: dict[tuple[int | None, str], int] = {}
        self._longest = 0
        for entry in entries:
            for words in {_words(entry.title), _words(_NUMBER.sub("", entry.title))} - {""}:
                self._levels.setdefault((entry.page, words), entry.level)
                self._longest = max(self._longest, len(words))
        self.size = len(entries)

    def find(self, lines: list[Line]) -> Found | None:
        """The longest run from the first line on that a bookmark of this page names."""
        page = lines[0].page
        best: Found | None = None
        for count in range(1, min(_LINES, len(lines)) + 1):
            text = joined(lines[:count])
            if len(text) > self._longest + 40:
                break
            level = self._level(page, _words(text)) or self._level(page, _words(_NUMBER.sub("", text)))
            if level is not None:
                best = Found(level, text, count)
        return best

    def _level(self, page: int, words: str) -> int | None:
        return self._levels.get((page, words)) if words else None


class Headings:
    """Learns the fonts of the outline's headings; a line in the same or a larger font is a heading too."""

    def __init__(self, pages: list[Page], outline: Outline, body_size: float) -> None:
        self._outline = outline
        self._body = body_size
        self._levels = self._learned(pages) or self._ranked(pages)

    def find(self, lines: list[Line]) -> Found | None:
        """The heading that starts with the first of these lines of one page, if there is one."""
        if found := self._outline.find(lines):
            return found
        first = lines[0]
        if not self._may_be_heading(first):
            return None
        taken = [first]
        for line in lines[1:_LINES]:
            if not self._same_heading(taken[-1], line) or self._outline.find(lines[len(taken) :]):
                break
            taken.append(line)
        text = joined(taken)
        if len(text) > _LENGTH or is_toc_line(text):
            return None
        return Found(self._level(first), text, len(taken))

    def _may_be_heading(self, line: Line) -> bool:
        text = line.text
        if len(text) > _LENGTH or sum(sign.isalpha() for sign in text) < 2 or is_toc_line(text):
            return False
        if len(line.cells) > 2 or line.is_fixed:
            return False
        if line.size >= _LARGER * self._body:
            return self._is_heading_font(line)
        numbered = _NUMBERED.match(text) is not None
        return numbered and line.is_bold and line.size >= 0.95 * self._body and not _SENTENCE.search(text)

    def _is_heading_font(self, line: Line) -> bool:
        """With an outline, a large font that no bookmark uses must at least be bold or much larger."""
        if _font(line) in self._levels or not self._outline.size:
            return True
        return line.is_bold or line.size >= 1.3 * self._body

    def _same_heading(self, before: Line, line: Line) -> bool:
        gap = before.base - line.base
        return (
            abs(before.size - line.size) < 0.3
            and before.is_bold == line.is_bold
            and 0 < gap < 1.7 * line.size
            and not _NUMBERED.match(line.text)
            and not _CHAPTER.match(before.text)
        )

    def _level(self, line: Line) -> int:
        numbered = _NUMBERED.match(line.text)
        if (level := self._levels.get(_font(line))) is not None:
            return level
        if numbered:
            return min(_LEVELS, numbered[1].count(".") + 1)
        larger = [level for (size, _), level in self._levels.items() if size > line.size + 0.2]
        return min(_LEVELS, max(larger, default=0) + 1)

    def _learned(self, pages: list[Page]) -> dict[tuple[float, bool], int]:
        """Font -> the level that most bookmarks give it."""
        votes: defaultdict[tuple[float, bool], Counter[int]] = defaultdict(Counter)
        if not self._outline.size:
            return {}
        for page in pages:
            for at, line in enumerate(page.lines):
                if line.size >= _LARGER * self._body and (found := self._outline.find(page.lines[at : at + _LINES])):
                    votes[_font(line)][found.level] += 1
        return {font: levels.most_common(1)[0][0] for font, levels in votes.items()}

    def _ranked(self, pages: list[Page]) -> dict[tuple[float, bool], int]:
        """Without an outline the larger font is the higher level."""
        fonts = {
            _font(line)
            for page in pages
            for line in page.lines
            if line.size >= _LARGER * self._body and len(line.text) <= _LENGTH and not line.is_fixed
        }
        ranked = sorted(fonts, reverse=True)
        return {font: min(_LEVELS, rank + 1) for rank, font in enumerate(ranked)}


def is_chapter_label(text: str) -> bool:
    """`Chapter 3` on a line of its own: its title follows."""
    return _CHAPTER.match(text.strip()) is not None


def _font(line: Line) -> tuple[float, bool]:
    return round(line.size * 2) / 2, line.is_bold


def _words(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
