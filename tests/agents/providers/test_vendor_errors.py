import httpx2
import pytest

from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.base import GenerationRequest, Message, collect
from backend.agents.providers.vendor_errors import scrub
from backend.errors import ProviderError


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"data: 5\n\n",
        b"data: null\n\n",
        b'data: {"choices": 3}\n\n',
        b'data: {"choices": [3]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": [1]}}]}\n\n',
        b'data: {"choices": [{"delta": {"content": "x"}}], "created": "z"}\n\n',
        b'data: {"choices": [{"delta": {"content": "half"}}]}\n\n',
        b'data: {"error": "boom"}\n\n',
        b"data: \xff\xfe\n\n",
    ],
)
async def test_no_answer_of_a_vendor_raises_anything_but_a_provider_error(payload: bytes) -> None:
    def respond(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=payload)

    def client(_url: str, _timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(respond))

    provider = PROVIDERS.get("openai-compatible")(ProviderConfig("openai-compatible", "http://x/v1"), client)
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
