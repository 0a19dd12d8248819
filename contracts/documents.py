from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Discriminator, Tag

from contracts.base import Answer, UtcTime
from contracts.jobs import Job
from contracts.problem import Problem


class DocumentStatus(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Document(Answer):
    """`pages` is null for formats without pages; `title` is what the document calls itself, null until it is read."""

    id: UUID
    name: str
    title: str | None = None
    media_type: str
    size: int
    sha256: str
    status: DocumentStatus
    version: int
    pages: int | None
    sections: int
    words: int
    faqs: int
    job_id: UUID | None
    created_at: UtcTime


class SourceText(Answer):
    """The passage that a citation or a FAQ points at: `text[start:end]` is the quote."""

    document_id: UUID | None
    document_name: str
    section: str
    page: int | None
    anchor: str | None
    text: str
    start: int
    end: int


DocumentSort = Literal["newest", "name"]
FaqsOnDelete = Literal["keep", "delete"]


def _upload_kind(value: object) -> str:
    fields = value if isinstance(value, dict) else vars(value)
    return "problem" if "title" in fields and "detail" in fields else "job"


UploadResult = Annotated[
    Annotated[Job, Tag("job")] | Annotated[Problem, Tag("problem")],
    Discriminator(_upload_kind),
]


class Upload(Answer):
    """One entry a file, in the order they were sent."""

    jobs: list[UploadResult]
