"""What a parser gives: sections of text with their place in the document."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict

from backend.jobs.children import ChildProgress

BlockKind = Literal["paragraph", "bold", "list", "ordered", "code", "table", "quote"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Block(_Frozen):
    """A run of `Section.text[start:end]`. Blocks are in order, do not overlap, and only white space lies between.

    A list has one block an item, which starts with its mark (`- ` or `1. `); code and tables keep their lines, a
    table's cells are divided by ` | `. A line `Q: ...` and the term of a definition are bold.
    """

    kind: BlockKind
    start: int
    end: int
    page: int | None = None


class Section(_Frozen):
    """The text under one heading, without the heading.

    `title_path` goes from the outermost heading to this one; it is empty for text before the first heading.
    `text` may be empty (a heading with only sub-headings). `page` counts from 1 and is the heading's.
    `anchor` is the fragment of an HTML heading. Offsets are in code points.
    """

    ordinal: int
    title_path: tuple[str, ...]
    level: int
    text: str
    blocks: tuple[Block, ...]
    page: int | None = None
    anchor: str | None = None

    @property
    def title(self) -> str:
        return self.title_path[-1] if self.title_path else ""


def _nothing() -> None:
    """There is nothing on disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """A document as sections in reading order.

    `sections` and `passages` can be iterated again and may be larger than memory. They may lie on disk until the
    document is closed; leaving a `with` block closes it.
    """

    title: str
    pages: int | None
    section_count: int
    word_count: int
    sections: Iterable[Section]
    passages: Iterable["Passage"] = ()
    release: Callable[[], None] = _nothing

    def close(self) -> None:
        self.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Parser(Protocol):
    """Raises `EncryptedPdf`, `NoText`, `ArchiveTooLarge`, `Unparsable`, `UnsupportedType` or `ChildFailed`."""

    async def parse(
        self, path: Path, media_type: str, on_progress: Callable[[ChildProgress], None] | None = None
    ) -> ParsedDocument: ...


class Passage(_Frozen):
    """A piece of one section that fits the embedding model: `section.text[start:end]`."""

    section: int
    start: int
    end: int
    page: int | None
