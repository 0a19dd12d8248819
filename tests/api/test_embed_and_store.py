"""Chunks of another program: in the index when the answer goes out, replaced as a whole."""

from typing import Any
from uuid import uuid4

import pytest

from tests.support import Api, refused

CHUNKS = ["The red bicycle stands in the cellar.", "The blue umbrella hangs behind the door."]


async def store(api: Api, chunks: list[str], **more: object) -> Any:
    return await api.post("/embed_and_store", {"document_id": "crm/42", "chunks": chunks, **more})


async def found(api: Api, question: str) -> list[str]:
    return [item["quote"] for item in (await api.asked(question))["retrieved"]]


async def test_chunks_are_found_at_once(api: Api) -> None:
    answer = await store(api, CHUNKS)

    assert answer == {"status": "stored", "document_id": "crm/42", "stored_vector_count": 2, "error_message": None}
    reply = await api.asked("Where is the red bicycle?")
    assert (reply["answered"], reply["citations"][0]["quote"]) == (True, CHUNKS[0])
    assert reply["citations"][0]["document_name"] == "crm/42"


async def test_a_document_sent_again_replaces_its_chunks(api: Api) -> None:
    await store(api, CHUNKS)
    await store(api, [CHUNKS[1], "The green lamp is in the attic."])

    assert sorted(await found(api, "red bicycle cellar")) == sorted([CHUNKS[1], "The green lamp is in the attic."])
    await api.drain()
    [collection] = (await api.get("/collections"))["items"]
    assert (collection["passages"], collection["points"], collection["pending_changes"]) == (2, 2, 0)
    assert (await api.stored()).rows["document"] == 1


async def test_equal_chunks_are_all_kept(api: Api) -> None:
    assert (await store(api, [CHUNKS[0]] * 3))["stored_vector_count"] == 3


async def test_a_deleted_document_leaves_nothing_and_its_name_is_free(api: Api) -> None:
    await store(api, CHUNKS)
    [document] = (await api.get("/documents"))["items"]
    assert (await api.client.delete(f"/documents/{document['id']}")).status_code == 204
    await api.drain()

    assert await found(api, "red bicycle cellar") == []
    await store(api, CHUNKS)
    assert len(await found(api, "red bicycle cellar")) == 2


async def test_chunks_go_to_the_collection_or_the_bot_that_is_named(api: Api) -> None:
    other = await api.post("/collections", {"name": "other"}, status=201)
    bot = await api.post("/agents", {"name": "Bot", "external_id": "bot-1", "collection_id": other["id"]}, status=201)
    await store(api, CHUNKS[:1], collection_id=other["id"])
    await store(api, CHUNKS[1:], document_id="crm/43", bot_id="bot-1")

    reply = await api.post("/chat", {"message": "Where is the blue umbrella?", "agent_id": bot["id"]})
    assert sorted(item["quote"] for item in reply["retrieved"]) == sorted(CHUNKS)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"chunks": ["a"] * 257}, 422, "invalid_request"),
        ({"chunks": []}, 422, "invalid_request"),
        ({"chunks": [" "]}, 422, "invalid_request"),
        ({"chunks": ["a"], "collection_id": str(uuid4())}, 404, "not_found"),
        ({"chunks": ["a"], "bot_id": "nobody"}, 404, "not_found"),
    ],
)
async def test_what_is_wrong_stores_nothing(api: Api, body: dict[str, object], status: int, code: str) -> None:
    before = await api.stored()
    answer = await api.client.post("/embed_and_store", json={"document_id": "d", **body})
    problem = refused(answer, status, code)
    if len(str(body)) > 1_000:
        assert "/ingest" in problem["detail"]
    assert await api.stored() == before
