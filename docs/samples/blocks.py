"""The Markdown that the sample documents are written in, as a flat list of blocks."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

_NUMBERED = re.compile(r"\d+\. ")
_TABLE_RULE = re.compile(r"\|[-| ]+\|")


@dataclass(frozen=True)
class Heading:
    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str
    is_note: bool = False


@dataclass(frozen=True)
class Listing:
    items: tuple[str, ...]
    is_numbered: bool


@dataclass(frozen=True)
class Table:
    """The first row is the header; every row has the same number of cells."""

    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Listing | Table
LineKind = Literal["blank", "heading", "note", "bullet", "numbered", "table", "text"]


def parse(markdown: str) -> list[Block]:
    """Headings, paragraphs, `>` notes, flat lists and pipe tables; `**bold**` stays in the text."""
    blocks: list[Block] = []
    for kind, lines in groupby(markdown.splitlines(), _kind):
        if kind == "heading":
            blocks += [_heading(line) for line in lines]
        elif kind != "blank":
            blocks.append(_block(kind, list(lines)))
    return blocks


def bold_runs(text: str) -> Iterable[tuple[str, bool]]:
    """The pieces of `text` between `**` marks, each with whether it is bold."""
    return ((piece, number % 2 == 1) for number, piece in enumerate(text.split("**")) if piece)


def _kind(line: str) -> LineKind:
    if not line.strip():
        return "blank"
    marks: tuple[tuple[str, LineKind], ...] = (("#", "heading"), ("> ", "note"), ("- ", "bullet"), ("|", "table"))
    for mark, kind in marks:
        if line.startswith(mark):
            return kind
    return "numbered" if _NUMBERED.match(line) else "text"


def _heading(line: str) -> Heading:
    hashes, text = line.split(" ", 1)
    return Heading(len(hashes), text)


def _block(kind: LineKind, lines: list[str]) -> Block:
    if kind == "table":
        return Table(tuple(_cells(line) for line in lines if not _TABLE_RULE.fullmatch(line)))
    if kind in ("bullet", "numbered"):
        return Listing(tuple(line.split(" ", 1)[1] for line in lines), is_numbered=kind == "numbered")
    if kind == "note":
        return Paragraph(" ".join(line.removeprefix("> ") for line in lines), is_note=True)
    return Paragraph(" ".join(lines))


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in line.strip("|").split("|"))
