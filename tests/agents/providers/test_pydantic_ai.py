import asyncio
import socket
import traceback
from collections.abc import Sequence

import pytest
from pydantic import BaseModel, SecretStr

from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts
from backend.agents.providers.base import (
    Completion,
    Done,
    GenerationRequest,
    Message,
    PassageText,
    Provider,
    Sampling,
    TextDelta,
    ToolSpec,
    collect,
)
from backend.agents.providers.streams import close
from backend.errors import (
    InvalidRequest,
    OutboundRefused,
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from backend.security.outbound import Outbound, OutboundPolicy
from tests.agents.conftest import KEY, QUICK, Connect
from tests.mock_openai import MockServer


class Draft(BaseModel):
    question: str
    answer: str
    tags: list[str]


PASSAGES = (
    PassageText(1, "Signing in", "Open the sign-in page. Enter the code."),
    PassageText(2, "Invoices", "Invoices are sent monthly."),
)


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


def messages_of(server: MockServer) -> Sequence[dict[str, str]]:
    messages = server.app.requests[-1].body["messages"]
    assert isinstance(messages, list)
    return messages


async def test_an_answer_is_streamed_with_usage_and_model(connect: Connect) -> None:
    answer = await ask(connect(), asking())
    assert answer.text == "Invoices are sent monthly. [2]"
    assert (answer.done.usage.input_tokens, answer.done.usage.output_tokens) == (12, 7)
    assert answer.done.model == "ok"


async def test_the_default_model_is_asked_when_the_request_names_none(connect: Connect, server: MockServer) -> None:
    await ask(connect(), asking(""))
    assert server.app.requests[-1].model == "ok"


async def test_without_any_model_the_request_is_refused(outbound: Outbound) -> None:
    config = ProviderConfig("openai-compatible", "http://127.0.0.1:9/v1")
    with pytest.raises(InvalidRequest, match="no model is chosen"):
        await ask(PROVIDERS.get(config.name)(config, outbound.provider_client), asking(""))


def test_without_a_url_the_provider_is_refused(outbound: Outbound) -> None:
    with pytest.raises(InvalidRequest, match="needs a base URL"):
        PROVIDERS.get("openai-compatible")(ProviderConfig("openai-compatible"), outbound.provider_client)


async def test_every_role_and_the_sampling_reach_the_vendor(connect: Connect, server: MockServer) -> None:
    messages = (
        Message("system", "Be brief."),
        Message("user", "Hello"),
        Message("assistant", "Hi"),
        Message("user", "Look it up"),
        Message("tool", "42", "call_7"),
    )
    await ask(connect(), GenerationRequest("ok", messages, sampling=Sampling(0.25, 64)))
    assert [message["role"] for message in messages_of(server)] == ["system", "user", "assistant", "user", "tool"]
    body = server.app.requests[-1].body
    assert (body["temperature"], body["max_tokens"], body["stream"]) == (0.25, 64, True)
    assert messages_of(server)[-1]["tool_call_id"] == "call_7"


async def test_passages_are_sent_as_numbered_data_before_the_question(connect: Connect, server: MockServer) -> None:
    await ask(connect(), asking())
    system, user = messages_of(server)
    assert "only from the passages" in system["content"]
    assert '<passage n="2" title="Invoices">\nInvoices are sent monthly.\n</passage>' in user["content"]
    assert user["content"].endswith("Question: When are invoices sent?")


async def test_only_our_own_headers_leave(
    connect: Connect, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Other: other-secret\nAuthorization: Bearer other-secret")
    await ask(connect(), asking())
    headers = server.app.requests[-1].headers
    assert headers["authorization"] == f"Bearer {KEY.get_secret_value()}"
    assert headers["user-agent"] == "ai-nexus"
    assert "secret" not in str(headers)
    assert not [name for name in headers if name.startswith(("x-", "openai"))]


async def test_without_a_key_none_is_sent_not_even_one_of_the_environment(
    server: MockServer, outbound: Outbound, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    config = ProviderConfig("openai-compatible", server.base_url, default_model="ok")
    await ask(PROVIDERS.get(config.name)(config, outbound.provider_client), asking())
    assert "authorization" not in server.app.requests[-1].headers


async def test_tool_calls_are_events(connect: Connect) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    request = GenerationRequest("ok", (Message("user", "Weather?"),), tools=(ToolSpec("weather", "Looks", parameters),))
    answer = await ask(connect(), request)
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("weather", {"city": "mock text"})]
    assert answer.done.finish_reason == "tool_calls"


async def test_structured_output_is_a_validated_value(connect: Connect, server: MockServer) -> None:
    answer = await ask(connect(), asking("ok", Draft))
    assert answer.structured == Draft(question="mock text", answer="mock text", tags=[])
    assert answer.text == ""
    assert "response_format" in server.app.requests[-1].body


@pytest.mark.fault("C9")
async def test_wrong_structured_output_is_repaired_once(connect: Connect, server: MockServer) -> None:
    answer = await ask(connect(), asking("badjson", Draft))
    assert isinstance(answer.structured, Draft)
    assert len(server.app.requests) == 2
    assert "not valid" in messages_of(server)[-1]["content"]
    assert answer.done.usage.input_tokens == 24


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
        ("status-418", ProviderRejected, "check the URL"),
        ("status-422", ProviderRejected, "refused the request"),
        ("status-500", ProviderUnavailable, "try again"),
        ("status-502", ProviderUnavailable, "try again"),
        ("status-503", ProviderUnavailable, "try again"),
        ("status-529", ProviderUnavailable, "try again"),
        ("status-302", ProviderBadAnswer, "check that the URL"),
        ("garbage", ProviderBadAnswer, "cannot be read"),
        ("garbage-sse", ProviderBadAnswer, "cannot be read"),
        ("cut", ProviderUnavailable, "broke the answer off"),
    ],
)
@pytest.mark.fault("C5")
async def test_each_vendor_failure_is_one_request_and_one_error_of_ours(
    connect: Connect, server: MockServer, model: str, expected: type[ProviderError], says: str
) -> None:
    error = await failure(connect(), model)
    assert type(error) is expected
    assert says in str(error)
    assert repr(model) in str(error)
    assert len(server.app.requests) == 1


