from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.base import Answer, ExternalId, Request, Storable, Text, UtcTime, Visible, WholeNumber

FaqKind = Literal["question", "howto", "comparison", "definition", "topic", "imported", "manual"]
FaqSort = Literal["document", "confidence", "newest"]
Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), Storable, Visible]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), Storable, Visible]
CONFIDENT = 0.8
UNSURE = 0.5


class FaqStatus(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    REJECTED = "rejected"


class FaqSource(Answer):
    """Where the answer came from. `quote` is the section's text from `start` to `end` (code points)."""

    section: str
    page: int | None
    anchor: str | None
    quote: str
    start: int
    end: int


class Faq(Answer):
    """`confidence` is 0..1: 0.8 and above is shown as confident, below 0.5 as unsure; `reason` says why it was drafted.

    `group_size` counts the FAQs of its group that are not rejected, `group_approved` those that are approved, itself
    among them; both are 0 without a group. `drafted_by` names the model that drafted it; the rules name none.
    """

    id: UUID
    question: str
    answer: str
    status: FaqStatus
    kind: FaqKind
    confidence: float
    reason: str = ""
    document_id: UUID | None
    document_name: str | None = None
    group_id: UUID | None
    group_size: int = 0
    group_approved: int = 0
    source: FaqSource | None
    tags: list[str]
    revision: int
    external_id: str | None = None
    drafted_by: str | None = None
    created_at: UtcTime
    updated_at: UtcTime


class FaqCounts(Answer):
    draft: int
    approved: int
    rejected: int


class FaqRevision(Answer):
    revision: int
    question: str
    answer: str
    tags: list[str]
    author: str
    created_at: UtcTime


class FaqEdit(Request):
    """`revision` is the one that was edited; another edit in between answers 409 `stale_revision`."""

    revision: WholeNumber = Field(ge=1)
    question: Question | None = None
    answer: Text | None = None
    tags: list[Tag] | None = Field(None, max_length=20)


class FaqIds(Request):
    ids: list[UUID] = Field(min_length=1, max_length=500)


class FaqMerge(FaqIds):
    """The FAQ `keep` stays, the others are rejected."""

    keep: UUID


class FaqAction(Answer):
    """A bulk decision that can be undone. `changed` counts the FAQs it moved."""

    action_id: UUID
    changed: int


class FaqDecision(Answer):
    """A decision that was made; `count` FAQs were moved by it. `undone_at` is null while it stands."""

    id: UUID
    kind: Literal["approved", "rejected", "merged"]
    count: int
    author: str
    created_at: UtcTime
    undone_at: UtcTime | None


class NewFaq(Request):
    question: Question
    answer: Text
    tags: list[Tag] = Field(default=[], max_length=20)
    external_id: ExternalId | None = None
