"""What a model is asked about at once: a section, or a part of a long one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from backend.agents.tokens import BYTES, tokens_in
from backend.parsing.base import Section

PIECE: Final = 900
"""Tokens, by `tokens_in`: about a page. Models quote short texts more exactly, and small ones have small windows."""
FEWEST_WORDS: Final = 8
"""A shorter text answers no question but the one that its heading asks, which the rules draft."""
MOST: Final = 4
_WORDS_EACH: Final = 100
_CUT: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Piece:
    """`section.text[start:end]`. `key` changes with what the model is shown; `part` counts from 0 in its section."""

    section: Section
    part: int
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.section.text[self.start : self.end]

    @property
    def title(self) -> str:
        return " > ".join(self.section.title_path)

    @property
    def most(self) -> int:
        """How many questions are asked for."""
        return min(2 + len(self.text.split()) // _WORDS_EACH, MOST)

    @property
    def key(self) -> str:
        return blake2b(f"{self.title}\0{self.text}".encode(errors="surrogatepass"), digest_size=16).hexdigest()


def pieces_of(section: Section) -> Iterator[Piece]:
    """The parts of a section in order, divided between its blocks; none of a text too short to ask about."""
    if len(section.text.split()) < FEWEST_WORDS and tokens_in(section.text) < FEWEST_WORDS * 4:
        return
    spans = [span for block in section.blocks for span in _fitting(section.text, block.start, block.end)]
    start = end = None
    part = 0
    for first, last in spans or list(_fitting(section.text, 0, len(section.text))):
        if start is not None and end is not None and tokens_in(section.text[start:last]) > PIECE:
            yield Piece(section, part, start, end)
            part, start = part + 1, first
        start = first if start is None else start
        end = last
    if start is not None and end is not None:
        yield Piece(section, part, start, end)


def _fitting(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A block, or the parts of one that is too long by itself, divided between words where there are any."""
    while tokens_in(text[start:end]) > PIECE:
        room = len(text[start:end].encode(errors="surrogatepass")[: PIECE * BYTES].decode(errors="ignore"))
        spaces = [match.end() for match in _CUT.finditer(text, start + room // 2, start + room)]
        cut = spaces[-1] if spaces else start + room
        yield start, cut
        start = cut
    if start < end:
        yield start, end
