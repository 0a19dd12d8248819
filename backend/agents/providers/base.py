"""The model provider seam: a request in, a stream of events out."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from pydantic import BaseModel

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """An assistant's message has the calls that it made; a tool's the id of the call that it answers."""

    role: Role
    content: str
    tool_call_id: str | None = None
    tool_calls: Sequence[ToolCall] = ()


@dataclass(frozen=True, slots=True)
class PassageText:
    """A retrieved text given to the model as data. The answer cites it as `[n]`."""

    n: int
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ToolSpec:
    name: str
    description: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Sampling:
    """An answer ends before the first of the sequences of `stop`; they are at least one character long."""

    temperature: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """`passages` are ranked, best first. The last message is the question."""

    model: str
    messages: Sequence[Message]
    passages: Sequence[PassageText] = ()
    tools: Sequence[ToolSpec] = ()
    output_type: type[BaseModel] | None = None
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def total(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.input_tokens + other.input_tokens, self.output_tokens + other.output_tokens)

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(self.input_tokens - other.input_tokens, self.output_tokens - other.output_tokens)


NOTHING: Final = Usage()


@dataclass(frozen=True, slots=True)
class TextDelta:
    """`is_quoted`: words of the passages under their own marks, which are right by construction."""

    text: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Structured:
    value: BaseModel


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of every stream that did not raise. `model` is what the provider says it used."""

    usage: Usage
    finish_reason: FinishReason
    model: str


Event = TextDelta | ToolCall | Structured | Done


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What callers ask instead of names. `generates`: writes its own words; otherwise it only quotes.

    `holds_to_schema`: decodes along a schema, its enumerations and lengths included, at no cost.
    """

    streams: bool = True
    generates: bool = True
    structured_output: bool = False
    tools: bool = False
    holds_to_schema: bool = False


class Provider(Protocol):
    """Raises the `ProviderError` family. Closing the iterator early cancels the request upstream."""

    @property
    def capabilities(self) -> Capabilities: ...

    def stream(self, request: GenerationRequest) -> AsyncIterator[Event]: ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    tool_calls: tuple[ToolCall, ...]
    structured: BaseModel | None
    done: Done


async def collect(events: AsyncIterator[Event]) -> Completion:
    """The whole stream as one value."""
    text: list[str] = []
    calls: list[ToolCall] = []
    structured: BaseModel | None = None
    done = Done(Usage(), "stop", "")
    async for event in events:
        match event:
            case TextDelta():
                text.append(event.text)
            case ToolCall():
                calls.append(event)
            case Structured():
                structured = event.value
            case Done():
                done = event
    return Completion("".join(text), tuple(calls), structured, done)
