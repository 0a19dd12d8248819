import traceback
from datetime import UTC, datetime

import httpx2
import pytest
from pydantic import SecretStr

from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.base import GenerationRequest, Message, collect
from backend.agents.providers.vendor_errors import at_time, scrub
from backend.errors import ProviderError


def _sse(*rows: str) -> bytes:
    return "".join(f"data: {row}\n\n" for row in rows).encode()


STRANGE = {
    "openai-compatible": (
        _sse('{"choices": 3}'),
        _sse('{"choices": [3]}'),
        _sse('{"choices": [{"delta": {"tool_calls": [1]}}]}'),
        _sse('{"choices": [{"delta": {"content": "x"}}], "created": "z"}'),
        _sse('{"choices": [{"delta": {"content": "half"}}]}'),
        _sse('{"error": "boom"}'),
    ),
    "mistral": (
        _sse('{"id": "a", "model": "m", "choices": 3}'),
        _sse(
            '{"id": "a", "model": "m", "choices": [{"index": 0, "delta": {"content": "half"}, "finish_reason": null}]}'
        ),
        _sse(
            '{"id": "a", "model": "m", "choices": [{"index": 0, "delta": {"tool_calls": [1]}, "finish_reason": null}]}'
        ),
        _sse('{"object": "error", "message": "boom"}'),
    ),
    "anthropic": (
        _sse('{"type": "message_start"}'),
        _sse('{"type": "message_start", "message": {"content": 3}}'),
        _sse('{"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "half"}}'),
        _sse('{"type": "message_delta", "delta": 5}'),
        b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "boom"}}\n\n',
        b'event: error\ndata: {"type": "error"}\n\n',
    ),
    "gemini": (
        _sse('{"candidates": 3}'),
        _sse('{"candidates": [3]}'),
        _sse('{"candidates": [{"content": {"parts": [{"text": "half"}], "role": "model"}}]}'),
        _sse(
            '{"candidates": [{"content": {"parts": [{"functionCall": 5}], "role": "model"}, "finishReason": "STOP"}]}'
        ),
        _sse('{"error": {"code": 503, "message": "boom", "status": "UNAVAILABLE"}}'),
        _sse('{"error": "boom"}'),
        b'[{"error": 1}]',
    ),
    "ollama": (
        b"5\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'{"message": 3, "done": true}\n',
        b'{"message": {"content": "half"}, "done": false}\n',
        b'{"message": {"content": "half"}}\n{"message": {"tool_calls": 3}, "done": true}\n',
        b'{"message": {"tool_calls": [1]}, "done": true}\n',
        b'{"message": {"tool_calls": [{"function": {"name": "f", "arguments": "x"}}]}, "done": true}\n',
        b'{"error": "boom"}\n',
        b'{"error": 3}\n',
        b"[" * 100_000,
    ),
}
NESTED = _sse("[" * 100_000)
NO_PROTOCOL = (
    b"",
    _sse("5"),
    _sse("null"),
    _sse("[]"),
    _sse("{}"),
    b"data: \xff\xfe\n\n",
    b"\x00\x01",
    b"data: {\n\n",
    NESTED,
)


@pytest.mark.parametrize(
    ("vendor", "payload"), [(name, one) for name, own in STRANGE.items() for one in (*NO_PROTOCOL, *own)]
)
async def test_no_answer_of_a_vendor_raises_anything_but_a_provider_error(vendor: str, payload: bytes) -> None:
    def respond(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=payload)

    def client(_url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(respond), timeout=timeout)

    config = ProviderConfig(vendor, "http://x/v1", SecretStr("sk-test-0123456789"))
    provider = PROVIDERS.get(vendor)(config, client)
    with pytest.raises(ProviderError):
        await collect(provider.stream(GenerationRequest("m", (Message("user", "Hi"),))))
    await provider.aclose()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("bad key my-secret-key-1 given", "bad key *** given"),
        ("Incorrect API key: sk-abc*****wxyz.", "Incorrect API key: ***"),
        ("header Bearer abc.def-ghi is wrong", "header *** is wrong"),
        ("the model gpt-6 does not exist", "the model gpt-6 does not exist"),
        ("it starts with my-secret", "it starts with ***"),
        ("got abcd...wxyz", "got ***"),
        ("wait 3.5 seconds...", "wait 3.5 seconds..."),
    ],
)
def test_keys_are_masked_whole_or_in_part(said: str, kept: str) -> None:
    assert scrub(said, "my-secret-key-1") == kept


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("key", "the keyboard model does not exist"),
        ("test", "no model test-7b here, see the latest list"),
        ("none", "nonetheless refused"),
        ("no-key-required", "the field model is required"),
        ("lm-studio", "the Studio has loaded no model"),
    ],
)
def test_a_key_that_is_a_word_does_not_tear_what_a_vendor_says(key: str, said: str) -> None:
    assert scrub(said, key) == said


async def _told(key: str, message: str) -> str:
    def respond(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(400, json={"error": {"message": message}})

    def client(_url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(respond), timeout=timeout)

    config = ProviderConfig("openai-compatible", "http://x/v1", SecretStr(key))
    provider = PROVIDERS.get("openai-compatible")(config, client)
    with pytest.raises(ProviderError) as caught:
        await collect(provider.stream(GenerationRequest("m", (Message("user", "Hi"),))))
    await provider.aclose()
    printed = "".join(traceback.format_exception(caught.value))
    return f"{caught.value}\n{printed}"


async def test_a_short_key_is_neither_shown_nor_given_away_by_a_mask() -> None:
    """`bad key *** given` tells that the word is the key, and how often it is said."""
    told = await _told("abc123", "bad key abc123 given, and a test")
    assert "refused the request; check the model's name" in told
    assert "abc123" not in told
    assert "no such model: tests" in await _told("test", "no such model: tests")


@pytest.mark.fault("C3")
@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (None, ""),
        (0.5, ""),
        (3600, " at 23:30:00 UTC"),
        (7200, " at 00:30:00 UTC on 1 December"),
        (86_400, " at 22:30:00 UTC on 1 December"),
        (86_401, ""),
    ],
)
def test_a_time_to_try_again_has_its_date_where_that_is_not_today(wait: float | None, said: str) -> None:
    assert at_time(wait, datetime(2026, 11, 30, 22, 30, tzinfo=UTC)) == said
