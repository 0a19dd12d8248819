from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from contracts.base import Answer, Request, Shape, UtcTime
from contracts.embedding_models import EmbeddingModelName
from contracts.faqs import NewFaq

SyncMode = Literal["auto", "manual"]
CollectionName = Annotated[
    str,
    Shape(
        r"^[a-z][a-z0-9_]{1,38}[a-z0-9]$",
        "must be 3 to 40 small letters (a to z), digits and underscores, a letter first and no underscore last, such "
        "as 'hr_policies'",
    ),
]


class CollectionHealth(StrEnum):
    READY = "ready"
    SYNCING = "syncing"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"


class Collection(Answer):
    """`pending_changes` counts reviewed items that are not in the index yet.

    It is `unavailable` while its embedding model cannot be asked; `reason` then says why, and what to do.
    """

    id: UUID
    name: str
    store: str
    embedding_model: str
    sync: SyncMode
    health: CollectionHealth
    reason: str = ""
    faqs: int
    passages: int
    points: int
    pending_changes: int
    job_id: UUID | None
    created_at: UtcTime


class NewCollection(Request):
    """Without an `embedding_model`, named as in `GET /embedding-models`, it has that of this installation.

    With `everything` it holds all documents and approved FAQs of the workspace, as the default collection does; else it
    is empty until something is put into it.
    """

    name: CollectionName
    store: str = "native"
    sync: SyncMode = "auto"
    embedding_model: EmbeddingModelName | None = None
    everything: bool = False


class Ingest(Request):
    """Puts knowledge into a collection, which is created when absent.

    `faqs` are stored as approved; `faq_ids` must be approved; `document_ids` brings their passages and approved FAQs.
    """

    collection: CollectionName = "default"
    store: str | None = None
    faqs: list[NewFaq] = Field(default=[], max_length=10_000)
    faq_ids: list[UUID] = Field(default=[], max_length=10_000)
    document_ids: list[UUID] = Field(default=[], max_length=1_000)

    @model_validator(mode="after")
    def _something(self) -> "Ingest":
        if not (self.faqs or self.faq_ids or self.document_ids):
            raise ValueError("give at least one of faqs, faq_ids, document_ids")
        return self


class IngestAccepted(Answer):
    collection_id: UUID
    job_id: UUID
