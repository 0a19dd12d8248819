from typing import Annotated, Final, Literal, get_args
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.base import Answer, ExternalId, Kept, Name, Request, Storable, UtcTime, WholeNumber
from contracts.faqs import NewFaq
from contracts.lead_fields import LeadFields
from contracts.personas import Lines, Persona
from contracts.providers import ModelName

Temperature = Annotated[float, Field(ge=0, le=2)]
MaxTokens = Annotated[WholeNumber, Field(ge=1, le=1_000_000)]
DailyTokens = Annotated[WholeNumber, Field(ge=1, le=10**12)]
ModelStep = Literal["rewrite", "plan", "search", "rerank"]
MORE_COLLECTIONS: Final = 7
AgentState = Literal["ready", "preparing", "not_ready", "archived"]
RetentionDays = Annotated[WholeNumber, Field(ge=1, le=3_650)]
Instructions = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000), Storable]


class AgentParameters(Request):
    """`instructions` are added to those of every agent. None leaves the choice to the model's vendor.

    `steps` are those before the answer that the model takes, a request each; the rules take the others.
    `retrieval_model` names tuned retrieval that the agent searches with, where it fits the collection's vectors.
    """

    temperature: Temperature | None = None
    max_tokens: MaxTokens | None = None
    instructions: Instructions = ""
    steps: list[ModelStep] = Field(["rewrite"], max_length=len(get_args(ModelStep)))
    retrieval_model: Name | None = None


class Fallback(Request):
    """Asked when those before it say nothing. Without a model it takes its provider's default."""

    provider: Name
    model: ModelName | None = None


class AgentSettings(Request):
    """What an agent is, apart from its names; each version keeps one.

    It answers from `collection_id`, where `/embed_and_store` puts what it is given, and from `more_collection_ids`.
    `daily_tokens` is the most that it may use in a day of UTC; None is without end. `lead_fields` are None where it
    keeps nothing of its visitors. With a `consent_text` it keeps no lead before a visitor agreed to that text.
    `retention_days` after its last message a lead is deleted; None keeps it.
    """

    provider: Name = "builtin"
    model: ModelName | None = None
    parameters: AgentParameters = AgentParameters()
    fallbacks: list[Fallback] = Field([], max_length=5)
    daily_tokens: DailyTokens | None = None
    collection_id: UUID | None = None
    more_collection_ids: list[UUID] = Field([], max_length=MORE_COLLECTIONS)
    persona: Persona = Persona()
    lead_fields: LeadFields | None = None
    consent_text: Lines | None = None
    retention_days: RetentionDays | None = None


class Agent(Answer):
    """`AgentSettings` has what its settings mean.

    `used_today` counts tokens both ways, of every model that is asked for an answer, and those that answers under way
    are likely to take. An agent that is `preparing` takes in the knowledge that it was created with, by `job_id`; where
    that failed it is `not_ready`, and `reason` tells why.
    """

    id: UUID
    name: str
    external_id: str | None
    provider: str
    model: str
    parameters: AgentParameters
    fallbacks: list[Fallback]
    daily_tokens: int | None
    used_today: int
    collection_id: UUID
    more_collection_ids: list[UUID]
    persona: Persona
    lead_fields: LeadFields | None
    consent_text: str | None
    retention_days: int | None
    version: int
    state: AgentState
    reason: str | None
    job_id: UUID | None
    is_default: bool
    created_at: UtcTime
    archived_at: UtcTime | None


class AgentNew(AgentSettings):
    """What is left out is as the `template` has it.

    With `faqs`, `faq_ids` or `document_ids` a job brings them into the collection that is named, or into a new one with
    the agent's name; until it has ended the agent answers nothing. Without them and without a collection it answers
    from the first one of the default agent. `faqs` are stored as approved, which only a reviewer may do.
    """

    name: Name
    external_id: ExternalId | None = None
    template: str | None = None
    faqs: list[NewFaq] = Field([], max_length=10_000)
    faq_ids: list[UUID] = Field([], max_length=10_000)
    document_ids: list[UUID] = Field([], max_length=1_000)


class AgentEdit(Request):
    """What is left out stays. `external_id`, `daily_tokens`, `lead_fields`, `consent_text` and `retention_days` are
    removed by null; `model` becomes the default one. The others are refused as null. With a `version` that is not the
    agent's any more it is refused: somebody else changed it meanwhile."""

    name: Annotated[Name | None, Kept] = None
    external_id: ExternalId | None = None
    provider: Annotated[Name | None, Kept] = None
    model: ModelName | None = None
    parameters: Annotated[AgentParameters | None, Kept] = None
    fallbacks: Annotated[list[Fallback] | None, Kept, Field(max_length=5)] = None
    daily_tokens: DailyTokens | None = None
    collection_id: Annotated[UUID | None, Kept] = None
    more_collection_ids: Annotated[list[UUID] | None, Kept, Field(max_length=MORE_COLLECTIONS)] = None
    persona: Annotated[Persona | None, Kept] = None
    lead_fields: LeadFields | None = None
    consent_text: Lines | None = None
    retention_days: RetentionDays | None = None
    version: Annotated[WholeNumber | None, Kept] = None


class AgentVersion(Answer):
    """The settings from `created_at` on; `note` is where they came from, unless from an edit."""

    number: int
    settings: AgentSettings
    note: str
    author: str
    created_at: UtcTime


class AgentRollback(Request):
    version: Annotated[WholeNumber, Field(ge=1)]


class AgentDuplicate(Request):
    name: Name


class AgentTemplate(Answer):
    """What to begin an agent of a kind with: `settings` with what it says, the rest as usual."""

    id: str
    label: str
    about: str
    settings: AgentSettings
