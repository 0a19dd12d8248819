"""What an extractor gives: drafts that point at the exact words they came from."""

from collections.abc import AsyncIterator
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from backend.parsing.base import ParsedDocument

FaqKind = Literal["question", "howto", "comparison", "definition", "topic"]


class FaqDraft(BaseModel):
    """A question with its answer. The answer's source is `section.text[start:end]` of section number `section`.

    `confidence` is 0..1; `reason` says in a few words why it was drafted, for the reviewer.
    """

    model_config = ConfigDict(frozen=True)

    question: str
    answer: str
    kind: FaqKind
    confidence: float = Field(ge=0, le=1)
    reason: str
    section: int
    start: int
    end: int
    page: int | None = None


class FaqExtractor(Protocol):
    """Drafts come in the order of the document."""

    def extract(self, document: ParsedDocument) -> AsyncIterator[FaqDraft]: ...
