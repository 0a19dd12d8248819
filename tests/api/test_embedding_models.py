"""Embedding models: which there are, fetching one, and a collection that is embedded anew while it answers."""

import asyncio
import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from backend.db.models import Collection, Credential, Embedding, Job
from backend.embeddings.catalogue import MINILM, MPNET
from backend.embeddings.native import packaged_model
from backend.jobs.context import AttemptContext
from backend.retrieval.calibration import QUESTIONS
from backend.services import model_switch
from tests.mock_llm import server
from tests.mock_openai import MockServer
from tests.support import Api, refused

QUESTION = "How do I descale the machine?"
SERVER = "openai-compatible:embed-256"


async def switched(api: Api, model: str) -> dict[str, Any]:
    """The job that switched the default collection."""
    job = await api.post(f"/collections/{await api.collection()}/model", {"model": model}, status=202)
    await api.drain()
    found: dict[str, Any] = await api.get(f"/jobs/{job['id']}")
    return found


async def collection(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = await api.get(f"/collections/{await api.collection()}")
    return found


async def spec_keys(api: Api) -> dict[str, int]:
    """Stored vectors by model."""
    async with api.scope.database.read() as session:
        query = sa.select(Embedding.spec_key, sa.func.count()).group_by(Embedding.spec_key)
        return dict((await session.execute(query)).all())


async def filled(api: Api) -> None:
    await api.extracted()
    await api.approve_all()


async def asked(api: Api, question: str) -> dict[str, Any]:
    found: dict[str, Any] = await api.post("/rag-chat", {"message": question, "collection_id": await api.collection()})
    return found


async def best(api: Api) -> str:
    answer = await asked(api, QUESTION)
    return str(answer["retrieved"][0]["title"])


def own_model(api: Api, name: str = "ours") -> Path:
    folder = api.settings.models / name
    shutil.copytree(packaged_model(), folder)
    return folder


async def test_the_list_says_what_is_here_and_what_can_be_fetched(api: Api, mock: MockServer) -> None:
    own_model(api)
    broken = own_model(api, "broken")
    (broken / "config.json").write_text('{"hidden_size": "many"}')
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "model": "ok"})
    await api.client.put("/providers/ollama", json={"base_url": mock.base_url, "model": "ok"})

    models = {one["name"]: one for one in await api.get("/embedding-models")}
    assert models["hashing"]["state"] == models[MINILM.name]["state"] == models["local/ours"]["state"] == "ready"
    assert (models[MPNET.name]["state"], models[MPNET.name]["download_mb"]) == ("not_fetched", 405)
    assert models["local/ours"]["dimension"] == 384
    assert models["local/broken"]["state"] == "broken"
    assert "hidden_size" in models["local/broken"]["reason"]
    assert models["ollama:nomic-embed-text"]["place"] == "server"
    assert not [name for name in models if name.startswith("openai:")], "it has no key"


async def test_a_model_that_a_collection_uses_is_in_the_list_also_when_nobody_knows_it(
    api: Api, mock: MockServer
) -> None:
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "model": "ok"})
    assert SERVER not in {one["name"] for one in await api.get("/embedding-models")}
    await filled(api)
    assert (await switched(api, SERVER))["status"] == "succeeded"
    [used] = [one for one in await api.get("/embedding-models") if one["name"] == SERVER]
    assert (used["label"], used["place"]) == ("embed-256, openai-compatible", "server")
    assert (used["dimension"], used["state"]) == (256, "ready")

    async with api.scope.database.write() as session:
        await session.execute(sa.delete(Credential))
    [used] = [one for one in await api.get("/embedding-models") if one["name"] == SERVER]
    assert used["state"] == "broken"
    assert "cannot be asked" in used["reason"]


async def test_a_folder_that_a_collection_uses_stays_in_the_list_when_it_is_gone(api: Api) -> None:
    folder = own_model(api)
    await filled(api)
    assert (await switched(api, "local/ours"))["status"] == "succeeded"
    assert [one["name"] for one in await api.get("/embedding-models")].count("local/ours") == 1
    shutil.rmtree(folder)
    [gone] = [one for one in await api.get("/embedding-models") if one["name"] == "local/ours"]
    assert gone["place"] == "here"


