import time
from datetime import UTC, datetime, timedelta

import pytest

from backend.agents.factory import AgentFactory
from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.base import Done, GenerationRequest, Message, Provider, TextDelta, collect
from backend.agents.providers.breaker import Breaker, BreakerProvider, Breakers
from backend.agents.providers.retry import RetryingProvider
from backend.agents.providers.streams import close
from backend.errors import (
    ProviderAuthFailed,
    ProviderError,
    ProviderPaused,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
    ProviderUnreachable,
)
from backend.security.outbound import Outbound
from tests.agents.scripted import ANSWER, ScriptedProvider, Step
from tests.mock_openai import MockServer

REQUEST = GenerationRequest("m", (Message("user", "Is it so?"),))
DOWN: tuple[Step, ...] = (ProviderUnreachable("down"),)


def asked(model: str) -> GenerationRequest:
    return GenerationRequest(model, REQUEST.messages)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def fails(provider: Provider, error: type[ProviderError] = ProviderUnavailable) -> ProviderError:
    with pytest.raises(error) as caught:
        await collect(provider.stream(REQUEST))
    return caught.value


def guarded(clock: Clock, *script: tuple[Step, ...]) -> tuple[BreakerProvider, ScriptedProvider, Breakers]:
    inner, breakers = ScriptedProvider(*script), Breakers(lambda: Breaker(clock=clock))
    return BreakerProvider("scripted", inner, breakers), inner, breakers


async def test_an_answer_whose_reader_leaves_at_its_end_is_a_success(clock: Clock) -> None:
    provider, _, breakers = guarded(clock, (ProviderUnavailable("a stumble"),), ANSWER)
    await fails(provider)
    events = provider.stream(REQUEST)
    while not isinstance(await anext(events), Done):
        pass
    await close(events)
    assert breakers.state.models == {}


@pytest.mark.fault("C6")
async def test_after_five_failures_nobody_is_asked_and_the_error_says_when_again(clock: Clock) -> None:
    provider, inner, breaker = guarded(clock, *[DOWN] * 5)
    for _ in range(5):
        assert type(await fails(provider)) is ProviderUnreachable
    error = await fails(provider)
    assert type(error) is ProviderPaused
    assert (error.code, error.status, error.retryable) == ("provider_unavailable", 503, True)
    assert error.retry_after == pytest.approx(10)
    until = breaker.state.paused_until
    assert until is not None
    assert f"{until:%H:%M}" in str(error)
    assert "down" in str(error)
    assert len(inner.requests) == 5


@pytest.mark.fault("C6")
async def test_a_success_after_the_pause_closes_it(clock: Clock) -> None:
    provider, inner, breaker = guarded(clock, *[DOWN] * 5, ANSWER, DOWN, ANSWER)
    for _ in range(5):
        await fails(provider)
    clock.now += 10
    assert (await collect(provider.stream(REQUEST))).text
    assert (breaker.state.paused_until, breaker.state.last_error) == (None, None)
    await fails(provider)
    assert (await collect(provider.stream(REQUEST))).text
    assert len(inner.requests) == 8


@pytest.mark.fault("C6")
async def test_a_failed_probe_pauses_it_again(clock: Clock) -> None:
    provider, inner, _ = guarded(clock, *[DOWN] * 6, ANSWER)
    for _ in range(5):
        await fails(provider)
    clock.now += 10
    assert type(await fails(provider)) is ProviderUnreachable
    assert type(await fails(provider)) is ProviderPaused
    clock.now += 10
    assert (await collect(provider.stream(REQUEST))).text
    assert len(inner.requests) == 7


async def test_a_call_that_its_caller_gave_up_counts_neither_as_a_failure_nor_as_a_success(clock: Clock) -> None:
    """A step of an answer has seconds, the answer itself minutes: a slow model must not be paused for its steps."""
    provider, inner, breakers = guarded(clock, DOWN, *[ANSWER] * 5, *[DOWN] * 4)
    await fails(provider)
    for _ in range(5):
        events = provider.stream(REQUEST)
        await anext(events)
        await close(events)
    assert breakers.state.paused_until is None
    for _ in range(4):
        assert type(await fails(provider)) is ProviderUnreachable
    assert type(await fails(provider)) is ProviderPaused
    assert len(inner.requests) == 10


async def test_one_request_probes_and_the_others_are_not_kept_waiting(clock: Clock) -> None:
    provider, inner, _ = guarded(clock, *[DOWN] * 5, ANSWER, ANSWER)
    for _ in range(5):
        await fails(provider)
    clock.now += 10
    probe = provider.stream(REQUEST)
    assert isinstance(await anext(probe), TextDelta)
    assert type(await fails(provider)) is ProviderPaused
    await close(probe)
    clock.now += 10
    assert (await collect(provider.stream(REQUEST))).text
    assert len(inner.requests) == 7


@pytest.mark.parametrize("error", [ProviderAuthFailed("no"), ProviderRateLimited("slow down", 1.0)])
async def test_a_server_that_refuses_is_there(clock: Clock, error: ProviderError) -> None:
    provider, inner, breaker = guarded(clock, *[DOWN] * 4, (error,), *[DOWN] * 4, ANSWER)
    for _ in range(9):
        await fails(provider, ProviderError)
    assert breaker.state.paused_until is None
    assert (await collect(provider.stream(REQUEST))).text
    assert len(inner.requests) == 10


