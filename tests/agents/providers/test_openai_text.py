"""What servers of OpenAI's chat completions say besides plain words, and how they say no."""

import asyncio
import json
from collections.abc import Sequence

import httpx2
import pytest

from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts
from backend.agents.providers.base import Completion, GenerationRequest, Message, Sampling, Usage, collect
from backend.agents.providers.protocols.openai_chat import OpenAIChat
from backend.agents.providers.pydantic_ai import PydanticAiProvider
from backend.agents.providers.streams import close
from backend.errors import (
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderContextExceeded,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnavailable,
)
from backend.security.outbound import Outbound
from tests.agents.conftest import Connect
from tests.mock_openai import MockServer

Chunk = dict[str, object]
STOP: Chunk = {"choices": [{"delta": {}, "finish_reason": "stop"}]}


def said(content: object, **delta: object) -> Chunk:
    return {"choices": [{"delta": {"content": content, **delta}}]}


def streamed(chunks: Sequence[object]) -> httpx2.Response:
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    return httpx2.Response(200, headers={"content-type": "text/event-stream; charset=utf-8"}, content=body.encode())


async def ask(
    response: httpx2.Response, sent: list[Chunk] | None = None, vendor: str = "openai-compatible"
) -> Completion:
    def respond(request: httpx2.Request) -> httpx2.Response:
        if sent is not None:
            sent.append(json.loads(request.content))
        return response

    def client(_url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(respond), timeout=timeout)

    config = ProviderConfig(vendor, "http://x/v1")
    provider = PydanticAiProvider(PROVIDERS.vendors[vendor], OpenAIChat, config, client)
    request = GenerationRequest("m", (Message("system", "Be brief."), Message("user", "Hi")), sampling=Sampling(0.5, 9))
    try:
        return await collect(provider.stream(request))
    finally:
        await provider.aclose()


async def test_a_model_of_this_machine_ends_where_it_would_write_passages() -> None:
    sent: list[Chunk] = []
    for vendor in ("local", "openai-compatible"):
        await ask(streamed([said("Yes."), STOP]), sent, vendor)
    assert [body.get("stop") for body in sent] == [["<passage", "</passage"], None]


async def test_hundreds_of_answers_are_written_at_once(connect: Connect, server: MockServer) -> None:
    """None waits for the connection of another one, which lasts as long as its answer does."""
    server.app.drip_seconds = 0.5
    provider = connect(timeouts=Timeouts(connect=2.0))
    request = GenerationRequest("drip", (Message("user", "Hi"),))
    streams = [provider.stream(request) for _ in range(130)]
    firsts = await asyncio.gather(*map(anext, streams))
    assert len(firsts) == 130
    for stream in streams:
        await close(stream)
    await provider.aclose()


async def test_a_connection_serves_the_next_answer(connect: Connect, server: MockServer) -> None:
    provider = connect()
    for _ in range(3):
        await collect(provider.stream(GenerationRequest("ok", (Message("user", "Hi"),))))
    await provider.aclose()
    assert len({request.peer for request in server.app.requests}) == 1


async def test_a_kept_connection_that_the_server_closes_costs_no_answer(outbound: Outbound) -> None:
    """As llama.cpp's server does: it hangs up just when the next question comes."""
    body = b'data: {"choices": [{"delta": {"content": "Hello"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    served: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        await reader.readuntil(b"}}")
        writer.write(head + body)
        await reader.read(1)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        config = ProviderConfig("openai-compatible", f"http://{host}:{port}/v1")
        provider = PROVIDERS.get("openai-compatible")(config, outbound.provider_client)
        request = GenerationRequest("m", (Message("user", "Hi"),))
        answers = [(await collect(provider.stream(request))).text for _ in range(2)]
        await provider.aclose()
        await asyncio.gather(*filter(None, served))
    assert (answers, len(served)) == (["Hello", "Hello"], 2)


async def test_a_question_is_sent_as_it_is_with_its_limits() -> None:
    sent: list[Chunk] = []
    await ask(streamed([said("Hello"), STOP]), sent)
    assert sent == [
        {
            "model": "m",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.5,
            "max_tokens": 9,
        }
    ]


@pytest.mark.parametrize(
    "thoughts",
    [
        [said(None, reasoning_content="Hm.")],
        [said("", reasoning="Hm.")],
        [said("<think>"), said("Hm."), said("</think>")],
    ],
)
async def test_reasoning_is_no_part_of_the_answer(thoughts: Sequence[Chunk]) -> None:
    assert (await ask(streamed([*thoughts, said("Hello"), STOP]))).text == "Hello"


