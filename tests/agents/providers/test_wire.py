"""Every protocol against a server that speaks it: what is sent, what comes back, and each way to fail."""

import asyncio
import json
import logging
import re
import ssl
import traceback

import pytest
from pydantic import BaseModel, SecretStr

from backend.agents.providers import PROVIDERS, Timeouts
from backend.agents.providers.base import (
    Completion,
    GenerationRequest,
    Message,
    PassageText,
    Provider,
    Sampling,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
    collect,
)
from backend.agents.providers.retry import Attempt, RetryingProvider
from backend.agents.providers.streams import close
from backend.errors import (
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from backend.security.tls import trusted
from tests.agents.conftest import KEY, Connect
from tests.mock_openai import MockServer

PROTOCOLS = ("openai", "openai-compatible", "anthropic", "gemini", "mistral", "ollama")
KEY_HEADERS = {"anthropic": "x-api-key", "gemini": "x-goog-api-key"}
PASSAGES = (
    PassageText(1, "Signing in", "Open the sign-in page. Enter the code."),
    PassageText(2, "Invoices", "Invoices are sent monthly."),
)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = ToolSpec("weather", "Looks", CITY)


@pytest.fixture(params=PROTOCOLS)
def vendor(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


class Draft(BaseModel):
    """A question with its answer."""

    question: str
    answer: str
    tags: list[str]


def asking(model: str = "ok", output_type: type[BaseModel] | None = None) -> GenerationRequest:
    return GenerationRequest(model, (Message("user", "When are invoices sent?"),), PASSAGES, output_type=output_type)


async def ask(provider: Provider, request: GenerationRequest) -> Completion:
    try:
        return await collect(provider.stream(request))
    finally:
        await provider.aclose()


async def failure(provider: Provider, model: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await ask(provider, asking(model))
    return caught.value


def sent(server: MockServer) -> str:
    return json.dumps(server.app.requests[-1].body)


# --- what goes out and comes back ---------------------------------------------
async def test_an_answer_is_streamed_with_usage_and_model(connect: Connect) -> None:
    provider = connect()
    events = [event async for event in provider.stream(asking())]
    await provider.aclose()
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert "".join(deltas) == "Invoices are sent monthly. [2]"
    assert len(deltas) > 2
    done = (await ask(connect(), asking())).done
    assert (done.usage, done.finish_reason, done.model) == (Usage(12, 7), "stop", "ok")


async def test_the_certificates_of_the_machine_are_not_read_once_more(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hold everybody else up for 60 ms."""
    trusted()
    read: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *given, **named: read.append((given, named)))
    await ask(connect(), GenerationRequest("ok", (Message("user", "Hello"),), tools=(WEATHER,)))
    assert read == []


async def test_every_role_and_the_sampling_reach_the_vendor(connect: Connect, server: MockServer) -> None:
    messages = (
        Message("system", "Be brief."),
        Message("user", "Hello"),
        Message("assistant", "Hi"),
        Message("user", "Look it up"),
        Message("assistant", "", tool_calls=(ToolCall("call00007", "weather", {"city": "Bern"}),)),
        Message("tool", "Sunny in Bern", "call00007"),
    )
    await ask(connect(), GenerationRequest("ok", messages, tools=(WEATHER,), sampling=Sampling(0.25, 64)))
    body = sent(server)
    assert all(said in body for said in ("Be brief.", "Hello", "Hi", "Look it up", "Bern", "Sunny in Bern"))
    assert all(number in body for number in ("0.25", "64"))


async def test_tool_calls_are_events(connect: Connect) -> None:
    answer = await ask(connect(), GenerationRequest("ok", (Message("user", "Weather?"),), tools=(WEATHER,)))
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("weather", {"city": "mock text"})]
    assert answer.done.finish_reason in ("tool_calls", "stop")  # Gemini gives calls no reason of their own


async def test_structured_output_is_a_validated_value(connect: Connect, server: MockServer) -> None:
    answer = await ask(connect(), asking("ok", Draft))
    assert answer.structured == Draft(question="mock text", answer="mock text", tags=[])
    assert (answer.text, answer.tool_calls) == ("", ())
    assert len(server.app.requests) == 1


async def test_only_our_own_headers_leave(
    connect: Connect, server: MockServer, vendor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "GOOGLE_API_KEY",
        "GEMINI_API_KEY",
        "MISTRAL_API_KEY",
    ):
        monkeypatch.setenv(name, "other-secret")
    for name in ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, "X-Other: other-secret\nAuthorization: Bearer other-secret")
    await ask(connect(), asking())
    headers = dict(server.app.requests[-1].headers)
    header = KEY_HEADERS.get(vendor, "authorization")
    assert headers.pop(header).removeprefix("Bearer ") == KEY.get_secret_value()
    assert headers["user-agent"] == "ai-nexus"
    assert "secret" not in str(headers)
    assert not [name for name in headers if name.startswith(("x-", "openai")) or name == "authorization"]


@pytest.mark.parametrize("vendor", ["openai-compatible", "ollama", "vllm"])
async def test_without_a_key_none_is_sent_not_even_one_of_the_environment(
    connect: Connect, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OLLAMA_API_KEY", "VLLM_API_KEY"):
        monkeypatch.setenv(name, "sk-from-the-environment")
    await ask(connect(key=None), asking())
    assert "authorization" not in server.app.requests[-1].headers


@pytest.mark.parametrize("vendor", [name for name, row in PROVIDERS.vendors.items() if row.needs_key])
async def test_a_vendor_that_needs_a_key_is_not_called_without(
    connect: Connect, server: MockServer, vendor: str
) -> None:
    with pytest.raises(ProviderAuthFailed, match=str(PROVIDERS.vendors[vendor].key_variable)):
        await ask(connect(key=None), asking())
    assert server.app.requests == []


@pytest.mark.fault("E10")
@pytest.mark.parametrize("vendor", [name for name, row in PROVIDERS.vendors.items() if row.place == "server"])
async def test_a_stored_key_is_not_sent_to_another_url(connect: Connect, server: MockServer) -> None:
    with pytest.raises(ProviderAuthFailed, match="another URL"):
        await ask(connect(key_base_url="https://api.example.com/v1"), asking())
    assert server.app.requests == []


# --- failures -----------------------------------------------------------------
@pytest.mark.fault("C9")
async def test_wrong_structured_output_is_repaired_once(connect: Connect, server: MockServer) -> None:
    answer = await ask(connect(), asking("badjson", Draft))
    assert isinstance(answer.structured, Draft)
    assert len(server.app.requests) == 2
    assert "not valid" in sent(server)
    assert answer.done.usage == Usage(24, 14)


@pytest.mark.fault("C9")
async def test_structured_output_wrong_twice_is_an_error_after_two_requests(
    connect: Connect, server: MockServer
) -> None:
    with pytest.raises(ProviderBadAnswer, match="two attempts"):
        await ask(connect(), asking("badjson-twice", Draft))
    assert len(server.app.requests) == 2


@pytest.mark.parametrize(
    ("model", "expected", "says"),
    [
        ("status-400", ProviderRejected, "refused the request"),
        ("status-401", ProviderAuthFailed, "refused the key"),
        ("status-403", ProviderAuthFailed, "refused the key"),
        ("status-404", ProviderRejected, "check the model's name"),
        ("status-418", ProviderRejected, "refused the request"),
        ("status-422", ProviderRejected, "refused the request"),
        ("status-500", ProviderUnavailable, "try again"),
        ("status-502", ProviderUnavailable, "try again"),
        ("status-503", ProviderUnavailable, "try again"),
        ("status-529", ProviderUnavailable, "try again"),
        ("status-302", ProviderBadAnswer, "check that the URL"),
        ("garbage", ProviderBadAnswer, "cannot be read"),
        ("garbage-sse", ProviderBadAnswer, "cannot be read"),
        ("other-schema", ProviderBadAnswer, "cannot be read"),
        ("cut", ProviderUnavailable, "broke the answer off"),
    ],
)
@pytest.mark.fault("C5")
async def test_each_vendor_failure_is_one_request_and_one_error_of_ours(
    connect: Connect, server: MockServer, model: str, expected: type[ProviderError], says: str
) -> None:
    error = await failure(connect(), model)
    assert type(error) is expected, error
    assert says in str(error)
    assert repr(model) in str(error)
    assert len(server.app.requests) == 1


async def test_an_answer_that_ends_without_a_reason_does_not_pass_for_a_whole_one(connect: Connect) -> None:
    assert type(await failure(connect(), "cut-clean")) in (ProviderUnavailable, ProviderBadAnswer)


@pytest.mark.fault("C3")
@pytest.mark.parametrize(
    ("model", "low", "high"), [("429", 0, 0), ("429-seconds", 1, 1), ("429-date", 0.5, 3), ("429-hour", 3600, 3600)]
)
async def test_a_rate_limit_keeps_how_long_to_wait(connect: Connect, model: str, low: float, high: float) -> None:
    error = await failure(connect(), model)
    assert isinstance(error, ProviderRateLimited)
    assert error.retry_after is not None
    assert low <= error.retry_after <= high
    assert ("try again at" in str(error)) is (error.retry_after >= 1)


@pytest.mark.fault("C3")
@pytest.mark.parametrize(("model", "seconds"), [("503-seconds", 1), ("503-hour", 3600), ("503-garbage", None)])
async def test_a_server_that_is_overloaded_says_how_long_to_wait(
    connect: Connect, model: str, seconds: float | None
) -> None:
    error = await failure(connect(), model)
    assert type(error) is ProviderUnavailable
    assert error.retry_after == seconds
    assert (re.search(r"try again at \d\d:\d\d:\d\d UTC", str(error)) is not None) is (seconds is not None)


@pytest.mark.fault("C3")
async def test_an_unreadable_retry_after_is_no_promise(connect: Connect) -> None:
    error = await failure(connect(), "429-garbage")
    assert isinstance(error, ProviderRateLimited)
    assert error.retry_after is None


@pytest.mark.fault("C4")
@pytest.mark.parametrize("status", [500, 502, 503, 529])
async def test_two_failures_then_an_answer_are_one_success_in_three_tries(
    connect: Connect, server: MockServer, status: int
) -> None:
    attempts: list[Attempt] = []

    async def no_wait(_seconds: float) -> None:
        return None

    provider = RetryingProvider(connect(), observe=attempts.append, sleep=no_wait)
    assert (await ask(provider, asking(f"flaky-{status}"))).text == "Invoices are sent monthly. [2]"
    assert [attempt.error is None for attempt in attempts] == [False, False, True]
    assert len(server.app.requests) == 3


@pytest.mark.fault("C5")
async def test_a_key_that_the_vendor_repeats_appears_nowhere(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = await failure(connect(), "leak-401")
    printed = "".join(traceback.format_exception(error)) + caplog.text
    assert "Incorrect API key provided" in str(error)
    assert KEY.get_secret_value() not in printed
    assert KEY.get_secret_value()[:6] not in printed


@pytest.mark.fault("C2")
@pytest.mark.parametrize("model", ["hang", "slow"])
async def test_a_silent_vendor_times_out_and_is_hung_up_on(connect: Connect, server: MockServer, model: str) -> None:
    await ask(connect(), asking())  # the first request of a process also imports the SDK
    server.app.slow_seconds = 30
    error = await failure(connect(timeouts=Timeouts(first_token=1.5)), model)
    assert type(error) is ProviderTimeout
    assert "sent nothing" in str(error)
    assert await asyncio.to_thread(server.app.disconnected.wait, 10)
    assert server.app.disconnects == [model]


@pytest.mark.fault("C10")
async def test_an_endless_answer_ends_at_the_total_limit(connect: Connect, server: MockServer) -> None:
    await ask(connect(), asking())
    provider = connect(timeouts=Timeouts(connect=5, first_token=5, idle=5, total=1))
    events = provider.stream(asking("drip"))
    assert isinstance(await anext(events), TextDelta)
    with pytest.raises(ProviderTimeout, match="still answering"):
        await collect(events)
    await provider.aclose()
    assert await asyncio.to_thread(server.app.disconnected.wait, 10)


@pytest.mark.fault("C10")
async def test_silence_within_an_answer_times_out(server: MockServer, connect: Connect) -> None:
    server.app.drip_seconds = 30
    provider = connect(timeouts=Timeouts(connect=5, first_token=20, idle=0.2, total=40))
    with pytest.raises(ProviderTimeout, match="stopped answering"):
        await ask(provider, asking("drip"))


async def test_a_model_that_reasons_aloud_is_not_silent(connect: Connect) -> None:
    await ask(connect(), asking())
    provider = connect(timeouts=Timeouts(connect=5, first_token=1.0, idle=1.0, total=60))
    assert (await ask(provider, asking("think"))).text == "Invoices are sent monthly. [2]"


@pytest.mark.fault("C14")
async def test_closing_the_stream_hangs_up_on_the_vendor(connect: Connect, server: MockServer) -> None:
    provider = connect()
    events = provider.stream(asking("drip"))
    assert isinstance(await anext(events), TextDelta)
    await close(events)
    assert await asyncio.to_thread(server.app.disconnected.wait, 2)
    assert server.app.disconnects == ["drip"]
    await provider.aclose()


@pytest.mark.fault("C14")
async def test_cancelling_the_reader_hangs_up_on_the_vendor(connect: Connect, server: MockServer) -> None:
    provider = connect()
    reader = asyncio.create_task(collect(provider.stream(asking("hang"))))
    assert await asyncio.to_thread(server.app.started.wait, 20)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert await asyncio.to_thread(server.app.disconnected.wait, 2)
    await provider.aclose()


# --- one protocol only --------------------------------------------------------
@pytest.mark.parametrize("vendor", ["anthropic"])
async def test_a_claude_that_knows_output_schemas_is_asked_with_one(connect: Connect, server: MockServer) -> None:
    answer = await ask(connect(), asking("claude-sonnet-5-5@ok", Draft))
    assert isinstance(answer.structured, Draft)
    assert "json_schema" in sent(server)
    assert "tools" not in server.app.requests[-1].body


@pytest.mark.parametrize("vendor", ["anthropic", "gemini", "mistral", "ollama"])
@pytest.mark.parametrize("version", ["", "/", "/v1", "/v1/"])
async def test_a_base_url_works_with_its_version_and_without(
    connect: Connect, server: MockServer, vendor: str, version: str
) -> None:
    version = version.replace("v1", "v1beta") if vendor == "gemini" else version
    answer = await ask(connect(base_url=f"{server.url_of(vendor)}{version}"), asking())
    assert answer.text == "Invoices are sent monthly. [2]"


@pytest.mark.parametrize(
    ("vendor", "field"), [("openai", "max_completion_tokens"), ("groq", "max_tokens"), ("mistral", "max_tokens")]
)
async def test_the_length_limit_has_the_name_that_the_vendor_knows(
    connect: Connect, server: MockServer, field: str
) -> None:
    request = GenerationRequest("ok", (Message("user", "Hi"),), sampling=Sampling(max_tokens=9))
    await ask(connect(key=SecretStr("sk-other-0123456789")), request)
    assert server.app.requests[-1].body[field] == 9
