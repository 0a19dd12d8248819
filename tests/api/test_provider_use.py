"""A provider that a collection is embedded by, and a collection whose embedding model went away."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from backend.db.models import Credential
from backend.embeddings.native import packaged_model
from tests.mock_llm import server
from tests.mock_openai import MockServer
from tests.support import Api, refused

PATH = "/providers/openai-compatible"
MODEL = "openai-compatible:embed-256"
QUESTION = "How do I descale the machine?"


async def switch(api: Api, model: str) -> None:
    job = await api.post(f"/collections/{await api.collection()}/model", {"model": model}, status=202)
    await api.drain()
    assert (await api.get(f"/jobs/{job['id']}"))["status"] == "succeeded"


async def shown(api: Api) -> tuple[str, str]:
    """The default collection's health and the reason for it, as the list and the collection itself tell them."""
    found = await api.get(f"/collections/{await api.collection()}")
    assert (await api.get("/collections"))["items"] == [found]
    return found["health"], found["reason"]


async def provider(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in await api.get("/providers") if one["name"] == "openai-compatible")
    return found


@pytest.fixture
async def embedded(api: Api, mock: MockServer) -> Api:
    """The default collection is embedded by the mock server."""
    await api.client.put(PATH, json={"base_url": mock.base_url, "model": "ok"})
    await api.add_faq(QUESTION, "With one sachet of descaler.")
    await api.drain()
    await switch(api, MODEL)
    return api


async def test_a_provider_that_embeds_a_collection_is_not_removed_until_that_has_another_model(embedded: Api) -> None:
    problem = refused(await embedded.client.delete(PATH), 409, "provider_in_use")
    assert "embeds the collections ['default']" in problem["detail"]
    assert "give them another model first" in problem["detail"]
    assert (await embedded.asked(QUESTION))["answered"]
    assert (await provider(embedded))["collections"] == ["default"]

    await switch(embedded, "hashing")
    assert (await provider(embedded))["collections"] == []
    assert (await embedded.client.delete(PATH)).status_code == 204


async def test_a_provider_that_embeds_a_collection_keeps_its_address_and_may_change_the_rest(
    embedded: Api, mock: MockServer
) -> None:
    moved = {"base_url": "http://127.0.0.1:9/v1", "api_key": "sk-of-the-other-server"}
    problem = refused(await embedded.client.put(PATH, json=moved), 409, "provider_in_use")
    assert mock.base_url in problem["detail"]
    assert (await provider(embedded))["base_url"] == mock.base_url
    changed = {"base_url": mock.base_url + "/", "api_key": "sk-another-key-0123456789", "model": "unsure"}
    assert (await embedded.client.put(PATH, json=changed)).status_code == 200
    assert (await embedded.asked(QUESTION))["answered"]


async def test_a_provider_tells_which_agents_answer_by_it_and_which_fall_back_on_it(api: Api, mock: MockServer) -> None:
    await api.use_provider("openai-compatible", "ok", base_url=mock.base_url)
    helper = {"name": "helper", "fallbacks": [{"provider": "openai-compatible"}]}
    await api.post("/agents", helper, status=201)
    found = await provider(api)
    assert (found["agents"], found["fallback_of"]) == (["default"], ["helper"])


async def test_a_collection_whose_provider_is_gone_says_so(embedded: Api) -> None:
    assert await shown(embedded) == ("ready", "")
    async with embedded.scope.database.write() as session:
        await session.execute(sa.delete(Credential))  # by an earlier release
    health, reason = await shown(embedded)
    assert health == "unavailable"
    assert "needs its base URL; enter it under Settings, or switch the collection's embedding model" in reason
    await switch(embedded, "hashing")
    assert await shown(embedded) == ("ready", "")


async def test_a_collection_whose_server_did_not_answer_says_so_until_it_does(embedded: Api, mock: MockServer) -> None:
    mock.app.is_down = True
    refused(await embedded.ask(QUESTION), 503, "provider_unavailable")
    health, reason = await shown(embedded)
    assert (health, "embed-256" in reason, "or switch the collection's model" in reason) == ("unavailable", True, True)
    mock.app.is_down = False
    await embedded.asked(QUESTION)
    assert await shown(embedded) == ("ready", "")


async def test_a_collection_whose_server_sends_other_dimensions_says_so(
    embedded: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector: Callable[[str, int], Any] = server._vector
    with monkeypatch.context() as patch:
        patch.setattr(server, "_vector", lambda text, size: vector(text, 2 * size))
        refused(await embedded.ask(QUESTION), 409, "embedding_mismatch")
        health, reason = await shown(embedded)
    assert health == "unavailable"
    assert "sends 512 dimensions now" in reason


async def test_a_collection_whose_model_files_are_gone_says_so(api: Api) -> None:
    folder = api.settings.models / "ours"
    shutil.copytree(packaged_model(), folder)
    await api.add_faq(QUESTION)
    await api.drain()
    await switch(api, "local/ours")
    assert await shown(api) == ("ready", "")
    shutil.rmtree(folder)
    health, reason = await shown(api)
    assert health == "unavailable"
    assert "no embedding model 'local/ours'" in reason
    assert "it still answers from memory, until the next start" in reason
