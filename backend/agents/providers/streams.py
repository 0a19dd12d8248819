"""Closing a provider's stream whatever kind of iterator it is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.agents.providers.base import Event


async def close(events: AsyncIterator[Event]) -> None:
    """Ends a stream early, which cancels the request upstream. Harmless on a finished one."""
    aclose = getattr(events, "aclose", None)
    if aclose is not None:
        await aclose()


@asynccontextmanager
async def closing(events: AsyncIterator[Event]) -> AsyncIterator[AsyncIterator[Event]]:
    """`async with closing(provider.stream(request)) as events`: closed on every way out."""
    try:
        yield events
    finally:
        await close(events)
