"""Drafting FAQs from a document with a model."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.base import Answer, Request, Storable

ProviderName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
ModelChoice = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable]
DropReason = Literal["not_quoted", "unsupported", "repeated", "unusable"]


class DraftingEstimate(Answer):
    """What drafting the sections that are left would take.

    `sections` have enough text to ask about, `done` of them were drafted with a model already. `input_tokens` are about
    what the `calls` send, `output_tokens` the most that their answers have. The cost lies between `least_usd`, when the
    model answers nothing, and `most_usd`; both are null where no price is known and 0 for a model on this machine. An
    answer of another form is asked for once more, which comes on top. `seconds` is how long the calls take by what this
    model's latest drafting took here, null before there was one. `job_id` is the drafting that runs now.
    """

    document_id: UUID
    provider: str
    model: str
    sections: int
    done: int
    calls: int
    input_tokens: int
    output_tokens: int
    least_usd: Decimal | None
    most_usd: Decimal | None
    seconds: float | None = None
    job_id: UUID | None


class NewDrafting(Request):
    """`model` is the provider's default when it is empty. Without `again` only sections are asked about that were not
    drafted, have changed or failed. `sections` is how many at most, in the order of the document.

    No call is made that could exceed a budget; an unknown price takes `budget_tokens` alone.
    """

    provider: ProviderName
    model: ModelChoice = ""
    budget_usd: float | None = Field(None, gt=0, le=1_000_000)
    budget_tokens: int | None = Field(None, ge=1, le=10**12)
    sections: int | None = Field(None, ge=1, le=10**9)
    again: bool = False


class DraftingResult(Answer):
    """What a drafting job did: the job's `result`. `done` of the document's `sections` are drafted now.

    `drafts` were kept and `dropped` were not, by the reason; `failed` calls gave no answer that can be read, and `left`
    sections are still to be asked about. `stopped` tells what ended it before the last section.
    """

    document_id: UUID
    provider: str
    model: str
    sections: int
    done: int
    left: int
    calls: int
    failed: int
    drafts: int
    dropped: dict[DropReason, int]
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    stopped: Literal["budget", "sections"] | None = None
    grouped: int = 0
