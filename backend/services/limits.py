"""How much one caller may ask: questions a minute, answers at the same time, turns of a conversation."""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from backend.errors import Conflict, TooManyRequests
from backend.security.principal import Principal, Role

WINDOW: Final = 60.0
"""Seconds."""

Caller = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Limits:
    """0 is no limit."""

    turns: int = 0
    requests: int = 0
    streams: int = 0


class Slot:
    """One answer of a caller. It is free again when `release` is called, or when nobody holds it any more."""

    def __init__(self, free: Callable[[], None]) -> None:
        self._free: Callable[[], None] | None = free

    def release(self) -> None:
        free, self._free = self._free, None
        if free is not None:
            free()

    def __del__(self) -> None:
        self.release()


class ChatLimits:
    """Counts in this process. They hold for API keys, not for those of administrators and not for the local token."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._asked: dict[Caller, deque[float]] = {}
        self._answering: dict[Caller, int] = {}

    def enter(self, principal: Principal) -> Slot:
        """Counts a question and its answer. Raises `TooManyRequests` with the time to wait."""
        caller = self._caller(principal)
        if caller is None:
            return Slot(lambda: None)
        most = self._limits.streams
        if most and self._answering.get(caller, 0) >= most:
            raise TooManyRequests(f"{most} answers are under way already; wait until one has ended", 1.0)
        self._count_question(caller)
        self._answering[caller] = self._answering.get(caller, 0) + 1
        return Slot(lambda: self._leave(caller))

    def check_turns(self, principal: Principal, turns: int) -> None:
        """Raises `Conflict` for a conversation that has had all its `turns` already."""
        most = self._limits.turns
        if most and turns >= most and self._caller(principal) is not None:
            raise Conflict(f"this conversation has had its {most} questions; begin a new one")

    def _caller(self, principal: Principal) -> Caller | None:
        if principal.key_id is None or principal.role is Role.ADMIN:
            return None
        return principal.workspace_id, principal.key_id

    def _count_question(self, caller: Caller) -> None:
        most, now = self._limits.requests, self._clock()
        if not most:
            return
        self._forget_silent(now)
        times = self._asked.setdefault(caller, deque())
        while times and times[0] <= now - WINDOW:
            times.popleft()
        if len(times) >= most:
            wait = math.ceil(times[0] + WINDOW - now)
            raise TooManyRequests(f"{most} questions in a minute are the most; ask again in {wait} s", wait)
        times.append(now)

    def _forget_silent(self, now: float) -> None:
        for caller in [one for one, times in self._asked.items() if times and times[-1] <= now - WINDOW]:
            del self._asked[caller]

    def _leave(self, caller: Caller) -> None:
        left = self._answering.get(caller, 0) - 1
        if left > 0:
            self._answering[caller] = left
        else:
            self._answering.pop(caller, None)
