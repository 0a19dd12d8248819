"""Stops asking a provider that fails every time, and tries it again a little later."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backend.agents.providers.base import Capabilities, Event, GenerationRequest, Provider
from backend.agents.providers.streams import closing
from backend.errors import ProviderError, ProviderPaused, ProviderTimeout, ProviderUnavailable

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Failure:
    """What a provider raised last. `at` is in UTC."""

    code: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BreakerState:
    """`paused_until` is None while requests pass, `last_error` after a success."""

    paused_until: datetime | None = None
    last_error: Failure | None = None


@dataclass(slots=True)
class Breaker:
    """Opens after `failures` in a row; then lets one request through every `pause` seconds until one succeeds.

    A probe that hangs keeps nobody waiting: the next one goes after another pause. Not for several threads.
    """

    failures: int = 5
    pause: float = 10.0
    clock: Clock = time.monotonic
    _failed: int = 0
    _retry_at: float | None = None
    _last: Failure | None = field(default=None)

    @property
    def state(self) -> BreakerState:
        return BreakerState(None if self._left() <= 0 else _after(self._left()), self._last)

    def admit(self, name: str) -> None:
        """Raises `ProviderPaused` while the provider is left alone."""
        left = self._left()
        if left > 0:
            cause = f"; the last failure: {self._last.detail}" if self._last else ""
            raise ProviderPaused(
                f"{name!r} failed {self._failed} times in a row and is tried again at "
                f"{_after(left):%H:%M:%S} UTC{cause}",
                left,
            )
        if self._retry_at is not None:
            self._retry_at = self.clock() + self.pause

    def succeeded(self) -> None:
        self._failed, self._retry_at, self._last = 0, None, None

    def failed(self, error: ProviderError) -> None:
        """Only silence and failures of the server count; one that refuses a request is there."""
        if isinstance(error, ProviderPaused):
            return
        self._last = Failure(error.code, str(error), datetime.now(UTC))
        if not isinstance(error, ProviderUnavailable | ProviderTimeout):
            self._failed, self._retry_at = 0, None
            return
        self._failed += 1
        if self._failed >= self.failures:
            self._retry_at = self.clock() + self.pause

    def _left(self) -> float:
        return 0.0 if self._retry_at is None else self._retry_at - self.clock()


class BreakerProvider:
    """A provider behind a breaker. Fails at once with `ProviderPaused` while that is open."""

    def __init__(self, name: str, inner: Provider, breaker: Breaker) -> None:
        self._name = name
        self._inner = inner
        self._breaker = breaker

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        self._breaker.admit(self._name)
        try:
            async with closing(self._inner.stream(request)) as events:
                async for event in events:
                    yield event
        except ProviderError as exc:
            self._breaker.failed(exc)
            raise
        self._breaker.succeeded()

    async def aclose(self) -> None:
        await self._inner.aclose()


def _after(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
