"""The OpenAI-compatible API: what `/v1` takes, what it answers, and how it refuses.

A parameter that is not supported is still named here, with the values that ask for nothing.
"""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from contracts.agents import MaxTokens
from contracts.base import Answer, ExternalId, Flag, Request, Storable, WholeNumber
from contracts.chat import Citation, FinishReason

UNSUPPORTED = "unsupported_parameter"
"""The validation error of what OpenAI has and this API has not."""


def _unsupported(message: str) -> PydanticCustomError:
    return PydanticCustomError(UNSUPPORTED, "{message}", {"message": message})


def _only(*nothing: JsonValue) -> AfterValidator:
    """Takes null and the values that ask for nothing."""

    def check(value: JsonValue) -> JsonValue:
        if value is not None and not any(value == one and _is_bool(value) == _is_bool(one) for one in nothing):
            allowed = " or ".join(["leave it out", *(f"send {one!r}" for one in nothing)])
            raise _unsupported(f"it is not supported; {allowed}")
        return value

    return AfterValidator(check)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


Never = Annotated[JsonValue, _only()]
Hint = Annotated[str | None, Field(max_length=500)]
"""Taken and not used: it asks for nothing that an answer would show."""
StoredText = Annotated[str, Storable]


class TextPart(Request):
    type: Literal["text"]
    text: StoredText

    @model_validator(mode="before")
    @classmethod
    def _is_text(cls, part: object) -> object:
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(kind, str) and kind != "text":
            raise _unsupported(f"content parts of type {kind[:40]!r} are not supported; send parts of type 'text'")
        return part


def _as_list(value: object) -> str:
    return "(list)" if isinstance(value, list) else "(text)"


Content = Annotated[
    Annotated[StoredText, Tag("(text)")] | Annotated[list[TextPart], Field(max_length=100), Tag("(list)")],
    Discriminator(_as_list),
]


StopSequence = Annotated[StoredText, Field(min_length=1, max_length=500)]
Stop = Annotated[
    Annotated[StopSequence, Tag("(text)")] | Annotated[list[StopSequence], Field(max_length=4), Tag("(list)")],
    Discriminator(_as_list),
]


class ChatMessage(Request):
    """`system` and `developer` add to the agent's instructions for this answer only."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Content | None = None
    name: Hint = None
    refusal: Hint = None
    annotations: Annotated[JsonValue, _only([])] = None
    tool_calls: Annotated[JsonValue, _only([])] = None
    function_call: Never = None
    audio: Never = None

    @model_validator(mode="before")
    @classmethod
    def _is_said(cls, message: object) -> object:
        role = message.get("role") if isinstance(message, dict) else None
        if role in ("tool", "function"):
            raise _unsupported(f"messages of the role {role!r} are not supported: an agent calls no tools of yours")
        return message


class Metadata(Request):
    """`conversation_id` continues that conversation; then only the last user message is used."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Annotated[str, Field(max_length=512)]]

    conversation_id: UUID | None = None


class StreamOptions(Request):
    include_usage: Flag | None = None
    include_obfuscation: Annotated[JsonValue, _only(False)] = None


