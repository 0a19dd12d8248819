"""What a parser gives: sections of text with their place in the document."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

BlockKind = Literal["paragraph", "bold", "list", "ordered", "code", "table", "quote"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Block(_Frozen):
    """A run of `Section.text[start:end]`. Blocks are in order, do not overlap, and only white space lies between."""

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


class ParsedDocument(BaseModel):
    """A document as sections in reading order. `sections` can be iterated again and may be larger than memory."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    title: str
    pages: int | None
    section_count: int
    word_count: int
    sections: Iterable[Section]


class Parser(Protocol):
    """Raises `EncryptedPdf`, `NoText`, `ArchiveTooLarge`, `Unparsable`, `UnsupportedType` or `ChildFailed`."""

    async def parse(self, path: Path, media_type: str) -> ParsedDocument: ...


class Passage(_Frozen):
    """A piece of one section that fits the embedding model: `section.text[start:end]`."""

    section: int
    start: int
    end: int
    page: int | None
