import json
import math

import httpx2

from tests.mock_openai import MODELS, MockServer


async def test_it_lists_its_modes_as_models(server: MockServer) -> None:
    async with httpx2.AsyncClient() as client:
        listed = (await client.get(f"{server.base_url}/models")).json()
    assert [row["id"] for row in listed["data"]] == list(MODELS)


async def test_embeddings_have_unit_length_and_the_size_in_the_models_name(server: MockServer) -> None:
    async with httpx2.AsyncClient() as client:
        url, body = f"{server.base_url}/embeddings", {"model": "embed-384", "input": ["one two", "two one", ""]}
        rows = [row["embedding"] for row in (await client.post(url, json=body)).json()["data"]]
    assert [len(row) for row in rows] == [384] * 3
    assert all(math.isclose(sum(x * x for x in row), 1.0) for row in rows)
    assert rows[0] == rows[1]


async def test_it_answers_without_a_stream_too(server: MockServer) -> None:
    body = {"model": "ok", "messages": [{"role": "user", "content": "Question: Who are you?"}]}
    async with httpx2.AsyncClient() as client:
        answer = (await client.post(f"{server.base_url}/chat/completions", json=body)).json()
    assert answer["choices"][0]["message"]["content"] == "You asked: Who are you?"
    assert json.loads(json.dumps(server.app.requests[-1].body)) == body


async def test_an_unknown_route_is_404(server: MockServer) -> None:
    async with httpx2.AsyncClient() as client:
        assert (await client.get(f"{server.base_url}/nothing")).status_code == 404