async def test_a_model_that_is_here_or_unknown_is_not_fetched(api: Api) -> None:
    refused(await api.client.post("/embedding-models/fetch", json={"model": MINILM.name}), 422, "unknown_strategy")
    refused(await api.client.post("/embedding-models/fetch", json={"model": "tea"}), 422, "unknown_strategy")


async def test_a_model_that_is_being_fetched_is_not_fetched_twice(api: Api) -> None:
    async with api.scope.database.write() as session:
        workspace = (await session.scalars(sa.select(Collection.workspace_id))).first()
        row = {"workspace_id": workspace, "kind": "fetch_model", "status": "running", "version": "1"}
        session.add(Job(id=UUID(int=1), title=MPNET.name, **row))
    problem = refused(await api.client.post("/embedding-models/fetch", json={"model": MPNET.name}), 409, "conflict")
    assert str(UUID(int=1)) in problem["detail"]


@pytest.mark.parametrize("model", [MINILM.name, "local/ours", SERVER])
async def test_a_collection_answers_from_the_new_model_and_the_old_vectors_are_gone(
    api: Api, mock: MockServer, model: str
) -> None:
    own_model(api)
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "model": "ok"})
    await filled(api)
    before = await collection(api)
    [texts] = (await spec_keys(api)).values()

    job = await switched(api, model)
    assert (job["status"], job["result"]["points"]) == ("succeeded", before["points"])
    after = await collection(api)
    assert after["embedding_model"] == model
    assert {**after, "embedding_model": ""} == {**before, "embedding_model": ""}
    assert await best(api) == QUESTION
    assert list((await spec_keys(api)).values()) == [texts]

    await api.add_faq("How do I clean the sieve?", "With a brush.")
    await api.drain()
    assert (await collection(api))["points"] == before["points"] + 2, "new knowledge is embedded by the new model"
    assert (await switched(api, "hashing"))["status"] == "succeeded", "and back"
    assert await best(api) == QUESTION


async def test_what_changes_while_it_is_embedded_anew_is_in_afterwards(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(api)
    old = (await api.faqs(status="approved"))[0]
    copy, rounds = model_switch.ModelSwitch._copy, 0

    async def changing(self: model_switch.ModelSwitch, *given: Any) -> tuple[int, int]:
        nonlocal rounds
        rounds += 1
        done = await copy(self, *given)
        if rounds == 1:  # the index of the new model is made; now a FAQ comes and another one goes
            await api.add_faq("Where is the manual?", "In the drawer.")
            await api.post("/faqs/reject", {"ids": [old["id"]]})
            job = await api.post(f"/collections/{await api.collection()}/sync", status=202)
            while (await api.get(f"/jobs/{job['id']}"))["status"] != "succeeded":
                await asyncio.sleep(0.01)
            assert (await asked(api, "Where is the manual?"))["answered"], "by the old model"
        return done

    monkeypatch.setattr(model_switch.ModelSwitch, "_copy", changing)
    assert (await switched(api, MINILM.name))["status"] == "succeeded"
    assert rounds == 2
    answer = await asked(api, "Where is the manual?")
    assert answer["retrieved"][0]["title"] == "Where is the manual?"
    found = await asked(api, old["question"])
    assert old["id"] not in [item["faq_id"] for item in found["retrieved"]]


async def test_a_failed_or_cancelled_switch_leaves_the_collection_as_it_was_and_can_be_tried_again(
    api: Api, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "model": "ok"})
    await filled(api)
    before = await collection(api)
    [texts] = (await spec_keys(api)).values()
    monkeypatch.setattr(model_switch, "BATCH", 2)
    checked = 0
    check = AttemptContext.raise_if_cancelled

    async def cancelled(self: AttemptContext) -> None:
        nonlocal checked
        checked += 1
        if checked == 3:
            await api.post(f"/jobs/{self.job_id}/cancel", status=202)
        await check(self)

    monkeypatch.setattr(AttemptContext, "raise_if_cancelled", cancelled)
    assert (await switched(api, SERVER))["status"] == "cancelled"
    assert await collection(api) == before
    assert await best(api) == QUESTION
    kept = sum((await spec_keys(api)).values()) - texts
    assert kept >= 2, "what was embedded stays for the next attempt"

    before_it = len(mock.app.requests)
    assert (await switched(api, SERVER))["status"] == "succeeded"
    sent: list[Any] = [request.body["input"] for request in mock.app.requests[before_it:]]
    embedded = sum(len(given) for given in sent) - len(QUESTIONS)
    assert embedded == texts - kept + 1, "one more to learn the dimension, and the questions that set its threshold"


