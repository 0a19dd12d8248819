"""The offline extractor: `rules.draft` in a limited child process."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from backend.faqs.base import FaqDraft
from backend.faqs.child import DraftOrder
from backend.faqs.rules import draft
from backend.jobs.children import ChildLimits, ChildProgress, Children, Spool
from backend.parsing.base import ParsedDocument

_TASK = "backend.faqs.child"
_BATCH = 500


class RulesExtractor:
    """Reads headings, questions and definitions. Raises `ChildFailed` or `LimitReached` like any child."""

    def __init__(
        self,
        children: Children,
        *,
        limits: ChildLimits | None = None,
        on_progress: Callable[[ChildProgress], None] | None = None,
    ) -> None:
        self._children = children
        self._limits = limits
        self._on_progress = on_progress

    async def extract(self, document: ParsedDocument) -> AsyncIterator[FaqDraft]:
        with tempfile.TemporaryDirectory(prefix="nexus-sections-") as folder:
            path = await asyncio.to_thread(_spooled, document, Path(folder))
            order = DraftOrder(title=document.title, sections=path, section_count=document.section_count)
            output = await self._children.run(_TASK, order, limits=self._limits, on_progress=self._on_progress)
            with output:
                batches = output.records(FaqDraft).batches(_BATCH)
                while batch := await asyncio.to_thread(next, batches, None):
                    for found in batch:
                        yield found


def _spooled(document: ParsedDocument, folder: Path) -> Path:
    """The file with the document's sections: its own when it is spooled already."""
    if isinstance(document.sections, Spool):
        return document.sections.path
    path = folder / "sections.jsonl"
    with path.open("w", encoding="utf-8", newline="\n") as lines:
        for section in document.sections:
            lines.write(section.model_dump_json())
            lines.write("\n")
    return path


class InlineRulesExtractor:
    """The same rules without a child: for trusted text, and for tests. Blocks the event loop while it works."""

    async def extract(self, document: ParsedDocument) -> AsyncIterator[FaqDraft]:
        for found in draft(document.title, document.sections):
            yield found
