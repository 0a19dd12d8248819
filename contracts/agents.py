from typing import Annotated, Final, Literal, get_args
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.base import Answer, ExternalId, Kept, Name, Request, Storable, UtcTime, WholeNumber
from contracts.providers import ModelName

Temperature = Annotated[float, Field(ge=0, le=2)]
MaxTokens = Annotated[WholeNumber, Field(ge=1, le=1_000_000)]
DailyTokens = Annotated[WholeNumber, Field(ge=1, le=10**12)]
ModelStep = Literal["rewrite", "plan", "search", "rerank"]
MORE_COLLECTIONS: Final = 7
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


class Agent(Answer):
    """`daily_tokens` is the most that it may use in a day of UTC; None is without end.

    It answers from `collection_id`, where `/embed_and_store` puts what it is given, and from `more_collection_ids`.

    `used_today` counts tokens both ways, of every model that is asked for an answer, and those that answers under way
    are likely to take.
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
    is_default: bool
    created_at: UtcTime


class AgentNew(Request):
    """Without a collection it answers from the first one of the default agent, and from `more_collection_ids`."""

    name: Name
    external_id: ExternalId | None = None
    provider: Name = "builtin"
    model: ModelName | None = None
    parameters: AgentParameters = AgentParameters()
    fallbacks: list[Fallback] = Field([], max_length=5)
    daily_tokens: DailyTokens | None = None
    collection_id: UUID | None = None
    more_collection_ids: list[UUID] = Field([], max_length=MORE_COLLECTIONS)


class AgentEdit(Request):
    """What is left out stays. `external_id` and `daily_tokens` are removed by null; `model` becomes the default one.
    The others are refused as null."""

    name: Annotated[Name | None, Kept] = None
    external_id: ExternalId | None = None
    provider: Annotated[Name | None, Kept] = None
    model: ModelName | None = None
    parameters: Annotated[AgentParameters | None, Kept] = None
    fallbacks: Annotated[list[Fallback] | None, Kept, Field(max_length=5)] = None
    daily_tokens: DailyTokens | None = None
    collection_id: Annotated[UUID | None, Kept] = None
    more_collection_ids: Annotated[list[UUID] | None, Kept, Field(max_length=MORE_COLLECTIONS)] = None