async def test_a_switch_to_what_is_not_there_says_what_to_do(api: Api, mock: MockServer) -> None:
    path = f"/collections/{await api.collection()}/model"

    async def refuse(model: str, status: int, code: str) -> str:
        return str(refused(await api.client.post(path, json={"model": model}), status, code)["detail"])

    assert "fetch it under Settings" in await refuse(MPNET.name, 503, "embedding_model_unavailable")
    assert MINILM.name in await refuse("tea", 422, "unknown_strategy")
    assert "already" in await refuse("hashing", 409, "conflict")
    assert "Settings" in await refuse("openai:text-embedding-3-small", 422, "invalid_request")
    assert "no embedding models" in await refuse("anthropic:claude", 422, "unknown_strategy")
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "model": "ok"})
    refused(await api.client.post(path, json={"model": "openai-compatible:status-400"}), 502, "provider_rejected")


async def test_a_collection_whose_model_went_away_answers_again_once_it_has_another(api: Api, mock: MockServer) -> None:
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "model": "ok"})
    await filled(api)
    before = (await collection(api))["embedding_model"]
    assert (await switched(api, SERVER))["status"] == "succeeded"
    assert await best(api) == QUESTION
    async with api.scope.database.write() as session:
        await session.execute(sa.delete(Credential))  # as it could be removed before
    question = {"message": QUESTION, "collection_id": await api.collection()}
    refused(await api.client.post("/rag-chat", json=question), 503, "embedding_model_unavailable")

    assert (await switched(api, before))["status"] == "succeeded"
    assert await best(api) == QUESTION


@pytest.mark.fault("C11")
async def test_a_server_that_sends_other_dimensions_is_said_and_nothing_is_replaced(
    api: Api, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "model": "ok"})
    await filled(api)
    assert (await switched(api, SERVER))["status"] == "succeeded"
    vectors = await spec_keys(api)
    question = {"message": QUESTION, "collection_id": await api.collection()}

    with monkeypatch.context() as patch:
        vector = server._vector
        patch.setattr(server, "_vector", lambda text, size: vector(text, 2 * size))
        refused_one = refused(await api.client.post("/rag-chat", json=question), 409, "embedding_mismatch")
        assert "sends 512 dimensions now, 256 when it was chosen" in refused_one["detail"]
        await api.post("/ingest", {"faqs": [{"question": "Where is the tank?", "answer": "Behind."}]}, status=202)
        await api.drain()
        jobs = (await api.get("/jobs"))["items"]
        assert {job["error"]["code"] for job in jobs if job["status"] == "failed"} == {"embedding_mismatch"}

    assert await spec_keys(api) == vectors
    assert await best(api) == QUESTION


async def test_a_model_whose_files_changed_or_server_moved_is_not_mistaken_for_the_old_one(
    api: Api, mock: MockServer
) -> None:
    await api.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "model": "ok"})
    await filled(api)
    assert (await switched(api, SERVER))["status"] == "succeeded"
    async with api.scope.database.write() as session:  # as it could be changed before
        await session.execute(sa.update(Credential).values(base_url="http://127.0.0.1:9/v1"))
    problem = refused(
        await api.client.post("/rag-chat", json={"message": QUESTION, "collection_id": await api.collection()}),
        503,
        "embedding_model_unavailable",
    )
    assert mock.base_url in problem["detail"]


async def test_a_model_of_a_folder_puts_its_prompts_before_the_texts(api: Api) -> None:
    folder = own_model(api)
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: ", "passage": "p: "}}')
    models = api.scope.services.embedding_models
    workspace = UUID(int=0)
    spec = await models.spec(workspace, "local/ours")
    assert (spec.query_prefix, spec.document_prefix) == ("query: ", "p: ")
    embedder = await models.of(workspace, spec)
    plain = await models.of(workspace, await models.spec(workspace, MINILM.name))
    given = await embedder.embed(["tea"], kind="query")
    np.testing.assert_array_equal(given, await plain.embed(["query: tea"], kind="query"))
    given = await embedder.embed(["tea"], kind="document")
    np.testing.assert_array_equal(given, await plain.embed(["p: tea"], kind="query"))
