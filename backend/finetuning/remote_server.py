"""A server that trains, asked as long as its failures may pass."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar

from backend.errors import InvalidRequest, NexusError, ProviderTimeout, ProviderUnreachable, RemoteTrainingFailed
from backend.finetuning.remote_journal import Journal
from backend.finetuning.remote_wire import FineTuningApi, NotThere

log = logging.getLogger("nexus.finetuning")
T = TypeVar("T")

FIRST: Final = 2.0
LONGEST: Final = 60.0
"""Seconds between two questions: they grow while nothing changes, and while the server fails."""
GROWTH: Final = 1.5

Connect = Callable[[], AbstractAsyncContextManager[FineTuningApi]]
"""The server, with the key that is set up at this moment. Raises `InvalidRequest` where the provider is gone."""


class Clock(Protocol):
    def now(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class Server:
    """Where the training of a folder is. `journal` is that folder's. `silence` says since when it fails, how, and
    when it is asked again; it is empty while it answers."""

    connect: Connect
    clock: Clock
    journal: Journal
    folder: Path
    silence: str = ""

    @asynccontextmanager
    async def api(self) -> AsyncIterator[FineTuningApi]:
        """Raises `InvalidRequest` where the provider is not set up any more, or elsewhere than when it began."""
        async with self.connect() as api:
            began = self.journal.base_url
            if began and api.base_url != began:
                raise InvalidRequest(
                    f"the training is at {began}, and its provider is set up for {api.base_url} now; set {began} up "
                    "again under Settings and retry, or begin another training"
                )
            self.journal.base_url = api.base_url
            yield api

    async def ask(self, call: Callable[[FineTuningApi], Awaitable[T]], *, patience: float) -> T:
        """Again and again while it fails in ways that pass, no sooner than it says.

        Raises `RemoteTrainingFailed` when it has done so for `patience` seconds, and any other failure at once.
        """
        began, delay, since = self.clock.now(), FIRST, datetime.now(UTC)
        while True:
            try:
                async with self.api() as api:
                    answer = await call(api)
                self.silence = ""
                return answer
            except NexusError as exc:
                if not exc.retryable:
                    raise
                failing = self.clock.now() - began
                if failing >= patience:
                    raise RemoteTrainingFailed(
                        f"{self.journal.base_url or 'the provider'} failed for {span(failing)}; it said last: {exc}. "
                        "What it trains may go on there; retry looks for it"
                    ) from exc
                log.info("a training waits for its server: %s", exc, extra={"code": exc.code})
                wait = max(delay, exc.retry_after or 0.0)
                self.silence = _silence(exc, since, wait)
            await self.clock.sleep(wait)
            delay = min(delay * GROWTH, LONGEST)

    def save(self) -> None:
        self.journal.write(self.folder)


async def if_there(asked: Awaitable[T]) -> T | None:
    """None where the server has no such thing."""
    try:
        return await asked
    except NotThere:
        return None


def _silence(error: NexusError, since: datetime, wait: float) -> str:
    """Follows the name of whom was asked."""
    fails = "has not answered" if isinstance(error, ProviderTimeout | ProviderUnreachable) else "has only failed"
    again = "at least every minute" if wait <= LONGEST else f"in {span(wait)}"
    return f"{fails} since {since:%H:%M} UTC; asked again {again}. The last time: {error}"


def span(seconds: float) -> str:
    """As people say it."""
    return f"{seconds / 3600:.0f} hours" if seconds >= 7200 else f"{seconds / 60:.0f} minutes"
