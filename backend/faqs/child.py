"""The child's task: a JSON Lines file of sections in, drafts out."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from backend.faqs.base import FaqDraft
from backend.faqs.rules import draft
from backend.jobs.child_main import Report
from backend.parsing.base import Section


class DraftOrder(BaseModel):
    """`sections` is a JSON Lines file of `Section`; `section_count` is what progress is measured against."""

    title: str
    sections: Path
    section_count: int


def main(arguments: DraftOrder, report: Report) -> Iterator[FaqDraft]:
    yield from draft(arguments.title, _Sections(arguments, report))


class _Sections:
    """Reads the file anew for each pass; a pass is half of the work."""

    def __init__(self, order: DraftOrder, report: Report) -> None:
        self._order = order
        self._report = report
        self._done = 0

    def __iter__(self) -> Iterator[Section]:
        with self._order.sections.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield Section.model_validate_json(line)
                self._done += 1
                self._report(self._done // 2, self._order.section_count)
