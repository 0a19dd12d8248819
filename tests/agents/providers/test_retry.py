import asyncio
import socket
from collections.abc import Sequence

import pytest

from backend.agents.providers.base import (
    Capabilities,
    Completion,
    Done,
    GenerationRequest,
    Message,
    Provider,
    TextDelta,
    Usage,
    collect,
)
from backend.agents.providers.builtin import BuiltinProvider
from backend.agents.providers.echo import EchoProvider
from backend.agents.providers.retry import (
    AnsweredBy,
    Attempt,
    Candidate,
    FallbackProvider,
    RetryingProvider,
    RetryPolicy,
)
from backend.agents.providers.streams import close
from backend.errors import (
    InvalidRequest,
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from tests.agents.conftest import Connect
from tests.agents.scripted import ANSWER, ScriptedProvider, SilentProvider, Step
from tests.mock_openai import MockServer

REQUEST = GenerationRequest("m", (Message("user", "Is it so?"),))
DOWN: tuple[Step, ...] = (ProviderUnavailable("down"),)


class Clock:
    """A sleep that only counts."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


def retrying(provider: Provider, clock: Clock, attempts: list[Attempt] | None = None) -> RetryingProvider:
    seen = attempts if attempts is not None else []
    return RetryingProvider(provider, RetryPolicy(), observe=seen.append, sleep=clock.sleep, jitter=lambda: 0.5)


async def whole(provider: Provider, request: GenerationRequest = REQUEST) -> Completion:
    return await collect(provider.stream(request))


@pytest.mark.fault("C4")
async def test_two_failures_then_an_answer_are_one_success_in_three_tries() -> None:
    clock, attempts = Clock(), list[Attempt]()
    inner = ScriptedProvider(DOWN, DOWN, ANSWER)
    answer = await whole(retrying(inner, clock, attempts))
    assert answer.text == "It is so [1]."
    assert [attempt.number for attempt in attempts] == [1, 2, 3]
    assert [attempt.error is None for attempt in attempts] == [False, False, True]
    assert clock.waits == [pytest.approx(0.225), pytest.approx(0.45)]
    assert inner.closed == 3


@pytest.mark.fault("C4")
async def test_the_third_failure_is_raised() -> None:
    inner = ScriptedProvider(DOWN, DOWN, DOWN, ANSWER)
    with pytest.raises(ProviderUnavailable):
        await whole(retrying(inner, Clock()))
    assert len(inner.requests) == 3


@pytest.mark.fault("C4")
async def test_delays_differ_between_callers() -> None:
    jitters = [RetryPolicy().delay(ProviderUnavailable("down"), 1, 0.0, jitter) for jitter in (0.0, 1.0)]
    assert jitters == [pytest.approx(0.3), pytest.approx(0.15)]


@pytest.mark.fault("C4")
async def test_a_flaky_server_answers_at_the_third_request(connect: Connect, server: MockServer) -> None:
    clock = Clock()
    provider = retrying(connect(), clock)
    answer = await whole(provider, GenerationRequest("flaky", REQUEST.messages))
    await provider.aclose()
    assert "Is it so?" in answer.text
    assert len(server.app.requests) == 3


@pytest.mark.fault("C3")
@pytest.mark.parametrize("told", [1.0, 7.5])
async def test_a_named_delay_is_obeyed_within_the_budget(told: float) -> None:
    clock = Clock()
    await whole(retrying(ScriptedProvider((ProviderRateLimited("slow down", told),), ANSWER), clock))
    assert clock.waits == [told]


@pytest.mark.fault("C3")
async def test_a_delay_beyond_the_budget_is_handed_to_the_caller_at_once() -> None:
    clock, inner = Clock(), ScriptedProvider((ProviderRateLimited("slow down", 3600),), ANSWER)
    with pytest.raises(ProviderRateLimited) as caught:
        await whole(retrying(inner, clock))
    assert caught.value.retry_after == 3600
    assert (clock.waits, len(inner.requests)) == ([], 1)


@pytest.mark.fault("C3")
async def test_all_waits_together_stay_within_the_budget() -> None:
    clock, slow = Clock(), (ProviderRateLimited("slow down", 6.0),)
    with pytest.raises(ProviderRateLimited):
        await whole(retrying(ScriptedProvider(slow, slow, ANSWER), clock))
    assert clock.waits == [6.0]


@pytest.mark.fault("C3")
@pytest.mark.parametrize("told", [None, 0.0])
async def test_without_a_usable_delay_it_still_waits(told: float | None) -> None:
    clock = Clock()
    await whole(retrying(ScriptedProvider((ProviderRateLimited("slow down", told),), ANSWER), clock))
    assert clock.waits == [pytest.approx(0.225)]


@pytest.mark.fault("C5")
@pytest.mark.parametrize("error", [ProviderRejected, ProviderAuthFailed, ProviderBadAnswer, ProviderTimeout])
async def test_what_a_second_try_does_not_help_is_raised_at_once(error: type[ProviderError]) -> None:
    clock, inner = Clock(), ScriptedProvider((error("no"),), ANSWER)
    with pytest.raises(error):
        await whole(retrying(inner, clock))
    assert (clock.waits, len(inner.requests)) == ([], 1)


async def test_a_failure_after_the_first_event_is_not_tried_again() -> None:
    inner = ScriptedProvider((TextDelta("It "), ProviderUnavailable("broke off")), ANSWER)
    events = retrying(inner, Clock()).stream(REQUEST)
    assert await anext(events) == TextDelta("It ")
    with pytest.raises(ProviderUnavailable):
        await anext(events)
    assert len(inner.requests) == 1


@pytest.mark.fault("C1")
async def test_a_dead_port_fails_after_waits_of_less_than_two_seconds(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    clock, attempts = Clock(), list[Attempt]()
    provider = retrying(connect(base_url=f"http://127.0.0.1:{port}/v1"), clock, attempts)
    with pytest.raises(ProviderUnavailable):
        await whole(provider)
    await provider.aclose()
    assert len(attempts) == 3
    assert sum(clock.waits) < 2


async def test_closing_the_wrapper_early_closes_the_inner_stream() -> None:
    inner = ScriptedProvider(ANSWER)
    events = FallbackProvider([Candidate("a", retrying(inner, Clock()))]).stream(REQUEST)
    await anext(events)
    assert inner.closed == 0
    await close(events)
    assert inner.closed == 1


async def test_cancelling_while_waiting_stops_the_retries() -> None:
    inner = ScriptedProvider(DOWN, ANSWER)
    waiting = asyncio.Event()

    async def wait_for_ever(_seconds: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(whole(RetryingProvider(inner, sleep=wait_for_ever)))
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(inner.requests) == 1


def chain(*scripts: Sequence[Step]) -> tuple[FallbackProvider, list[ScriptedProvider]]:
    providers = [ScriptedProvider(script) for script in scripts]
    names = "abc"
    candidates = [Candidate(names[i], each, f"model-{names[i]}") for i, each in enumerate(providers)]
    return FallbackProvider(candidates), providers


@pytest.mark.fault("C1")
async def test_the_fallback_answers_and_says_so_when_the_first_is_down() -> None:
    provider, (first, second) = chain(DOWN, ANSWER)
    answer = await whole(provider)
    assert answer.text == "It is so [1]."
    assert isinstance(answer.done, AnsweredBy)
    assert (answer.done.usage, answer.done.model, answer.done.provider) == (Usage(3, 2), "scripted-1", "b")
    assert [(one.provider, str(one.error)) for one in answer.done.failures] == [("a", "down")]
    assert (first.requests[0].model, second.requests[0].model) == ("model-a", "model-b")


async def test_the_first_one_answers_under_its_own_name() -> None:
    provider, (_, second) = chain(ANSWER, ANSWER)
    done = (await whole(provider)).done
    assert isinstance(done, AnsweredBy)
    assert (done.provider, done.failures) == ("a", ())
    assert second.requests == []


async def test_when_all_fail_the_first_ones_error_is_raised() -> None:
    provider, _ = chain((ProviderAuthFailed("wrong key"),), DOWN, DOWN)
    with pytest.raises(ProviderAuthFailed):
        await whole(provider)


async def test_nobody_takes_over_in_the_middle_of_an_answer() -> None:
    provider, (_, second) = chain((TextDelta("It "), ProviderUnavailable("broke off")), ANSWER)
    with pytest.raises(ProviderUnavailable):
        await whole(provider)
    assert second.requests == []


@pytest.mark.fault("C2")
async def test_who_is_silent_for_too_long_is_passed_over_and_not_waited_for_again() -> None:
    silent, second = SilentProvider(), ScriptedProvider(ANSWER, ANSWER)
    patient = FallbackProvider([Candidate("first", silent), Candidate("second", second)], patience=0.01)
    for _ in range(2):
        done = (await whole(patient)).done
        assert isinstance(done, AnsweredBy)
        assert (done.provider, [str(failed.error) for failed in done.failures]) == (
            "second",
            ["'first' said nothing for 0.01 s"],
        )
    assert len(silent.requests) == 1


async def test_a_fallback_without_a_model_takes_its_own_default() -> None:
    inner = ScriptedProvider(ANSWER)
    down = ScriptedProvider(DOWN)
    await whole(FallbackProvider([Candidate("a", down), Candidate("b", inner)]))
    assert (down.requests[0].model, inner.requests[0].model) == ("m", "")


async def test_a_stream_that_ends_without_an_event_is_an_error() -> None:
    with pytest.raises(ProviderError, match="without an event"):
        await whole(retrying(ScriptedProvider(()), Clock()))


def test_a_chain_promises_only_what_every_member_can() -> None:
    able = ScriptedProvider(capabilities=Capabilities(structured_output=True, tools=True))
    assert FallbackProvider([Candidate("a", able)]).capabilities == Capabilities(structured_output=True, tools=True)
    mixed = FallbackProvider([Candidate("a", able), Candidate("b", BuiltinProvider())])
    assert mixed.capabilities == Capabilities()
    assert not FallbackProvider([Candidate("b", BuiltinProvider())]).capabilities.generates


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        FallbackProvider([])


async def test_closing_a_chain_closes_every_member() -> None:
    provider, members = chain(ANSWER, ANSWER)
    await provider.aclose()
    assert all(member.is_closed for member in members)


async def test_echo_counts_words() -> None:
    answer = await whole(EchoProvider())
    assert answer.done == Done(Usage(3, 3), "stop", "m")
