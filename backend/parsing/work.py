"""The parsing child's task: a file to sections, passages and one summary."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel

from backend.errors import NexusError, NoText, Unparsable
from backend.jobs.child_main import Report
from backend.parsing import READERS
from backend.parsing.base import Passage, Section
from backend.parsing.chunking import PASSAGE_TOKENS, chunk, minilm_tokens
from backend.parsing.sections import Event, Facts, Heading, Piece, build_sections


class Arguments(BaseModel):
    path: Path
    media_type: str
    passage_tokens: int = PASSAGE_TOKENS


class Summary(BaseModel):
    """The last record."""

    title: str
    pages: int | None
    section_count: int
    word_count: int


def main(arguments: Arguments, report: Report) -> Iterator[Section | Passage | Summary]:
    """Raises `NoText` for a document without a word, `Unparsable` for whatever a reader did not foresee."""
    read = READERS.get(arguments.media_type)
    source = _Source(_guarded(read(arguments.path, report)))
    count_tokens = minilm_tokens()
    words = sections = 0
    for section in build_sections(source.events()):
        words += len(section.text.split())
        sections += 1
        yield section
        yield from chunk([section], count_tokens, limit=arguments.passage_tokens)
    if words == 0:
        raise NoText("the document has no text; if it is a scan, recognise its text first (OCR is not available here)")
    yield Summary(title=source.facts.title, pages=source.facts.pages, section_count=sections, word_count=words)


def _guarded(events: Iterable[Event]) -> Iterator[Event]:
    try:
        yield from events
    except (NexusError, MemoryError, OSError):
        raise
    except Exception as error:
        raise Unparsable("the document could not be read; export it again and upload that") from error


class _Source:
    """The reader's events, with what it says of the whole document taken out."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self.facts = Facts()

    def events(self) -> Iterator[Heading | Piece]:
        for event in self._events:
            if isinstance(event, Facts):
                self.facts = Facts(event.title or self.facts.title, event.pages or self.facts.pages)
            else:
                yield event