@pytest.mark.fault("C3")
@pytest.mark.parametrize(
    ("model", "low", "high"), [("429", 0, 0), ("429-seconds", 1, 1), ("429-date", 0.5, 3), ("429-hour", 3600, 3600)]
)
async def test_a_rate_limit_keeps_how_long_to_wait(connect: Connect, model: str, low: float, high: float) -> None:
    error = await failure(connect(), model)
    assert isinstance(error, ProviderRateLimited)
    assert error.retry_after is not None
    assert low <= error.retry_after <= high


@pytest.mark.fault("C3")
async def test_an_unreadable_retry_after_is_no_promise(connect: Connect) -> None:
    error = await failure(connect(), "429-garbage")
    assert isinstance(error, ProviderRateLimited)
    assert error.retry_after is None


@pytest.mark.fault("C5")
async def test_a_key_that_the_vendor_repeats_appears_nowhere(connect: Connect) -> None:
    error = await failure(connect(), "leak-401")
    printed = "".join(traceback.format_exception(error))
    assert "Incorrect API key provided" in str(error)
    assert KEY.get_secret_value() not in printed
    assert KEY.get_secret_value()[:6] not in printed


@pytest.mark.fault("C1")
async def test_a_refused_connection_says_so(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = await failure(connect(base_url=f"http://127.0.0.1:{port}/v1"), "ok")
    assert type(error) is ProviderUnavailable
    assert "check the URL" in str(error)


@pytest.mark.fault("C1")
async def test_a_name_without_an_address_says_so() -> None:
    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    config = ProviderConfig("openai-compatible", "http://model.invalid/v1", KEY, "ok")
    outbound = Outbound(OutboundPolicy(), nowhere)
    error = await failure(PROVIDERS.get(config.name)(config, outbound.provider_client), "ok")
    assert type(error) is ProviderUnavailable


async def test_an_address_that_may_not_be_called_is_refused_by_name() -> None:
    async def metadata(_host: str, _port: int) -> Sequence[str]:
        return ["169.254.169.254"]

    config = ProviderConfig("openai-compatible", "http://innocent.example/v1", KEY, "ok")
    provider = PROVIDERS.get(config.name)(config, Outbound(OutboundPolicy(), metadata).provider_client)
    with pytest.raises(OutboundRefused, match=r"169\.254\.169\.254"):
        await ask(provider, asking())


@pytest.mark.fault("C2")
@pytest.mark.parametrize("model", ["hang", "slow"])
async def test_a_silent_vendor_times_out_and_is_hung_up_on(connect: Connect, server: MockServer, model: str) -> None:
    error = await failure(connect(timeouts=QUICK), model)
    assert type(error) is ProviderTimeout
    assert "sent nothing" in str(error)
    assert await asyncio.to_thread(server.app.disconnected.wait, 10)
    assert server.app.disconnects == [model]


@pytest.mark.fault("C10")
async def test_an_endless_answer_ends_at_the_total_limit(connect: Connect, server: MockServer) -> None:
    await ask(connect(), asking())  # the first request of a process also builds the SDK's types
    provider = connect(timeouts=Timeouts(connect=5, first_token=5, idle=5, total=2))
    events = provider.stream(asking("drip"))
    assert isinstance(await anext(events), TextDelta)
    with pytest.raises(ProviderTimeout, match="still answering"):
        await collect(events)
    await provider.aclose()
    assert await asyncio.to_thread(server.app.disconnected.wait, 10)


async def test_silence_within_an_answer_times_out(server: MockServer, connect: Connect) -> None:
    server.app.drip_seconds = 30
    provider = connect(timeouts=Timeouts(connect=5, first_token=10, idle=0.2, total=20))
    with pytest.raises(ProviderTimeout, match="stopped answering"):
        await ask(provider, asking("drip"))


@pytest.mark.fault("C14")
async def test_closing_the_stream_hangs_up_on_the_vendor(connect: Connect, server: MockServer) -> None:
    provider = connect()
    events = provider.stream(asking("drip"))
    assert isinstance(await anext(events), TextDelta)
    await close(events)
    assert await asyncio.to_thread(server.app.disconnected.wait, 10)
    assert server.app.disconnects == ["drip"]
    await provider.aclose()


@pytest.mark.fault("C14")
async def test_cancelling_the_reader_hangs_up_on_the_vendor(connect: Connect, server: MockServer) -> None:
    provider = connect()
    reader = asyncio.create_task(collect(provider.stream(asking("hang"))))
    assert await asyncio.to_thread(server.app.started.wait, 10)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert await asyncio.to_thread(server.app.disconnected.wait, 10)
    await provider.aclose()


async def test_a_vendor_that_needs_a_key_is_not_called_without(outbound: Outbound) -> None:
    provider = PROVIDERS.get("openai")(ProviderConfig("openai"), outbound.provider_client)
    with pytest.raises(ProviderAuthFailed, match="OPENAI_API_KEY"):
        await ask(provider, asking("gpt-6-luna"))


@pytest.mark.fault("E10")
async def test_a_stored_key_is_not_sent_to_another_url(server: MockServer, outbound: Outbound) -> None:
    config = ProviderConfig("openai-compatible", server.base_url, KEY, "ok", key_base_url="https://api.example.com/v1")
    provider = PROVIDERS.get(config.name)(config, outbound.provider_client)
    with pytest.raises(ProviderAuthFailed, match="another URL"):
        await ask(provider, asking())
    assert server.app.requests == []


async def test_openai_itself_gets_its_own_name_for_the_length_limit(server: MockServer, outbound: Outbound) -> None:
    config = ProviderConfig("openai", server.base_url, SecretStr("sk-other-0123456789"))
    request = GenerationRequest("ok", (Message("user", "Hi"),), sampling=Sampling(max_tokens=9))
    done = (await ask(PROVIDERS.get("openai")(config, outbound.provider_client), request)).done
    assert isinstance(done, Done)
    assert server.app.requests[-1].body["max_completion_tokens"] == 9
