"""Embeddings of a server: what is sent, and what a server may answer instead of vectors."""

import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
from pydantic import SecretStr

from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.retry import RetryPolicy
from backend.embeddings.openai import CHARACTERS, LONGEST, OpenAIEmbedder
from backend.errors import (
    InvalidRequest,
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderRejected,
    ProviderUnavailable,
    SpecMismatch,
)
from backend.security.outbound import Outbound, OutboundPolicy
from tests.mock_openai import MockServer

KEY = "sk-test-abcdefghij0123456789"
Make = Callable[..., OpenAIEmbedder]


@pytest.fixture
async def make(mock: MockServer) -> AsyncIterator[Make]:
    made: list[OpenAIEmbedder] = []

    def one(
        model: str = "embed-64", dimension: int = 64, vendor: str = "openai-compatible", url: str = mock.base_url
    ) -> OpenAIEmbedder:
        config = ProviderConfig(vendor, url, SecretStr(KEY), key_base_url=url)
        embedder = OpenAIEmbedder(
            PROVIDERS.vendors[vendor],
            config,
            model,
            Outbound(OutboundPolicy("local")).provider_client,
            dimension=dimension,
            policy=RetryPolicy(first_delay=0.001),
        )
        made.append(embedder)
        return embedder

    yield one
    for embedder in made:
        await embedder.aclose()


async def test_long_work_goes_out_in_requests_that_a_server_takes(make: Make, mock: MockServer) -> None:
    texts = ["tea " * 10] * 100 + ["a" * 60_000, "", "b" * 90_000, "c" * 20_000]
    vectors = await make().embed(texts, kind="document")
    assert vectors.shape == (104, 64)
    sent = [list(request.body["input"]) for request in mock.app.requests]  # type: ignore[call-overload]  # as sent
    assert sum(map(len, sent)) == 104
    assert max(len(batch) for batch in sent) <= 64
    assert max(sum(map(len, batch)) for batch in sent) <= CHARACTERS
    assert max(len(text) for batch in sent for text in batch) == LONGEST
    assert sent[-1][-3] == " ", "the empty text is refused by the API"
    assert mock.app.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_the_dimension_is_what_the_server_sends(make: Make) -> None:
    spec = await make("embed-48", 0).measure()
    assert (spec.model, spec.dimension) == ("openai-compatible:embed-48", 48)


@pytest.mark.parametrize("version", ["", "/", "/v1", "/v1/"])
async def test_ollama_embeds_at_its_address_with_the_version_and_without(
    make: Make, mock: MockServer, version: str
) -> None:
    await make(vendor="ollama", url=f"{mock.root}{version}").embed(["tea"], kind="query")
    assert [request.path for request in mock.app.requests] == ["/v1/embeddings"]


@pytest.mark.fault("C2")
async def test_a_server_that_fails_at_times_is_asked_again(make: Make, mock: MockServer) -> None:
    assert (await make("flaky-500", 500).embed(["tea"], kind="query")).shape == (1, 500)
    assert len(mock.app.requests) == 3


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [
        ("status-400", ProviderRejected, "refused the request"),
        ("status-503", ProviderUnavailable, "failed"),
        ("leak-401", ProviderAuthFailed, "refused the key"),
        ("garbage", ProviderBadAnswer, "cannot be read"),
        pytest.param("embed-32", SpecMismatch, "sends 32 dimensions now, 64 when", marks=pytest.mark.fault("C11")),
    ],
)
async def test_what_is_no_answer_is_an_error_without_the_key(
    make: Make, model: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        await make(model).embed(["tea"], kind="query")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("vectors", [[[0.0] * 64], [[float("nan")] * 64], [[1.0] * 64, [1.0] * 63], []])
async def test_vectors_that_cannot_be_compared_are_refused(
    make: Make, monkeypatch: pytest.MonkeyPatch, vectors: list[list[float]]
) -> None:
    embedder = make()
    result = await embedder._ask(["tea"], "query")
    monkeypatch.setattr(result, "embeddings", vectors)

    async def ask(*_: object) -> object:
        return result

    monkeypatch.setattr(embedder, "_ask", ask)
    with pytest.raises(ProviderBadAnswer):
        await embedder.embed(["tea"] * max(len(vectors), 1), kind="query")


async def test_text_that_is_not_unicode_never_leaves(make: Make, mock: MockServer) -> None:
    with pytest.raises(InvalidRequest, match="text 1 has a lone surrogate at 4"):
        await make().embed(["tea", "bad \ud800"], kind="query")
    assert mock.app.requests == []


async def test_calls_at_the_same_time_share_the_connections(make: Make) -> None:
    embedder = make()
    many = await asyncio.gather(*(embedder.embed([f"tea {n}"], kind="query") for n in range(20)))
    assert np.stack(many).shape == (20, 1, 64)
