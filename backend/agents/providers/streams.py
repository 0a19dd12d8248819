"""Closing a stream of events whatever kind of iterator it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

E = TypeVar("E")


async def close(events: AsyncIterator[E]) -> None:
    """Ends a stream early, which cancels the request upstream. Harmless on a finished one."""
    aclose = getattr(events, "aclose", None)
    if aclose is not None:
        await aclose()


@asynccontextmanager
async def closing(events: AsyncIterator[E]) -> AsyncIterator[AsyncIterator[E]]:
    """`async with closing(provider.stream(request)) as events`: closed on every way out."""
    try:
        yield events
    finally:
        await close(events)
