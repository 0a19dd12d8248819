"""The parser that the product uses: each document is read in a limited child process."""

from collections.abc import Callable
from pathlib import Path

from backend.errors import Unparsable, UnsupportedType
from backend.jobs.children import MIB, ChildLimits, ChildProgress, Children, LimitReached
from backend.parsing import READERS
from backend.parsing.base import ParsedDocument, Passage, Section
from backend.parsing.chunking import PASSAGE_TOKENS
from backend.parsing.work import Arguments, Summary

TASK = "backend.parsing.work"


def limits_for(size: int) -> ChildLimits:
    """Generous to large files, while a small hostile one ends within 30 seconds."""
    seconds = 25 + 4 * (size // MIB)
    return ChildLimits(
        cpu_seconds=seconds,
        wall_seconds=4.0 * seconds,
        memory_bytes=2048 * MIB,
        output_bytes=256 * MIB + 4 * size,
    )


class ChildParser:
    """Parses in children. `limits` gives the bounds for a file of so many bytes.

    A child that uses up its processor time, memory or output, or crashes, met a document that cannot be read:
    `Unparsable`. One that is killed, or hangs until its time is over, is `ChildFailed`, and may be tried again.
    """

    def __init__(
        self,
        children: Children,
        *,
        limits: Callable[[int], ChildLimits] = limits_for,
        passage_tokens: int = PASSAGE_TOKENS,
    ) -> None:
        self._children = children
        self._limits = limits
        self._passage_tokens = passage_tokens

    async def parse(
        self, path: Path, media_type: str, on_progress: Callable[[ChildProgress], None] | None = None
    ) -> ParsedDocument:
        if media_type not in READERS.names:
            raise UnsupportedType(f"no reader for {media_type!r}; known: {sorted(READERS.names)}")
        arguments = Arguments(path=path.resolve(), media_type=media_type, passage_tokens=self._passage_tokens)
        limits = self._limits(path.stat().st_size)
        try:
            output = await self._children.run(TASK, arguments, limits=limits, on_progress=on_progress)
        except LimitReached as error:
            if error.limit == "wall":
                raise
            raise Unparsable(_WHY[error.limit]) from error
        summary = next(iter(output.records(Summary)))
        return ParsedDocument(
            title=summary.title,
            pages=summary.pages,
            section_count=summary.section_count,
            word_count=summary.word_count,
            sections=output.records(Section),
            passages=output.records(Passage),
            release=output.close,
        )


_WHY = {
    "cpu": "the document takes too long to read; split it or export it again",
    "memory": "the document needs too much memory to read; split it or export it again",
    "crash": "the document is damaged or needs too much memory to read; export it again and upload that",
    "output": "the document holds too much text to keep; split it",
}
