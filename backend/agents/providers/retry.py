"""Wrappers that try again or elsewhere. They act only before the first event: what was said cannot be taken back."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from backend.agents.providers.base import Capabilities, Done, Event, GenerationRequest, Provider
from backend.agents.providers.streams import close, closing
from backend.errors import (
    InvalidRequest,
    ProviderError,
    ProviderPaused,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Delays in seconds: `first_delay` doubled each time and jittered down by up to half.

    A provider that names a delay is obeyed when all waits together stay within `budget`; else the error is raised.
    """

    attempts: int = 3
    first_delay: float = 0.3
    budget: float = 10.0

    def delay(self, error: ProviderError, attempt: int, waited: float, jitter: float) -> float | None:
        """How long to wait after failed attempt number `attempt`; None to give up. `jitter` is in 0..1."""
        if attempt >= self.attempts or not isinstance(error, ProviderUnavailable | ProviderRateLimited):
            return None
        if isinstance(error, ProviderPaused):
            return None
        backoff = self.first_delay * 2 ** (attempt - 1) * (1 - jitter / 2)
        delay = max(backoff, error.retry_after or 0.0)
        return delay if waited + delay <= self.budget else None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, for metrics: its number from 1 and what it raised."""

    number: int
    error: ProviderError | None


class RetryingProvider:
    """Tries again when the provider was unavailable or asked to slow down; other errors pass at once."""

    def __init__(
        self,
        inner: Provider,
        policy: RetryPolicy | None = None,
        *,
        observe: Callable[[Attempt], None] = lambda _attempt: None,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._inner = inner
        self._policy = policy or RetryPolicy()
        self._observe = observe
        self._sleep = sleep
        self._jitter = jitter

    @property
    def capabilities(self) -> Capabilities:
        return self._inner.capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        attempt, waited = 1, 0.0
        while True:
            events = self._inner.stream(request)
            try:
                first = await _first(events)
            except ProviderError as exc:
                self._observe(Attempt(attempt, exc))
                delay = self._policy.delay(exc, attempt, waited, self._jitter())
                if delay is None:
                    raise
                await self._sleep(delay)
                attempt, waited = attempt + 1, waited + delay
                continue
            self._observe(Attempt(attempt, None))
            async with closing(events):
                yield first
                async for event in events:
                    yield event
            return

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A provider under its name; `model` replaces the request's when it is set."""

    name: str
    provider: Provider
    model: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A candidate that did not speak, and why."""

    provider: str
    error: ProviderError


@dataclass(frozen=True, slots=True)
class AnsweredBy(Done):
    """A `Done` that tells which candidate spoke, and those that were asked before it."""

    provider: str = ""
    failures: tuple[Failure, ...] = ()


class FallbackProvider:
    """Asks the candidates in turn until one speaks. Ends with `AnsweredBy`; raises the first candidate's error.

    Its capabilities are those that every candidate has, so that a fallback never breaks what was promised. A candidate
    that says nothing for `patience` seconds is passed over, then and in later requests.
    """

    def __init__(self, candidates: Sequence[Candidate], *, patience: float | None = None) -> None:
        if not candidates:
            raise InvalidRequest("a fallback chain needs at least one provider")
        self._candidates = tuple(candidates)
        self._patience = patience
        self._silent: dict[str, ProviderError] = {}

    @property
    def capabilities(self) -> Capabilities:
        all_of = [candidate.provider.capabilities for candidate in self._candidates]
        return Capabilities(
            streams=all(each.streams for each in all_of),
            generates=any(each.generates for each in all_of),
            structured_output=all(each.structured_output for each in all_of),
            tools=all(each.tools for each in all_of),
            holds_to_schema=all(each.holds_to_schema for each in all_of),
        )

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        failures: list[Failure] = []
        for position, candidate in enumerate(self._candidates):
            # Another vendor does not know the first one's models: "" lets it take its default.
            own = replace(request, model=candidate.model or (request.model if position == 0 else ""))
            events = candidate.provider.stream(own)
            try:
                first = await self._heard(candidate, events)
            except ProviderError as exc:
                failures.append(Failure(candidate.name, exc))
                continue
            async with closing(events):
                yield _signed(first, candidate.name, failures)
                async for event in events:
                    yield _signed(event, candidate.name, failures)
            return
        raise failures[0].error

    async def _heard(self, candidate: Candidate, events: AsyncIterator[Event]) -> Event:
        """Its first event. Raises `ProviderError`, at once for one that was silent before."""
        if (silence := self._silent.get(candidate.name)) is not None:
            raise silence
        try:
            async with asyncio.timeout(self._patience):
                return await _first(events)
        except TimeoutError as exc:
            said = f"{candidate.name!r} said nothing for {self._patience:g} s"
            silence = self._silent[candidate.name] = ProviderTimeout(said)
            raise silence from exc

    async def aclose(self) -> None:
        for candidate in self._candidates:
            await candidate.provider.aclose()


async def _first(events: AsyncIterator[Event]) -> Event:
    try:
        return await anext(events)
    except StopAsyncIteration:
        raise ProviderError("the provider ended its stream without an event") from None
    except BaseException:
        await close(events)
        raise


def _signed(event: Event, provider: str, failures: Sequence[Failure]) -> Event:
    if not isinstance(event, Done):
        return event
    return AnsweredBy(event.usage, event.finish_reason, event.model, provider, tuple(failures))
