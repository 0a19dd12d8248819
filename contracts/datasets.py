"""Datasets: what models are trained on, and asked about afterwards."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from contracts.base import Answer, Name, Request, Storable, Text, UtcTime, WholeNumber
from contracts.faqs import Tag
from contracts.jobs import Job
from contracts.providers import ModelName, ProviderName

SplitName = Literal["train", "validation", "held_out"]
RowOrigin = Literal["faq", "paraphrase", "imported"]
DatasetFormat = Literal["openai", "alpaca", "alpaca_lines", "sharegpt", "csv"]
Seed = Annotated[str, StringConstraints(max_length=100), Storable]

MOST_PARAPHRASES = 8


class DatasetFilter(Request):
    """Which approved FAQs go in; nothing given means all of them. Of each list any one fits.

    `since` and `until` are of the FAQ's last change, from the one and before the other.
    """

    document_ids: list[UUID] = Field(default=[], max_length=100)
    tags: list[Tag] = Field(default=[], max_length=50)
    since: UtcTime | None = None
    until: UtcTime | None = None


class Fractions(Request):
    """Shares of the rows, 0..1, together 1."""

    train: float = Field(0.7, gt=0, le=1)
    validation: float = Field(0.15, ge=0, lt=1)
    held_out: float = Field(0.15, ge=0, lt=1)

    @model_validator(mode="after")
    def _whole(self) -> "Fractions":
        if abs(self.train + self.validation + self.held_out - 1) > 1e-6:
            raise ValueError("train, validation and held_out must add up to 1")
        return self


class RewordBy(Request):
    """A model that writes paraphrases; its usual one where none is named. `budget_tokens` is the most that it may take,
    in both directions; the rules write the rest."""

    provider: ProviderName
    model: ModelName | None = None
    budget_tokens: WholeNumber | None = Field(None, ge=1)


class NewDataset(Request):
    """A version of the dataset of this name: the first, or the one behind the last.

    `paraphrases` is the most that each question gets; those of the held-out split are made by other rules than those
    of training. With `reword_by` a model writes them: what it writes goes in where the answer still follows, and the
    rules fill up what is missing. `system` stands before every row of training in chat formats. With the same FAQs,
    `seed` and fractions, and no model, it is the same dataset. A FAQ stays in the split that it had in the version
    before.
    """

    name: Name
    filter: DatasetFilter = DatasetFilter()
    fractions: Fractions = Fractions()
    paraphrases: WholeNumber = Field(3, ge=0, le=MOST_PARAPHRASES)
    reword_by: RewordBy | None = None
    system: Text | None = None
    seed: Seed = ""


class DatasetFinding(Answer):
    """What a check found. An error keeps the dataset from being trained on; `rows` are ids, none where it is about all.

    Secrets and personal data stand in `text` masked.
    """

    code: str
    severity: Literal["error", "warning"]
    rows: list[UUID]
    text: str


class Dataset(Answer):
    """Ready, and for ever the same, once it has a `content_hash`; until then the job makes it, by the `recipe` from
    approved FAQs or from the `file` that was imported.

    `train`, `validation` and `held_out` count rows, `faqs` the FAQs that they come from. `tokens` is about what
    training reads once. `found` counts all findings by their code; `findings` has the first of them. `notes` say what
    came of a model that wrote paraphrases.
    """

    id: UUID
    name: str
    version: int
    content_hash: str | None
    recipe: NewDataset | None
    file: str | None = None
    train: int
    validation: int
    held_out: int
    faqs: int
    tokens: int
    findings: list[DatasetFinding]
    found: dict[str, int]
    errors: int
    notes: list[str] = Field(default_factory=list)
    author: str
    job_id: UUID
    created_at: UtcTime
    frozen_at: UtcTime | None


class DatasetAccepted(Answer):
    dataset: Dataset
    job: Job


class RowSource(Answer):
    """Where a row comes from: an approved FAQ at a revision, or a row of a file; and who worded the question anew."""

    faq_id: UUID | None
    faq_revision: int | None
    document_id: UUID | None
    section: str | None
    page: int | None
    file: str | None
    row: int | None
    reworded_by: Literal["rule", "model"] | None
    rewording: str | None
    reworded_from: str | None


class DatasetRow(Answer):
    id: UUID
    split: SplitName
    origin: RowOrigin
    question: str
    answer: str
    system: str | None
    source: RowSource
