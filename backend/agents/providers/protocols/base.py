"""How a family of vendors is spoken to. A protocol of its own is one file beside this one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import httpx2

from backend.agents.providers.base import Event, GenerationRequest, Message
from backend.agents.providers.pace import Heard

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from backend.agents.providers.endpoint import Endpoint

NO_KEY = "none"
"""What an SDK that insists on a key is given when there is none. It is never sent."""


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """The header that carries the key, and the others of the vendor that may leave with it (lower case)."""

    name: str = "authorization"
    prefix: str = "Bearer "
    beside: frozenset[str] = frozenset()


class Chat(Protocol):
    """A vendor's endpoint over one HTTP client, bound to the event loop that made the client."""

    def stream(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncIterator[Event | Heard]:
        """Text deltas and tool calls as they come, `Heard` for the rest, then `Done`.

        `messages` are sent, not those of the request. Structured output is text of JSON, whichever way it is given.
        Raises the `ProviderError` family.
        """
        ...

    async def aclose(self) -> None: ...


class TextChat(Protocol):
    def stream(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncIterator[Event | Heard]:
        """Text deltas, `Heard` for what is none, then `Done`. `messages` are sent, not those of the request."""
        ...


class WireProtocol(Protocol):
    """By a vendor's SDK and pydantic-ai. Slow to import, as SDKs are: loaded in a thread at the first stream."""

    @property
    def key_header(self) -> KeyHeader: ...

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the SDK raises besides pydantic-ai's own errors."""
        ...

    def model(self, name: str, endpoint: "Endpoint", http: httpx2.AsyncClient) -> "Model":
        """The model over this client, without retries of its own."""
        ...


@runtime_checkable
class HasTextChat(Protocol):
    """A protocol with a quicker way for answers that are only text."""

    def text_chat(self, endpoint: "Endpoint", http: httpx2.AsyncClient) -> TextChat | None:
        """None where this endpoint has to be asked the long way."""
        ...


@runtime_checkable
class HasChat(Protocol):
    """A protocol that is spoken here as a whole, without an SDK and without pydantic-ai's models."""

    @property
    def key_header(self) -> KeyHeader: ...

    def chat(self, endpoint: "Endpoint", http: httpx2.AsyncClient) -> Chat: ...


AnyProtocol = WireProtocol | HasChat