async def test_a_text_in_parts_is_one_text() -> None:
    parts = [{"type": "text", "text": "Hel"}, {"type": "image"}, {"type": "text", "text": "lo"}, 3]
    assert (await ask(streamed([said(parts), STOP]))).text == "Hello"


async def test_the_end_says_which_model_answered_and_with_how_many_tokens() -> None:
    usage = {"model": "m-2", "choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 3}}
    done = (await ask(streamed([said("Hello"), STOP, usage]))).done
    assert (done.model, done.usage, done.finish_reason) == ("m-2", Usage(12, 3), "stop")


async def test_counts_that_are_none_are_no_tokens() -> None:
    usage = {"usage": {"prompt_tokens": None, "completion_tokens": "many"}}
    assert (await ask(streamed([said("Hello"), STOP, usage]))).done.usage == Usage()


@pytest.mark.parametrize(
    ("reason", "ours"),
    [("length", "length"), ("content_filter", "content_filter"), ("function_call", "tool_calls"), ("eos", "stop")],
)
async def test_the_reason_of_the_end_is_one_of_ours(reason: str, ours: str) -> None:
    end = {"choices": [{"delta": {}, "finish_reason": reason}]}
    assert (await ask(streamed([said("Hello"), end]))).done.finish_reason == ours


async def test_a_refusal_is_an_end_by_the_filter() -> None:
    answer = await ask(streamed([said(None, refusal="I will not."), STOP]))
    assert (answer.text, answer.done.finish_reason) == ("", "content_filter")


@pytest.mark.fault("C5")
@pytest.mark.parametrize(
    ("error", "expected", "says"),
    [
        ({"message": "slow down", "code": 429}, ProviderRateLimited, "slow down"),
        ({"message": "busy", "code": "503"}, ProviderUnavailable, "busy"),
        ({"message": "broken", "type": "server_error"}, ProviderUnavailable, "broken"),
        ({"message": "no credit", "code": "insufficient_quota"}, ProviderRejected, "no credit left"),
        ({"message": "boom"}, ProviderBadAnswer, "boom"),
        ("boom", ProviderBadAnswer, "cannot be read"),
    ],
)
async def test_an_error_within_an_answer_is_one_of_ours(
    error: object, expected: type[ProviderError], says: str
) -> None:
    with pytest.raises(ProviderError, match=says) as caught:
        await ask(streamed([said("Hel"), {"error": error}]))
    assert type(caught.value) is expected


@pytest.mark.fault("C5")
@pytest.mark.parametrize(
    ("status", "error", "expected", "says"),
    [
        (429, {"message": "pay", "code": "insufficient_quota"}, ProviderRejected, "no credit left: 'pay'"),
        (
            400,
            {"message": "2 of 1", "code": "context_length_exceeded"},
            ProviderContextExceeded,
            "cannot read as much.*2 of 1",
        ),
        (400, {"message": "bad key", "code": "invalid_api_key"}, ProviderAuthFailed, "refused the key"),
        (402, {"message": "pay"}, ProviderRejected, "no credit left"),
        (500, [], ProviderUnavailable, "try again"),
        (418, None, ProviderRejected, "check the URL"),
    ],
)
async def test_a_refused_question_says_why(
    status: int, error: object, expected: type[ProviderError], says: str
) -> None:
    with pytest.raises(ProviderError, match=says) as caught:
        await ask(httpx2.Response(status, json={"error": error}))
    assert type(caught.value) is expected


@pytest.mark.fault("C5")
async def test_a_refusal_without_an_end_is_not_read_to_it() -> None:
    read = 0

    async def endless() -> object:
        nonlocal read
        while True:
            read += 1024
            yield b"x" * 1024

    with pytest.raises(ProviderRejected):
        await ask(httpx2.Response(400, content=endless()))  # type: ignore[arg-type]  # an asynchronous generator of bytes
    assert read <= 70 * 1024


@pytest.mark.fault("C5")
async def test_an_event_without_an_end_is_refused() -> None:
    body = b'data: {"x": "' + b"x" * (8 * 1024 * 1024)
    endless = httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    with pytest.raises(ProviderBadAnswer):
        await ask(endless)