async def test_silence_and_broken_answers_count(clock: Clock) -> None:
    silent: tuple[Step, ...] = (ProviderTimeout("silent"),)
    broken: tuple[Step, ...] = (TextDelta("It "), ProviderUnavailable("broke off"))
    provider, _, breaker = guarded(clock, silent, broken, silent, broken, silent)
    for _ in range(5):
        await fails(provider, ProviderError)
    assert breaker.state.paused_until is None
    model = breaker.state.models["m"]
    until, last = model.paused_until, model.last_error
    assert until is not None
    assert timedelta(seconds=8) < until - datetime.now(UTC) < timedelta(seconds=11)
    assert last is not None
    assert (last.code, last.detail) == ("provider_timeout", "silent")


async def test_retries_count_one_by_one_and_stop_when_it_opens(clock: Clock) -> None:
    async def no_wait(_seconds: float) -> None:
        return None

    provider, inner, _ = guarded(clock, *[DOWN] * 9)
    retrying = RetryingProvider(provider, sleep=no_wait)
    assert type(await fails(retrying)) is ProviderUnreachable
    assert type(await fails(retrying)) is ProviderPaused
    assert type(await fails(retrying)) is ProviderPaused
    assert len(inner.requests) == 5


@pytest.mark.fault("C6")
async def test_a_server_that_is_down_is_left_alone_and_comes_back(
    server: MockServer, outbound: Outbound, clock: Clock
) -> None:
    factory = AgentFactory(
        PROVIDERS,
        outbound.provider_client,
        retry=lambda _name, provider: provider,
        breaker=lambda: Breaker(clock=clock),
    )
    config = ProviderConfig("openai-compatible", server.base_url, default_model="ok")
    provider = factory.provider(config)
    server.app.is_down = True
    for _ in range(5):
        await fails(provider)
    assert factory.state(config).models["m"].paused_until is not None
    started = time.perf_counter()
    assert type(await fails(provider)) is ProviderPaused
    assert time.perf_counter() - started < 0.05
    assert len(server.app.requests) == 5

    server.app.is_down = False
    clock.now += 10
    assert (await collect(provider.stream(asked("m@ok")))).text
    assert factory.state(config).paused_until is None
    await factory.aclose()


@pytest.fixture
def factory(outbound: Outbound) -> AgentFactory:
    return AgentFactory(PROVIDERS, outbound.provider_client, retry=lambda _name, provider: provider)


@pytest.mark.fault("C6")
@pytest.mark.parametrize(("model", "is_paused"), [("status-503", True), ("status-404", False)])
async def test_a_model_that_fails_every_time_pauses_no_other(
    server: MockServer, factory: AgentFactory, model: str, is_paused: bool
) -> None:
    config = ProviderConfig("openai-compatible", server.base_url, default_model="ok")
    provider = factory.provider(config)
    for _ in range(5):
        with pytest.raises(ProviderError):
            await collect(provider.stream(asked(model)))
    state = factory.state(config)
    assert state.paused_until is None
    assert (state.models[model].paused_until is not None) is is_paused
    with pytest.raises(ProviderError) as caught:
        await collect(provider.stream(asked(model)))
    assert isinstance(caught.value, ProviderPaused) is is_paused
    assert (f"the model '{model}' of 'openai-compatible' failed 5 times" in str(caught.value)) is is_paused

    assert (await collect(provider.stream(asked("ok")))).text
    assert (await collect(provider.stream(asked("")))).text, "its default"
    assert list(factory.state(config).models) == [model]
    await factory.aclose()


@pytest.mark.fault("C6")
async def test_a_server_that_cannot_be_reached_pauses_all_its_models(factory: AgentFactory) -> None:
    config = ProviderConfig("openai-compatible", "http://127.0.0.1:9/v1", default_model="m")
    provider = factory.provider(config)
    for model in ("a", "b", "c", "d", "e"):
        with pytest.raises(ProviderUnreachable):
            await collect(provider.stream(asked(model)))
    with pytest.raises(ProviderPaused, match="'openai-compatible' failed 5 times"):
        await collect(provider.stream(asked("f")))
    state = factory.state(config)
    assert state.paused_until is not None
    assert state.models == {}
    await factory.aclose()


async def test_an_answer_of_any_kind_shows_that_the_server_is_there(clock: Clock) -> None:
    overloaded: tuple[Step, ...] = (ProviderUnavailable("503"),)
    provider, _, breakers = guarded(clock, *[DOWN] * 4, overloaded, *[DOWN] * 4)
    for _ in range(9):
        await fails(provider)
    assert breakers.state.paused_until is None


async def test_each_configuration_has_a_breaker_of_its_own(outbound: Outbound) -> None:
    factory = AgentFactory(PROVIDERS, outbound.provider_client, retry=lambda _name, provider: provider)
    dead, other = (ProviderConfig("openai-compatible", f"http://127.0.0.1:9/{n}", default_model="m") for n in "ab")
    for _ in range(5):
        await fails(factory.provider(dead))
    assert factory.state(dead).paused_until is not None
    assert factory.state(other).paused_until is None
    assert type(await fails(factory.provider(other))) is ProviderUnreachable
    await factory.aclose()
