"""Chat events as Server-Sent Events."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Final

from fastapi.sse import EventSourceResponse, format_sse_event

from backend.errors import NexusError, ShuttingDown
from backend.problems import internal_problem, problem_of
from contracts.chat import ChatEvent, ErrorEvent

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment keeps proxies from closing the connection."""


log = logging.getLogger("nexus.api")


def chat_stream(
    events: AsyncGenerator[ChatEvent], stopping: asyncio.Event, headers: Mapping[str, str]
) -> EventSourceResponse:
    """Ends with `done` or `error`; when the server stops, with the error `shutting_down`."""
    return EventSourceResponse(_encoded(events, stopping), headers={"Cache-Control": "no-store", **headers})


async def _encoded(events: AsyncGenerator[ChatEvent], stopping: asyncio.Event) -> AsyncIterator[bytes]:
    queue: asyncio.Queue[ChatEvent | None] = asyncio.Queue(maxsize=64)

    async def pump() -> None:
        # One task runs the whole generator: its context variables and its clean-up stay in one place.
        try:
            async with aclosing(events):
                async for event in events:
                    await queue.put(event)
        except NexusError as exc:
            await queue.put(ErrorEvent(problem=problem_of(exc)))
        except Exception:
            log.exception("an answer failed unexpectedly", extra={"code": NexusError.code})
            await queue.put(ErrorEvent(problem=internal_problem()))
        await queue.put(None)

    async def stop() -> None:
        await stopping.wait()
        pumping.cancel()
        await queue.put(ErrorEvent(problem=problem_of(ShuttingDown("the server is stopping; ask again in a moment"))))
        await queue.put(None)

    pumping = asyncio.create_task(pump())
    watching = asyncio.create_task(stop())
    try:
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT):
                    event = await queue.get()
            except TimeoutError:
                yield b": still working\n\n"
                continue
            if event is None:
                return
            yield format_sse_event(data_str=event.model_dump_json(), event=event.event)
    finally:
        pumping.cancel()
        watching.cancel()
        await asyncio.wait([pumping, watching])
