"""Input that breaks its reader every time must end its own job, not block the queue."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from backend.errors import ChildFailed, PoisonItem

T = TypeVar("T")

TRIES = 3

log = logging.getLogger(__name__)


async def run_with_poison_guard(item: str, work: Callable[[], Awaitable[T]], *, backoff: float = 0.5) -> T:
    """The result of `work`, tried again while its child dies or times out.

    Raises `PoisonItem` naming `item` after the third time. Only children are counted: a kill of our own process starts
    the step, and the count, anew. `backoff` seconds pass before the second try, twice that before the third.
    """
    for failures in range(1, TRIES):
        try:
            return await work()
        except ChildFailed as exc:
            log.warning("a child failed, trying again", extra={"code": exc.code, "failures": failures})
        await asyncio.sleep(backoff * 2 ** (failures - 1))
    try:
        return await work()
    except ChildFailed as exc:
        raise PoisonItem(f"{item!r} broke its reader {TRIES} times: {exc}; check or replace it") from exc