class ChatCompletionRequest(Request):
    """`model` is an agent: its name, id or external id. The last message is the question, those before it the history.

    The answer ends before the first of the `stop` sequences. `user` is the caller's name for the person who asks: a
    conversation is continued only for the same one.
    """

    model: ExternalId
    messages: list[ChatMessage] = Field(min_length=1, max_length=1_000)
    stream: Flag | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2, strict=True)] | None = None
    max_tokens: MaxTokens | None = None
    max_completion_tokens: MaxTokens | None = None
    stop: Stop | None = None
    user: ExternalId | None = None
    metadata: Metadata | None = None

    prompt_cache_key: Hint = None
    prompt_cache_retention: Hint = None
    safety_identifier: Hint = None

    n: Annotated[JsonValue, _only(1)] = None
    tools: Annotated[JsonValue, _only([])] = None
    tool_choice: Annotated[JsonValue, _only("none", "auto")] = None
    parallel_tool_calls: Annotated[JsonValue, _only(True, False)] = None
    functions: Annotated[JsonValue, _only([])] = None
    function_call: Annotated[JsonValue, _only("none", "auto")] = None
    response_format: Annotated[JsonValue, _only({"type": "text"})] = None
    logprobs: Annotated[JsonValue, _only(False)] = None
    top_logprobs: Annotated[JsonValue, _only(0)] = None
    logit_bias: Annotated[JsonValue, _only({})] = None
    seed: Never = None
    top_p: Annotated[JsonValue, _only(1)] = None
    frequency_penalty: Annotated[JsonValue, _only(0)] = None
    presence_penalty: Annotated[JsonValue, _only(0)] = None
    modalities: Annotated[JsonValue, _only(["text"])] = None
    audio: Never = None
    prediction: Never = None
    moderation: Never = None
    reasoning_effort: Annotated[JsonValue, _only("none")] = None
    verbosity: Annotated[JsonValue, _only("medium")] = None
    service_tier: Annotated[JsonValue, _only("auto", "default")] = None
    store: Annotated[JsonValue, _only(False)] = None
    web_search_options: Never = None
    prompt_cache_options: Annotated[JsonValue, _only({})] = None

    @property
    def stop_sequences(self) -> tuple[str, ...]:
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())


class Usage(Answer):
    """Tokens as the agent's provider counts them; 0 where no model was asked."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class NexusAnswer(Answer):
    """What an answer of AI Nexus has beyond OpenAI's: [n] in the text refers to the citation `n`."""

    answered: bool
    confidence: float | None
    citations: list[Citation]
    retrieved: list[Citation]
    agent_id: UUID | None
    conversation_id: UUID
    message_id: UUID
    provider: str
    model: str
    fallback_used: bool


class CompletionMessage(Answer):
    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None
    annotations: list[str] = Field(default=[])


class Choice(Answer):
    index: int = 0
    message: CompletionMessage
    finish_reason: FinishReason
    logprobs: None = None


class ChatCompletion(Answer):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Usage
    metadata: dict[str, str]
    nexus: NexusAnswer


class Delta(Answer):
    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(Answer):
    index: int
    delta: Delta
    finish_reason: FinishReason | None


class ChatCompletionChunk(Answer):
    """`nexus` is on the chunk that ends the text, `usage` on one of its own when it is asked for."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None = None
    metadata: dict[str, str] | None = None
    nexus: NexusAnswer | None = None


class NexusModel(Answer):
    kind: Literal["agent", "alias", "tuned", "embedding"]
    agent_id: UUID | None = None
    model_id: UUID | None = None
    external_id: str | None = None
    dimension: int | None = None


class Model(Answer):
    """An agent, an alias, a model that was trained here, or an embedding model."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str
    nexus: NexusModel


class ModelList(Answer):
    object: Literal["list"] = "list"
    data: list[Model]


def _no_tokens(texts: object) -> object:
    first = texts[0] if isinstance(texts, list) and texts else None
    if isinstance(first, int | list):
        raise _unsupported("arrays of tokens are not supported; send text")
    return texts


EmbeddedText = Annotated[str, Field(min_length=1)]


class EmbeddingsRequest(Request):
    """Texts are cut where the model ends."""

    model: ExternalId
    input: Annotated[
        Annotated[EmbeddedText, Tag("(text)")]
        | Annotated[list[EmbeddedText], Field(min_length=1, max_length=2_048), Tag("(list)")],
        Discriminator(_as_list),
        BeforeValidator(_no_tokens),
    ]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: WholeNumber | None = Field(None, ge=1)
    user: Hint = None

    @property
    def texts(self) -> Sequence[str]:
        return [self.input] if isinstance(self.input, str) else self.input


class Embedding(Answer):
    """`embedding` is numbers, or little-endian float32 in base64."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingsUsage(Answer):
    prompt_tokens: int
    total_tokens: int


class EmbeddingList(Answer):
    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: EmbeddingsUsage


class ErrorDetail(Answer):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(Answer):
    """Every error under `/v1`. The header `X-Request-ID` finds it in the log."""

    error: ErrorDetail
