"""Events of chats and comparisons as Server-Sent Events."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final, TypeVar

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.types import Send

from backend.errors import NexusError, ShuttingDown
from backend.problems import internal_error, problem_of
from backend.routers.guarded import problems
from contracts.chat import CONVERSATION_HEADER, ChatAnswer, ChatEvent, ErrorEvent
from contracts.comparisons import ComparisonEvent
from contracts.smart import SmartEvent

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment keeps proxies from closing the connection."""

EVENT_STREAM: Final[dict[str, Any]] = {
    "text/event-stream": {
        "itemSchema": {
            "type": "object",
            "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
            "required": ["data"],
        },
    }
}
"""How a route documents that it may answer with events."""


def conversation_answers(answer: type[ChatAnswer], description: str) -> dict[int | str, dict[str, Any]]:
    """How a route documents an answer that is kept in a conversation, given at once or as events."""
    conversation = {
        "description": "The conversation that the question was saved in; known before the first event",
        "schema": {"type": "string", "format": "uuid"},
    }
    told = {"model": answer, "content": EVENT_STREAM, "description": description}
    return {200: {**told, "headers": {CONVERSATION_HEADER: conversation}}, **problems(429, 502, 504)}


Event = ChatEvent | ComparisonEvent | SmartEvent
E = TypeVar("E", bound=Event)
Encode = Callable[[ChatEvent], bytes]
"""An event as it goes over the wire; empty for one that a protocol does not have."""

log = logging.getLogger("nexus.api")


def event_stream(events: AsyncGenerator[E], stopping: asyncio.Event, headers: Mapping[str, str]) -> EventSourceResponse:
    """Ends with `done` or `error`; when the server stops, with the error `shutting_down`."""
    return EventSourceResponse(_encoded(events, stopping, _named), headers={"Cache-Control": "no-store", **headers})


def status_first_stream(
    events: AsyncGenerator[ChatEvent], stopping: asyncio.Event, headers: Mapping[str, str], encode: Encode
) -> EventSourceResponse:
    """As `event_stream`, in another protocol. What fails before the first word is raised, not sent as an event."""
    chunks = _encoded(events, stopping, encode, raises_first=True)
    return _StatusFirst(chunks, headers={"Cache-Control": "no-store", **headers})


class _StatusFirst(EventSourceResponse):
    """Sends its status with the first chunk, so that an error before it can still have a status of its own."""

    async def stream_response(self, send: Send) -> None:
        chunks = aiter(self.body_iterator)
        first = await anext(chunks, b"")

        async def all_of_them() -> AsyncIterator[bytes | memoryview | str]:
            yield first
            async for chunk in chunks:
                yield chunk

        self.body_iterator = all_of_them()
        await super().stream_response(send)


def _named(event: Event) -> bytes:
    return format_sse_event(data_str=event.model_dump_json(), event=event.event)


async def _encoded(
    events: AsyncGenerator[E],
    stopping: asyncio.Event,
    encode: Callable[[E | ErrorEvent], bytes],
    *,
    raises_first: bool = False,
) -> AsyncIterator[bytes]:
    async with aclosing(_happening(events, stopping)) as happening:
        async for event in happening:
            if isinstance(event, NexusError):
                if raises_first:
                    raise event
                chunk = encode(ErrorEvent(problem=problem_of(event)))
            else:
                chunk = b": still working\n\n" if event is None else encode(event)
            if chunk:
                raises_first = False
                yield chunk


async def _happening(events: AsyncGenerator[E], stopping: asyncio.Event) -> AsyncGenerator[E | NexusError | None]:
    """The events, then what ended them too early; None for each time that nothing happened for a while."""
    queue: asyncio.Queue[E | NexusError | None] = asyncio.Queue(maxsize=64)

    async def pump() -> None:
        # One task runs the whole generator: its context variables and its clean-up stay in one place.
        try:
            async with aclosing(events):
                async for event in events:
                    await queue.put(event)
        except NexusError as exc:
            await queue.put(exc)
        except Exception:
            log.exception("an answer failed unexpectedly", extra={"code": NexusError.code})
            await queue.put(internal_error())
        await queue.put(None)

    async def stop() -> None:
        await stopping.wait()
        pumping.cancel()
        await queue.put(ShuttingDown("the server is stopping; ask again in a moment"))
        await queue.put(None)

    pumping = asyncio.create_task(pump())
    watching = asyncio.create_task(stop())
    try:
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    event = await queue.get()
            except TimeoutError:
                yield None
                continue
            if event is None:
                return
            yield event
    finally:
        pumping.cancel()
        watching.cancel()
        await asyncio.wait([pumping, watching])
