"""A lock for tasks of several event loops, which `asyncio.Lock` is not."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from backend.whole import to_its_end

P = ParamSpec("P")
T = TypeVar("T")
_Waiter = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class LoopLock:
    """`async with`: first come, first served over all loops. Waiting blocks no thread and may be cancelled."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._waiters: deque[_Waiter] = deque()

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = loop.create_future()
            self._waiters.append((loop, turn))
        try:
            await turn
        except asyncio.CancelledError:
            with self._guard:
                still_waiting = (loop, turn) in self._waiters
                if still_waiting:
                    self._waiters.remove((loop, turn))
            if not still_waiting:
                self._release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._release()

    def _release(self) -> None:
        """Hands the lock to the next waiter whose loop still runs."""
        while True:
            with self._guard:
                if not self._waiters:
                    self._held = False
                    return
                loop, turn = self._waiters.popleft()
            try:
                loop.call_soon_threadsafe(_grant, turn)
            except RuntimeError:
                continue
            return


def _grant(turn: "asyncio.Future[None]") -> None:
    if not turn.done():
        turn.set_result(None)


async def run_whole(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """`function` in a worker thread. A cancellation is raised only after it has ended, so that a lock that the caller
    holds still covers it."""
    return await to_its_end(asyncio.to_thread(function, *args, **kwargs))
