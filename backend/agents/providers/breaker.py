"""Stops asking a server or a model that fails every time, and tries it again a little later."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from backend.agents.providers.base import Capabilities, Done, Event, GenerationRequest, Provider
from backend.agents.providers.streams import closing
from backend.errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderPaused,
    ProviderTimeout,
    ProviderUnavailable,
    ProviderUnreachable,
)

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Failure:
    """What a provider raised last. `at` is in UTC."""

    code: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BreakerState:
    """`paused_until` is None while requests pass, `last_error` after a success. `models`: those that failed last."""

    paused_until: datetime | None = None
    last_error: Failure | None = None
    models: Mapping[str, "BreakerState"] = field(default_factory=dict)


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

    def check(self, name: str) -> None:
        """Raises `ProviderPaused` while `name` is left alone."""
        left = self._left()
        if left > 0:
            cause = f"; the last failure: {self._last.detail}" if self._last else ""
            raise ProviderPaused(
                f"{name} failed {self._failed} times in a row and is tried again at {_after(left):%H:%M:%S} UTC{cause}",
                left,
            )

    def begin(self) -> None:
        """A request goes; it is the probe of one that was paused."""
        if self._retry_at is not None:
            self._retry_at = self.clock() + self.pause

    def succeeded(self) -> None:
        self._failed, self._retry_at, self._last = 0, None, None

    def failed(self, error: ProviderError) -> None:
        """Only silence and failures of the server count; one that refuses a request is there."""
        self._last = Failure(error.code, str(error), datetime.now(UTC))
        if not isinstance(error, ProviderUnavailable | ProviderTimeout):
            self._failed, self._retry_at = 0, None
            return
        self._failed += 1
        if self._failed >= self.failures:
            self._retry_at = self.clock() + self.pause

    def _left(self) -> float:
        return 0.0 if self._retry_at is None else self._retry_at - self.clock()


class Breakers:
    """Of one configuration: one for its server, and one for each model, so that a model pauses no other.

    Connections that fail count for the server. Any answer, be it a failure, shows that it is there.
    """

    def __init__(self, make: Callable[[], Breaker] = Breaker) -> None:
        self._make = make
        self._server = make()
        self._models: dict[str, Breaker] = {}

    @property
    def state(self) -> BreakerState:
        server = self._server.state
        models = {name: breaker.state for name, breaker in self._models.items()}
        return BreakerState(server.paused_until, server.last_error, models)

    def admit(self, name: str, model: str) -> None:
        """Raises `ProviderPaused` while the server or the model is left alone."""
        own = self._models.get(model)
        self._server.check(repr(name))
        if own is not None:
            own.check(f"the model {model!r} of {name!r}")
            own.begin()
        self._server.begin()

    def succeeded(self, model: str) -> None:
        self._server.succeeded()
        self._models.pop(model, None)

    def failed(self, model: str, error: ProviderError) -> None:
        if isinstance(error, ProviderUnreachable | ProviderAuthFailed):
            self._server.failed(error)
            return
        self._server.succeeded()
        self._models.setdefault(model, self._make()).failed(error)


class BreakerProvider:
    """A provider behind breakers; `model` is its default. Fails at once with `ProviderPaused` while one is open."""

    def __init__(self, name: str, inner: Provider, breakers: Breakers, model: str = "") -> None:
        self._name = name
        self._inner = inner
        self._breakers = breakers
        self._model = model

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        model = request.model or self._model
        self._breakers.admit(self._name, model)
        try:
            async with closing(self._inner.stream(request)) as events:
                async for event in events:
                    if isinstance(event, Done):  # now: whoever got it need not ask for what comes after
                        self._breakers.succeeded(model)
                    yield event
        except ProviderError as exc:
            self._breakers.failed(model, exc)
            raise

    async def aclose(self) -> None:
        await self._inner.aclose()


def _after(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
