"""How `/v1` refuses: OpenAI's shape, the client's exceptions, every unsupported parameter by its name."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from fastapi import FastAPI

from backend.services.answering import Answering
from contracts.access import Role
from contracts.openai import ChatCompletionRequest
from tests.api.conftest import Keys
from tests.api.openai_client import client_of, refused, token_of
from tests.mock_openai import MockServer
from tests.support import Api, streamed
from tests.support import refused as problem

HELLO = [{"role": "user", "content": "Hello!"}]
ASK: dict[str, Any] = {"model": "default", "messages": HELLO}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}
UNSUPPORTED: dict[str, Any] = {
    "n": 2,
    "tools": [TOOL],
    "tool_choice": "required",
    "functions": [{"name": "f"}],
    "function_call": {"name": "f"},
    "response_format": {"type": "json_object"},
    "logprobs": True,
    "top_logprobs": 3,
    "logit_bias": {"50256": -100},
    "seed": 7,
    "top_p": 0.5,
    "frequency_penalty": 0.5,
    "presence_penalty": -1,
    "modalities": ["text", "audio"],
    "audio": {"voice": "alloy", "format": "mp3"},
    "prediction": {"type": "content", "content": "Hello"},
    "moderation": {"model": "omni-moderation-latest"},
    "reasoning_effort": "high",
    "verbosity": "low",
    "service_tier": "priority",
    "store": True,
    "web_search_options": {},
    "prompt_cache_options": {"mode": "explicit"},
}
NOTHING: dict[str, list[Any]] = {
    "n": [1],
    "stop": [[]],
    "tools": [[]],
    "tool_choice": ["none", "auto"],
    "parallel_tool_calls": [True, False],
    "functions": [[]],
    "function_call": ["none", "auto"],
    "response_format": [{"type": "text"}],
    "logprobs": [False],
    "top_logprobs": [0],
    "logit_bias": [{}],
    "top_p": [1, 1.0],
    "frequency_penalty": [0, 0.0],
    "presence_penalty": [0],
    "modalities": [["text"]],
    "reasoning_effort": ["none"],
    "verbosity": ["medium"],
    "service_tier": ["auto", "default"],
    "store": [False],
    "prompt_cache_key": ["k"],
    "prompt_cache_retention": ["24h"],
    "safety_identifier": ["ada"],
}


@pytest.fixture
async def client(api: Api, app: FastAPI) -> AsyncIterator[openai.AsyncOpenAI]:
    async with client_of(app, token_of(api)) as client:
        yield client


async def post(api: Api, body: object, **headers: str) -> Any:
    return await api.client.post("/v1/chat/completions", json=body, headers=headers)


@pytest.mark.parametrize(("name", "value"), UNSUPPORTED.items(), ids=UNSUPPORTED)
async def test_what_is_not_supported_is_refused_by_name(api: Api, name: str, value: object) -> None:
    message = refused(await post(api, ASK | {name: value}), 400, "unsupported_parameter", param=name)
    assert name in message
    assert (await api.stored()).rows["conversation"] == 0


async def test_what_asks_for_nothing_is_taken(api: Api) -> None:
    for name, values in NOTHING.items():
        for value in [None, *values]:
            answer = await post(api, ASK | {name: value})
            assert answer.status_code == 200, (name, value, answer.text)


def test_every_parameter_of_the_clients_is_known_here() -> None:
    """A release of the client with another parameter fails here; take it, or refuse it by its name."""
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming

    theirs = set(CompletionCreateParamsNonStreaming.__annotations__)
    for base in CompletionCreateParamsNonStreaming.__mro__:
        theirs |= set(getattr(base, "__annotations__", {}))
    assert theirs - set(ChatCompletionRequest.model_fields) == set()


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"model": None}, "model", "invalid_value"),
        ({"messages": []}, "messages", "invalid_value"),
        ({"messages": HELLO * 1_001}, "messages", "invalid_value"),
        ({"messages": [*HELLO, {"role": "assistant", "content": "Hi"}]}, "messages", "invalid_value"),
        ({"messages": [{"role": "user", "content": " \n"}]}, "messages", "invalid_value"),
        ({"messages": [{"role": "user", "content": "\u200b\u2060"}]}, "messages", "invalid_value"),
        ({"messages": [{"role": "user", "content": None}]}, "messages", "invalid_value"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content", "invalid_value"),
        ({"messages": [{"role": "user", "content": "a\x00b"}]}, "messages[0].content", "invalid_value"),
        ({"messages": [{"role": "critic", "content": "a"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"content": "a"}]}, "messages[0].role", "missing_required_parameter"),
        (
            {"messages": [*HELLO, {"role": "tool", "content": "a", "tool_call_id": "1"}, *HELLO]},
            "messages[1]",
            "unsupported_parameter",
        ),
        (
            {"messages": [{"role": "assistant", "content": None, "tool_calls": [TOOL]}, *HELLO]},
            "messages[0].tool_calls",
            "unsupported_parameter",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "What is this?"},
                            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
                        ],
                    }
                ]
            },
            "messages[0].content[1]",
            "unsupported_parameter",
        ),
        ({"messages": [{"role": "system", "content": "a" * 20_001}, *HELLO]}, "messages", "invalid_value"),
        ({"temperature": 2.5}, "temperature", "invalid_value"),
        ({"temperature": "hot"}, "temperature", "invalid_value"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"max_completion_tokens": "7"}, "max_completion_tokens", "invalid_value"),
        ({"stream": "yes"}, "stream", "invalid_value"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "invalid_value"),
        (
            {"stream": True, "stream_options": {"include_obfuscation": True}},
            "stream_options.include_obfuscation",
            "unsupported_parameter",
        ),
        ({"metadata": {"conversation_id": "yesterday's"}}, "metadata.conversation_id", "invalid_value"),
        ({"metadata": {"ours": 7}}, "metadata.ours", "invalid_value"),
        ({"collection_id": "x"}, "collection_id", "unknown_parameter"),
        ({"messages": [{"role": "user", "content": "a", "mood": "good"}]}, "messages[0].mood", "unknown_parameter"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, change: dict[str, Any], param: str, code: str) -> None:
    message = refused(await post(api, ASK | change), 400, code, param=param)
    assert param.partition("[")[0].partition(".")[0] in message or "message" in message
    assert (await api.stored()).rows["conversation"] == 0


async def test_a_part_of_another_type_is_named(api: Api) -> None:
    part = {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}
    answer = await post(api, ASK | {"messages": [{"role": "user", "content": [part]}]})
    assert "'input_audio'" in refused(answer, 400, "unsupported_parameter", param="messages[0].content[0]")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"model": "\xff"}', b"[" * 100_000])
async def test_a_body_that_is_no_request_is_refused(api: Api, body: bytes) -> None:
    for path in ("/v1/chat/completions", "/v1/embeddings"):
        answer = await api.client.post(path, content=body, headers={"Content-Type": "application/json"})
        error = answer.json()["error"]
        assert (answer.status_code, error["type"]) == (400, "invalid_request_error"), (path, answer.text)


async def test_without_a_valid_key_the_client_raises_what_it_has_for_that(app: FastAPI) -> None:
    async with client_of(app, "nxk_wrong") as stranger:
        for call in (
            stranger.models.list(),
            stranger.chat.completions.create(**ASK),
            stranger.embeddings.create(model="hashing", input="a"),
        ):
            with pytest.raises(openai.AuthenticationError) as failed:
                await call
            assert (failed.value.code, failed.value.type) == ("invalid_api_key", "authentication_error")
            assert failed.value.response.headers["www-authenticate"] == "Bearer"
            assert failed.value.request_id == failed.value.response.headers["x-request-id"]


async def test_a_role_that_may_not_ask_is_told_so(keys: Keys) -> None:
    devops = await keys.sign_in(role=Role.DEVOPS)
    async with client_of(keys.app, token_of(devops)) as client:
        with pytest.raises(openai.PermissionDeniedError) as failed:
            await client.chat.completions.create(**ASK)
    assert failed.value.code == "forbidden"


async def known(api: Api, mock: MockServer, model: str) -> None:
    await api.add_faq("Where is the silver key?", "The silver key is under the stone.")
    await api.drain()
    await api.use_provider("openai-compatible", model, base_url=mock.base_url, api_key="sk-test-0123456789")


@pytest.mark.fault("C3")
@pytest.mark.parametrize("stream", [False, True])
async def test_a_provider_that_asks_to_slow_down_is_a_rate_limit_with_its_time(
    api: Api, client: openai.AsyncOpenAI, mock: MockServer, stream: bool
) -> None:
    await known(api, mock, "429-hour")
    messages: Any = [{"role": "user", "content": "Where is the silver key?"}]
    with pytest.raises(openai.RateLimitError) as failed:
        await client.chat.completions.create(model="default", messages=messages, stream=stream)

    assert (failed.value.code, failed.value.type) == ("provider_rate_limited", "rate_limit_error")
    assert failed.value.response.headers["retry-after"] == "3600"
    assert failed.value.response.headers["x-should-retry"] == "false"


async def test_a_client_that_tries_again_by_itself_is_told_when_that_is_useless(
    api: Api, app: FastAPI, mock: MockServer
) -> None:
    await known(api, mock, "status-401")
    messages: Any = [{"role": "user", "content": "Where is the silver key?"}]
    async with client_of(app, token_of(api), max_retries=2) as client:
        with pytest.raises(openai.InternalServerError) as failed:
            await client.chat.completions.create(model="default", messages=messages)
    assert failed.value.code == "provider_auth_failed"
    assert len(mock.app.requests) == 1


async def test_a_budget_that_is_used_up_is_a_rate_limit(api: Api, client: openai.AsyncOpenAI, mock: MockServer) -> None:
    await known(api, mock, "ok")
    agent = (await api.get("/agents"))["items"][0]["id"]
    await api.client.patch(f"/agents/{agent}", json={"daily_tokens": 1})
    messages: Any = [{"role": "user", "content": "Where is the silver key?"}]
    await client.chat.completions.create(model="default", messages=messages)
    with pytest.raises(openai.RateLimitError) as failed:
        await client.chat.completions.create(model="default", messages=messages, stream=True)
    assert failed.value.code == "budget_exhausted"
    assert int(failed.value.response.headers["retry-after"]) > 0


@pytest.mark.fault("E3")
async def test_a_body_over_the_limit_is_refused_in_the_same_shape(api: Api) -> None:
    limit = api.settings.body_limit
    whole = await api.client.post("/v1/chat/completions", content=b" " * (limit + 1))
    refused(whole, 413, "body_too_large")
    piece = b" " * (limit // 2)
    pieces = await api.client.post("/v1/embeddings", content=streamed(piece, piece, b"  "))
    refused(pieces, 413, "body_too_large")


async def test_an_unexpected_error_says_nothing_of_its_cause(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ValueError("password=hunter2")

    monkeypatch.setattr(api.scope.services.openai, "embed", broken)
    monkeypatch.setattr(Answering, "_find", broken)
    with caplog.at_level(logging.ERROR):
        for stream in (False, True):
            answer = await post(api, ASK | {"stream": stream})
            refused(answer, 500, "internal_error")
            assert "hunter2" not in answer.text
        refused(await api.client.post("/v1/embeddings", json={"model": "hashing", "input": "a"}), 500, "internal_error")
    assert "hunter2" in str([record.exc_info for record in caplog.records])


async def test_unknown_addresses_and_methods_under_v1_have_its_shape_and_others_theirs(api: Api) -> None:
    refused(await api.client.get("/v1/responses"), 404, "not_found")
    answer = await api.client.get("/v1/embeddings")
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"
    problem(await api.client.get("/v2/models"), 404, "not_found")
    problem(await api.client.get("/v1"), 404, "not_found")
