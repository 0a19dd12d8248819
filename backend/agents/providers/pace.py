"""How long a vendor may be silent."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from backend.agents.providers.base import Event
from backend.agents.providers.config import Timeouts
from backend.errors import ProviderTimeout


@dataclass(frozen=True, slots=True)
class Heard:
    """The vendor sent something that is no part of the answer, such as a model's reasoning."""


@dataclass(slots=True)
class Pace:
    """Waits for events no longer than the limits: the first, the next, and all of them together."""

    limits: Timeouts
    who: str
    started: float | None = None
    is_first: bool = True

    async def next(self, events: AsyncIterator[Event | Heard]) -> Event | Heard | None:
        """The next event; None at the end. Raises `ProviderTimeout`."""
        now = asyncio.get_running_loop().time()
        self.started = now if self.started is None else self.started
        patience = self.limits.first_token if self.is_first else self.limits.idle
        deadline = min(now + patience, self.started + self.limits.total)
        try:
            async with asyncio.timeout_at(deadline):
                event = await anext(events, None)
        except TimeoutError as exc:
            raise ProviderTimeout(self._said(now + patience > deadline)) from exc
        self.is_first = False
        return event

    def _said(self, is_total: bool) -> str:
        if is_total:
            return f"{self.who} was still answering after {self.limits.total:g} s; ask for less"
        if self.is_first:
            return f"{self.who} sent nothing for {self.limits.first_token:g} s; try again or choose a faster model"
        return f"{self.who} stopped answering for {self.limits.idle:g} s; try again"
