"""Vectors through OpenAI's client, and raw."""

import base64
from collections.abc import AsyncIterator

import numpy as np
import openai
import pytest
from fastapi import FastAPI

from backend.embeddings.base import Vectors
from backend.embeddings.catalogue import MINILM, MPNET
from backend.embeddings.hashing import HashingEmbedder
from tests.api.openai_client import client_of, refused, token_of
from tests.support import Api

TEXTS = ["Where is the silver key?", "密码重置 😀", "naïve \x00 café", "a" * 10_000]


@pytest.fixture
async def client(api: Api, app: FastAPI) -> AsyncIterator[openai.AsyncOpenAI]:
    async with client_of(app, token_of(api)) as client:
        yield client


async def expected() -> Vectors:
    return await HashingEmbedder().embed(TEXTS, kind="document")


async def test_the_client_gets_the_vectors_in_order(client: openai.AsyncOpenAI) -> None:
    answer = await client.embeddings.create(model="hashing", input=TEXTS)

    assert (answer.object, answer.model) == ("list", "hashing")
    assert [(one.object, one.index) for one in answer.data] == [("embedding", n) for n in range(len(TEXTS))]
    np.testing.assert_array_equal(np.array([one.embedding for one in answer.data], np.float32), await expected())
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 5 + 1 + 2 + 1


@pytest.mark.parametrize("encoding", ["float", "base64"])
async def test_numbers_and_base64_are_the_same_vectors_to_the_last_bit(api: Api, encoding: str) -> None:
    answer = await api.post("/v1/embeddings", {"model": "hashing", "input": TEXTS, "encoding_format": encoding})
    rows = [one["embedding"] for one in answer["data"]]
    if encoding == "base64":
        vectors = np.array([np.frombuffer(base64.b64decode(row), "<f4") for row in rows])
    else:
        vectors = np.array(rows, np.float32)
    np.testing.assert_array_equal(vectors, await expected())


async def test_one_text_may_stand_alone_and_the_default_is_numbers(api: Api) -> None:
    answer = await api.post("/v1/embeddings", {"model": "hashing", "input": "key", "dimensions": 256, "user": "ada"})
    assert len(answer["data"]) == 1
    assert len(answer["data"][0]["embedding"]) == 256
    assert all(isinstance(value, float) for value in answer["data"][0]["embedding"])


async def test_two_thousand_and_forty_eight_texts_are_embedded_and_not_one_more(client: openai.AsyncOpenAI) -> None:
    texts = [f"text {n}" for n in range(2_048)]
    answer = await client.embeddings.create(model="hashing", input=texts)
    assert [one.index for one in answer.data] == list(range(2_048))
    with pytest.raises(openai.BadRequestError) as failed:
        await client.embeddings.create(model="hashing", input=[*texts, "one more"])
    assert failed.value.param == "input"


@pytest.mark.parametrize("tokens", [[1, 2, 3], [[1, 2], [3]]])
async def test_arrays_of_tokens_are_refused_by_name(client: openai.AsyncOpenAI, tokens: list[int]) -> None:
    with pytest.raises(openai.BadRequestError) as failed:
        await client.embeddings.create(model="hashing", input=tokens)
    assert (failed.value.code, failed.value.param) == ("unsupported_parameter", "input")
    assert "tokens" in failed.value.message


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"input": ""}, "input", "invalid_value"),
        ({"input": []}, "input", "invalid_value"),
        ({"input": ["a", ""]}, "input[1]", "invalid_value"),
        ({"input": ["a", 7]}, "input[1]", "invalid_value"),
        ({"input": None}, "input", "invalid_value"),
        ({"input": {"text": "a"}}, "input", "invalid_value"),
        ({}, "input", "missing_required_parameter"),
        ({"input": "a", "dimensions": 64}, "dimensions", "invalid_value"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format", "invalid_value"),
        ({"input": "a", "input_type": "query"}, "input_type", "unknown_parameter"),
    ],
)
async def test_what_is_wrong_is_named(api: Api, body: dict[str, object], param: str, code: str) -> None:
    refused(await api.client.post("/v1/embeddings", json={"model": "hashing", **body}), 400, code, param=param)


async def test_a_text_that_is_no_unicode_is_refused_where_the_model_cannot_read_it(api: Api) -> None:
    body = '{"model": "hashing", "input": ["\\ud800"]}'
    answer = await api.client.post("/v1/embeddings", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 400)


async def test_a_key_for_a_repeated_request_keeps_no_vectors(api: Api) -> None:
    headers = {"Idempotency-Key": "once"}
    body = {"model": "hashing", "input": "key"}
    first, again = [await api.client.post("/v1/embeddings", json=body, headers=headers) for _ in range(2)]
    assert first.content == again.content
    assert "idempotency-replayed" not in again.headers


async def test_every_model_that_is_here_embeds(client: openai.AsyncOpenAI) -> None:
    answer = await client.embeddings.create(model=MINILM.name, input=["tea", "a cup of tea"])
    assert [len(one.embedding) for one in answer.data] == [384, 384]
    assert answer.usage.prompt_tokens == 3 + 6
    with pytest.raises(openai.NotFoundError, match="all-MiniLM-L6-v2"):
        await client.embeddings.create(model=MPNET.name, input="tea")
