"""From a reader's events (headings and pieces of text, in reading order) to sections.

A reader is `read(path, report) -> Iterator[Event]`; it neither counts offsets nor limits sizes: that is done here.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend.parsing.base import Block, BlockKind, Section

SECTION_LENGTH = 200_000
PIECE_LENGTH = 20_000
TITLE_LENGTH = 300

_DROPPED = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u00ad\u200b\u2060\ufeff\ufffe\ud800-\udfff]")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
_ASKED = re.compile(r"(?:Q|Question)\s*\d*\s*[:.)]\s+\S")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1..6 (or deeper). It closes the section before it."""

    level: int
    text: str
    page: int | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """One block of text. List items carry their mark (`- ` or `1. `); code and tables keep their lines."""

    kind: BlockKind
    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reader knows of the whole document; the last one given counts."""

    title: str = ""
    pages: int | None = None


Event = Heading | Piece | Facts


def clean(text: str) -> str:
    """NFC without control characters, soft hyphens and ligatures; white space is left as it is."""
    return unicodedata.normalize("NFC", _DROPPED.sub("", text)).translate(_LIGATURES)


def one_line(text: str) -> str:
    """`clean`, and every run of white space is one space."""
    return " ".join(clean(text).split())


def keep_lines(text: str) -> str:
    """`clean` with line breaks kept, as code and tables need: no trailing space, no blank first or last line."""
    lines = [line.rstrip() for line in clean(text).expandtabs(4).splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines).rstrip()


def build_sections(events: Iterable[Heading | Piece]) -> Iterator[Section]:
    """Sections in order, numbered from 0. An empty one is kept only for its heading."""
    section = _OpenSection(0, (), 0, None, None)
    path: list[tuple[int, str]] = []
    for event in events:
        if isinstance(event, Heading):
            title = one_line(event.text)[:TITLE_LENGTH].strip()
            if not title:
                continue
            if not section.is_empty or section.title_path:
                yield section.close()
            path = [(level, name) for level, name in path if level < event.level] + [(event.level, title)]
            titles = tuple(name for _, name in path)
            section = _OpenSection(section.following, titles, event.level, event.page, event.anchor)
            continue
        for text in _cut(_normal(event)):
            if not section.has_room(text):
                yield section.close()
                section = section.continued(event.page)
            section.add(_kind(event, text), text, event.page)
    if not section.is_empty or section.title_path:
        yield section.close()


def _kind(piece: Piece, text: str) -> BlockKind:
    """`Q: ...` stands out like a bold line, whatever the format."""
    if piece.kind == "paragraph" and len(text) <= TITLE_LENGTH and _ASKED.match(text):
        return "bold"
    return piece.kind


def _normal(piece: Piece) -> str:
    if piece.kind in ("code", "table"):
        return keep_lines(piece.text)
    return one_line(piece.text)


def _cut(text: str) -> Iterator[str]:
    """Pieces of at most `PIECE_LENGTH` characters, cut at a line end or at white space where there is one."""
    start = 0
    while len(text) - start > PIECE_LENGTH:
        end = text.rfind("\n", start + 1, start + PIECE_LENGTH)
        if end < 0:
            end = text.rfind(" ", start + 1, start + PIECE_LENGTH)
        if end < 0:
            end = start + PIECE_LENGTH
        if part := text[start:end].strip():
            yield part
        start = end
    if part := text[start:].strip("\n"):
        yield part


class _OpenSection:
    """A section that is still being filled."""

    def __init__(
        self, ordinal: int, title_path: tuple[str, ...], level: int, page: int | None, anchor: str | None
    ) -> None:
        self.title_path = title_path
        self.following = ordinal
        self._level = level
        self._page = page
        self._anchor = anchor
        self._texts: list[str] = []
        self._blocks: list[Block] = []
        self._length = 0

    @property
    def is_empty(self) -> bool:
        return not self._blocks

    def has_room(self, text: str) -> bool:
        return not self._blocks or self._length + len(text) <= SECTION_LENGTH

    def continued(self, page: int | None) -> "_OpenSection":
        return _OpenSection(self.following, self.title_path, self._level, page or self._page, self._anchor)

    def add(self, kind: BlockKind, text: str, page: int | None) -> None:
        if self._blocks:
            in_list = kind in ("list", "ordered") and self._blocks[-1].kind in ("list", "ordered")
            gap = "\n" if in_list else "\n\n"
            self._texts.append(gap)
            self._length += len(gap)
        self._texts.append(text)
        end = self._length + len(text)
        self._blocks.append(Block(kind=kind, start=self._length, end=end, page=page))
        self._length = end

    def close(self) -> Section:
        section = Section(
            ordinal=self.following,
            title_path=self.title_path,
            level=self._level,
            text="".join(self._texts),
            blocks=tuple(self._blocks),
            page=self._page if self._page is not None else self._first_page(),
            anchor=self._anchor,
        )
        self.following += 1
        return section

    def _first_page(self) -> int | None:
        return self._blocks[0].page if self._blocks else None
