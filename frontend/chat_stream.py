"""Answers on their way, as the typed client hands them out."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

import httpx
from httpx_sse import EventSource
from pydantic import TypeAdapter

from contracts.chat import CONVERSATION_HEADER, ChatEvent
from contracts.comparisons import ComparisonEvent
from contracts.smart import SmartEvent

E = TypeVar("E")
_CHAT: Final[TypeAdapter[ChatEvent]] = TypeAdapter(ChatEvent)
_SMART: Final[TypeAdapter[SmartEvent]] = TypeAdapter(SmartEvent)
_COMPARISON: Final[TypeAdapter[ComparisonEvent]] = TypeAdapter(ComparisonEvent)


@dataclass(frozen=True)
class EventStream(Generic[E]):
    """The events of one request. Its connection must be its own: hanging up ends whatever else is on it."""

    _source: EventSource
    _kind: TypeAdapter[E]

    def __iter__(self) -> Iterator[E]:
        """As they come; the last one is `done` or `error`."""
        for event in self._source.iter_sse():
            yield self._kind.validate_json(event.data)

    def hang_up(self) -> None:
        """Ends the connection at once, also while another thread waits for the next event: that one then fails."""
        stream = self._response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def _response(self) -> httpx.Response:
        return self._source.response


class TalkStream(EventStream[E]):
    """The events of one answer in a conversation."""

    @property
    def conversation_id(self) -> UUID | None:
        """Known before the first event; None from a server that does not tell."""
        named = self._response.headers.get(CONVERSATION_HEADER)
        return UUID(named) if named else None


class ChatStream(TalkStream[ChatEvent]):
    def __init__(self, source: EventSource) -> None:
        super().__init__(source, _CHAT)


class SmartStream(TalkStream[SmartEvent]):
    """With what is known of the visitor before the first word."""

    def __init__(self, source: EventSource) -> None:
        super().__init__(source, _SMART)


class ComparisonStream(EventStream[ComparisonEvent]):
    """The events of all lanes of one comparison."""

    def __init__(self, source: EventSource) -> None:
        super().__init__(source, _COMPARISON)
