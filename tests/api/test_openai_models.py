"""Agents and embedding models as OpenAI's client lists them."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import openai
import pytest
from fastapi import FastAPI

from backend.embeddings.catalogue import MINILM
from tests.api.conftest import Keys
from tests.api.openai_client import client_of, refused, token_of
from tests.support import Api


@pytest.fixture
async def client(api: Api, app: FastAPI) -> AsyncIterator[openai.AsyncOpenAI]:
    async with client_of(app, token_of(api)) as client:
        yield client


async def agent(api: Api, name: str, **fields: str) -> dict[str, Any]:
    made: dict[str, Any] = await api.post("/agents", {"name": name, **fields}, status=201)
    return made


async def test_agents_and_the_embedding_model_are_the_models(api: Api, client: openai.AsyncOpenAI) -> None:
    sales = await agent(api, "Sales / EMEA", external_id="crm-7")
    raw = await api.get("/v1/models")
    listed = [model async for model in client.models.list()]

    assert raw["object"] == "list"
    assert [(model.id, model.object, model.owned_by) for model in listed] == [
        ("default", "model", "ai-nexus"),
        ("Sales / EMEA", "model", "ai-nexus"),
        ("hashing", "model", "ai-nexus"),
        (MINILM.name, "model", "sentence-transformers"),
    ]
    assert listed[0].created > 1_700_000_000
    assert raw["data"][1]["nexus"] == {
        "kind": "agent",
        "agent_id": sales["id"],
        "model_id": None,
        "external_id": "crm-7",
        "dimension": None,
    }
    assert (raw["data"][2]["nexus"]["kind"], raw["data"][2]["nexus"]["dimension"]) == ("embedding", 256)


async def test_a_model_is_found_by_each_of_its_names(api: Api, client: openai.AsyncOpenAI) -> None:
    sales = await agent(api, "Sales / EMEA?", external_id="crm-7")
    for ref in ("Sales / EMEA?", sales["id"], "crm-7"):
        found = await client.models.retrieve(ref)
        assert (found.id, (found.model_extra or {})["nexus"]["agent_id"]) == (ref, sales["id"])
        answer = await client.chat.completions.create(model=ref, messages=[{"role": "user", "content": "Hello!"}])
        assert (answer.model, (answer.model_extra or {})["nexus"]["agent_id"]) == (ref, sales["id"])
    assert (await client.models.retrieve("hashing")).id == "hashing"


@pytest.mark.parametrize("name", ["default-id", "hashing"])
async def test_a_name_that_could_mean_something_else_is_listed_by_its_id(
    api: Api, client: openai.AsyncOpenAI, name: str
) -> None:
    await agent(api, "Other", external_id="default-id")
    twin = await agent(api, name)
    listed = [model.id async for model in client.models.list()]
    assert listed == ["default", "Other", twin["id"], "hashing", MINILM.name]


@pytest.mark.parametrize("ref", ["nobody", "0f9a1c52-1111-4222-8333-94445555aaaa", "a/b/c", "%00", "x" * 201])
async def test_an_unknown_model_is_not_found(client: openai.AsyncOpenAI, ref: str) -> None:
    with pytest.raises((openai.NotFoundError, openai.BadRequestError)) as failed:
        await client.models.retrieve(ref)
    assert failed.value.param == "model"
    if isinstance(failed.value, openai.NotFoundError):
        assert failed.value.code == "model_not_found"
        assert ref in failed.value.message


async def test_an_unknown_model_is_not_found_when_it_is_asked_either(api: Api, client: openai.AsyncOpenAI) -> None:
    for model in ("nobody", "hashing"):
        with pytest.raises(openai.NotFoundError) as failed:
            await client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello?"}])
        assert (failed.value.code, failed.value.param, failed.value.type) == (
            "model_not_found",
            "model",
            "invalid_request_error",
        )
    for model in ("nobody", "default"):
        with pytest.raises(openai.NotFoundError) as failed:
            await client.embeddings.create(model=model, input="Hello")
        assert "'hashing'" in failed.value.message
    assert (await api.stored()).rows["conversation"] == 0


@pytest.mark.fault("E5")
async def test_another_workspaces_model_and_conversation_are_answered_as_unknown_ones(keys: Keys) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    theirs = await agent(first, "Secret", external_id="crm-9")
    hello = [{"role": "user", "content": "Hello?"}]
    begun = await first.post("/v1/chat/completions", {"model": "Secret", "messages": hello})
    assert "Secret" not in (await second.client.get("/v1/models")).text

    async def at_model(ref: str) -> str:
        return refused(await second.client.get(f"/v1/models/{ref}"), 404, "model_not_found", param="model")

    async def asked(ref: str) -> str:
        answer = await second.client.post("/v1/chat/completions", json={"model": ref, "messages": hello})
        return refused(answer, 404, "model_not_found", param="model")

    async def continued(ref: str) -> str:
        body = {"model": "default", "messages": hello, "metadata": {"conversation_id": ref}}
        return refused(await second.client.post("/v1/chat/completions", json=body), 404, "not_found")

    for refs, ask in [
        ((theirs["id"], "Secret", "crm-9"), at_model),
        ((theirs["id"], "Secret", "crm-9"), asked),
        ((begun["metadata"]["conversation_id"],), continued),
    ]:
        unknown = str(uuid4())
        for ref in refs:
            assert (await ask(ref)).replace(ref, "<ref>") == (await ask(unknown)).replace(unknown, "<ref>")
