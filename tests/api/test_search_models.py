"""Search models over the API: trained for a collection, moved to by a job, and of one workspace alone."""

from itertools import product
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from backend.db.models import Collection
from backend.embeddings.catalogue import MINILM
from backend.finetuning.retriever_rows import read
from backend.repositories.uow import UnitOfWork
from backend.retrieval.calibration import RULES, Background
from backend.services.workspace_models import origin
from tests.api.conftest import Keys
from tests.api.search_models import folder_of, furnished, switched, trained, without_torch
from tests.support import Api, refused

QUESTION = "What are the steps to order the boiler?"
NAME = "tuned/Own"


@pytest.fixture(autouse=True)
def _copying(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


@pytest.fixture
async def dataset(api: Api) -> dict[str, Any]:
    return await furnished(api)


async def listed(api: Api) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in await api.get("/embedding-models")}


async def test_a_search_model_has_its_figures_its_files_and_the_collection_that_it_learnt_to_find_in(
    api: Api, dataset: dict[str, Any]
) -> None:
    model = await trained(api, dataset)
    assert (model["method"], model["state"], model["base_model"]) == ("retriever", "usable", MINILM.name)
    assert model["collection_id"] == await api.collection()
    assert {one["name"]: (one["before"], one["after"]) for one in model["changes"]}["hit_at_1"] == (0.0, 1.0)
    assert model["held_out"] > 0
    assert {"model/model.safetensors", "model/tokenizer.json", "model/config.json"} < {
        file["path"] for file in model["files"]
    }
    points = await api.get(f"/finetune/{model['training_id']}/points")
    assert [point["value"] for point in points] == [0.5, 0.6, 0.7]


async def test_it_is_trained_on_the_texts_that_the_collection_embeds(api: Api, dataset: dict[str, Any]) -> None:
    """Each question of the dataset with the item that answers it, and both views of that by their weights."""
    await trained(api, dataset)
    known = read(folder_of(api).parent)
    assert len(known.items) == 12
    asked = known.questions["train"][0]
    item = known.items[asked.item]
    topic = item.views[0].removeprefix("How do I order ").removesuffix("?")
    assert topic in asked.text
    assert (
        item.views[1]
        == f"{item.views[0]}\nTo order {topic}, open the page of {topic} and choose 'order' in the "
        + (item.views[1].rpartition("the ")[2])
    )
    assert item.weights == [0.4, 0.6]
    assert len({item.alike for item in known.items}) == 12
    assert all(known.questions[split] for split in ("train", "validation", "held_out"))


async def test_it_is_listed_and_a_collection_moves_to_it_and_answers(api: Api, dataset: dict[str, Any]) -> None:
    await trained(api, dataset)
    shown = (await listed(api))[NAME]
    assert (shown["label"], shown["place"], shown["state"], shown["dimension"]) == ("Own", "here", "ready", 384)
    assert MINILM.name in shown["note"]
    job = await switched(api, NAME)
    assert job["status"] == "succeeded", job["error"]
    collection = await api.get(f"/collections/{await api.collection()}")
    assert (collection["embedding_model"], collection["health"]) == (NAME, "ready")
    answer = await api.post("/rag-chat", {"message": QUESTION, "collection_id": collection["id"]})
    assert answer["retrieved"][0]["title"] == "How do I order the boiler?"
    assert [one["name"] for one in await api.get("/embedding-models")].count(NAME) == 1
    refused(await api.client.post(f"/collections/{collection['id']}/model", json={"model": NAME}), 409, "conflict")


async def test_a_new_collection_may_begin_with_it(api: Api, dataset: dict[str, Any]) -> None:
    await trained(api, dataset)
    made = await api.post("/collections", {"name": "second", "embedding_model": NAME}, status=201)
    assert made["embedding_model"] == NAME
    body = {"name": "third", "embedding_model": "tuned/Other"}
    problem = refused(await api.client.post("/collections", json=body), 422, "unknown_strategy")
    assert f"known: ['{NAME}']" in problem["detail"]
    assert (await api.post("/collections", {"name": "third"}, status=201))["embedding_model"] == "hashing"


async def test_a_second_collection_with_everything_is_compared_and_an_empty_one_is_refused(
    api: Api, dataset: dict[str, Any]
) -> None:
    await trained(api, dataset)
    filled = {"name": "second", "embedding_model": NAME, "everything": True}
    second = await api.post("/collections", filled, status=201)
    empty = await api.post("/collections", {"name": "empty", "embedding_model": NAME}, status=201)
    await api.drain()
    first = await api.get(f"/collections/{await api.collection()}")
    shown = await api.get(f"/collections/{second['id']}")
    assert (shown["faqs"], shown["health"], shown["pending_changes"]) == (first["faqs"], "ready", 0)
    agents = [
        await api.post("/agents", {"name": f"Of {one['name']}", "collection_id": one["id"]}, status=201)
        for one in (first, second, empty)
    ]
    lanes = [{"agent_id": agent["id"]} for agent in agents]
    body = {"dataset_id": dataset["id"], "split": "held_out"}
    answer = await api.client.post("/comparisons/batch", json={**body, "lanes": [lanes[0], lanes[2]]})
    problem = refused(answer, 422, "invalid_request")
    assert "'Of empty' answers from the collection 'empty', which is empty" in problem["detail"]
    batch = await api.post("/comparisons/batch", {**body, "lanes": lanes[:2]}, status=202)
    await api.drain()
    results = (await api.get(f"/comparisons/batch/{batch['id']}"))["results"]
    assert all(one["mean"] > 0 for one in results["metrics"] if one["metric"] == "mrr")


async def test_an_agent_whose_collection_moved_to_it_is_compared_anew(api: Api, dataset: dict[str, Any]) -> None:
    """What was voted before was about other answers."""
    await trained(api, dataset)
    body = {"question": QUESTION, "lanes": [{"provider": "builtin"}, {"provider": "echo", "documents": False}]}
    before = await api.post("/compare", body)
    assert (await api.post("/compare", body))["contest_id"] == before["contest_id"]
    await switched(api, NAME)
    assert (await api.post("/compare", body))["contest_id"] != before["contest_id"]


async def test_what_could_not_be_indexed_with_a_broken_model_is_once_another_one_is_there(
    api: Api, dataset: dict[str, Any]
) -> None:
    await trained(api, dataset)
    await switched(api, NAME)
    weights = folder_of(api) / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-4] + b"\0\0\0\1")
    await api.client.post("/faqs", json={"question": "Where is the mop?", "answer": "It hangs behind the door."})
    await api.drain()
    weights.write_bytes(whole)
    shown = await api.get(f"/collections/{await api.collection()}")
    assert (shown["health"], shown["pending_changes"] > 0) == ("failed", True)
    assert "could not be indexed" in shown["reason"]
    assert (await switched(api, "hashing"))["status"] == "succeeded"
    await api.drain()
    shown = await api.get(f"/collections/{await api.collection()}")
    assert (shown["health"], shown["pending_changes"], shown["reason"]) == ("ready", 0, "")


async def test_its_collection_answers_by_the_rule_of_the_model_that_it_began_as(
    api: Api, dataset: dict[str, Any]
) -> None:
    await trained(api, dataset)
    await switched(api, NAME)
    async with api.scope.database.read() as session:
        kept = await session.scalar(sa.select(Collection.calibration))
    found, rule = Background.of(kept), RULES[MINILM.name]
    assert found is not None
    assert found.threshold == max(found.mean + rule.deviations * found.deviation, rule.floor)


async def test_another_workspace_neither_sees_nor_uses_it(keys: Keys) -> None:
    mine, other = await keys.sign_in("mine"), await keys.sign_in("other")
    await trained(mine, await furnished(mine))
    assert NAME in await listed(mine)
    assert NAME not in await listed(other)
    switch = f"/collections/{await other.collection()}/model"
    problem = refused(await other.client.post(switch, json={"model": NAME}), 422, "unknown_strategy")
    assert "known: []" in problem["detail"]
    body = {"name": "second", "embedding_model": NAME}
    refused(await other.client.post("/collections", json=body), 422, "unknown_strategy")
    assert NAME not in {one["id"] for one in (await other.get("/v1/models"))["data"]}
    answer = await other.client.post("/v1/embeddings", json={"model": NAME, "input": "x"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


async def test_programs_embed_with_it_over_openais_api(api: Api, dataset: dict[str, Any]) -> None:
    await trained(api, dataset)
    kinds = {one["id"]: one["nexus"]["kind"] for one in (await api.get("/v1/models"))["data"]}
    assert kinds[NAME] == "embedding"
    assert "Own" not in kinds
    made = await api.post("/v1/embeddings", {"model": NAME, "input": "How do I order the boiler?"})
    assert len(made["data"][0]["embedding"]) == 384


async def test_it_is_not_deleted_while_a_collection_has_its_vectors(api: Api, dataset: dict[str, Any]) -> None:
    model = await trained(api, dataset)
    job = await api.post(f"/collections/{await api.collection()}/model", {"model": NAME}, status=202)
    problem = refused(await api.client.delete(f"/models/{model['id']}"), 409, "conflict")
    assert "the collection 'default' has its vectors from this model" in problem["detail"]
    await api.drain()
    assert (await api.get(f"/jobs/{job['id']}"))["status"] == "succeeded"
    refused(await api.client.delete(f"/models/{model['id']}"), 409, "conflict")
    assert (await switched(api, "hashing"))["status"] == "succeeded"
    assert (await api.client.delete(f"/models/{model['id']}")).status_code == 204
    assert list(api.settings.tuned.rglob("*.safetensors")) == []
    assert NAME not in await listed(api)


async def test_it_is_not_deleted_while_another_one_is_trained_from_it(api: Api, dataset: dict[str, Any]) -> None:
    model = await trained(api, dataset)
    wanted = {"dataset_id": dataset["id"], "method": "retriever", "base_model": NAME, "name": "Next"}
    job = await api.post("/finetune", wanted, status=202)
    problem = refused(await api.client.delete(f"/models/{model['id']}"), 409, "conflict")
    assert "'Next' is being trained from this model" in problem["detail"]
    await api.drain()
    assert (await api.get(f"/jobs/{job['id']}"))["status"] == "succeeded"
    assert (await api.client.delete(f"/models/{model['id']}")).status_code == 204


@pytest.mark.fault("B8")
@pytest.mark.parametrize(("change", "says"), [("missing", "cannot be read"), ("changed", "not what was trained")])
async def test_a_file_that_is_missing_or_changed_makes_the_model_and_its_collection_unavailable(
    api: Api, dataset: dict[str, Any], change: str, says: str
) -> None:
    model = await trained(api, dataset)
    assert (await switched(api, NAME))["status"] == "succeeded"
    weights = folder_of(api) / "model.safetensors"
    if change == "missing":
        weights.unlink()
    else:
        weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    shown = (await listed(api))[NAME]
    assert shown["state"] == "broken"
    assert says in shown["reason"]
    collection = await api.get(f"/collections/{await api.collection()}")
    assert collection["health"] == "unavailable"
    assert "train it anew" in collection["reason"]
    told = await api.get(f"/models/{model['id']}")
    assert (told["state"], says in told["reason"]) == ("unusable", True)
    problem = refused(
        await api.client.post("/collections", json={"name": "second", "embedding_model": NAME}),
        503,
        "embedding_model_unavailable",
    )
    assert str(api.settings.tuned) not in problem["detail"]


async def test_it_answers_nothing_by_itself_and_that_is_said_wherever_a_model_is_named(
    api: Api, dataset: dict[str, Any]
) -> None:
    await trained(api, dataset)
    asked = {"message": QUESTION, "model": "Own"}
    problem = refused(await api.client.post("/chat", json=asked), 422, "invalid_request")
    assert "search model" in problem["detail"]
    assert f"switch a collection to '{NAME}'" in problem["detail"]
    body = {"model": "Own", "messages": [{"role": "user", "content": QUESTION}]}
    answer = await api.client.post("/v1/chat/completions", json=body)
    assert answer.status_code in (400, 422)
    assert "search model" in answer.json()["error"]["message"]
    lanes = [{"provider": "builtin"}, {"model": "Own"}]
    problem = refused(
        await api.client.post("/compare", json={"question": QUESTION, "lanes": lanes}), 422, "invalid_request"
    )
    assert "make a second collection with everything and that model" in problem["detail"]
    agent = (await api.get("/agents"))["items"][0]["id"]
    edit = {"parameters": {"retrieval_model": "Own"}}
    refused(await api.client.patch(f"/agents/{agent}", json=edit), 422, "invalid_request")


async def test_the_method_says_what_it_begins_with_and_refuses_the_rest(api: Api, dataset: dict[str, Any]) -> None:
    method = next(one for one in await api.get("/finetune/methods") if one["name"] == "retriever")
    assert (method["label"], method["makes"], method["missing"]) == ("Tuned search model", "embeddings", "")
    assert [one["name"] for one in method["base_models"]] == [MINILM.name]
    assert "max_length" in {one["name"] for one in method["parameters"]}
    paths = ("/finetune", "/finetune/estimate")
    body = {"dataset_id": dataset["id"], "method": "retriever"}
    for wrong, path in product(("hashing", "tuned/Own", "/etc", "bert-base-uncased"), paths):
        problem = refused(await api.client.post(path, json={**body, "base_model": wrong}), 422, "invalid_request")
        assert f"known: ['{MINILM.name}']" in problem["detail"]
    problem = refused(
        await api.client.post("/finetune", json={**body, "parameters": {"batch": 1}}), 422, "invalid_request"
    )
    assert "parameters.batch" in problem["detail"]


async def test_one_that_was_trained_here_is_what_another_training_begins_with(
    api: Api, keys: Keys, dataset: dict[str, Any]
) -> None:
    """In its workspace alone. What it began as itself is where the score of refusals comes from."""
    await trained(api, dataset)
    methods = {one["name"]: one for one in await api.get("/finetune/methods")}
    assert [one["name"] for one in methods["retriever"]["base_models"]] == [MINILM.name, NAME]
    second = await trained(api, dataset, name="Second", base_model=NAME)
    assert (second["base_model"], second["state"]) == (NAME, "usable")
    async with UnitOfWork(api.scope.database).read(UUID((await api.get("/me"))["workspace_id"])) as tx:
        assert await origin(tx, "tuned/Second") == MINILM.name
    other = await keys.sign_in("north")
    methods = {one["name"]: one for one in await other.get("/finetune/methods")}
    assert [one["name"] for one in methods["retriever"]["base_models"]] == [MINILM.name]


async def test_a_name_that_nobody_gave_says_what_it_is(api: Api, dataset: dict[str, Any]) -> None:
    assert (await trained(api, dataset, name=None))["name"] == "Support v1 search model"


async def test_faqs_that_are_not_in_the_collection_teach_nothing(api: Api, dataset: dict[str, Any]) -> None:
    other = await api.post("/collections", {"name": "empty"}, status=201)
    body = {"dataset_id": dataset["id"], "method": "retriever", "collection_id": other["id"]}
    job = await api.post("/finetune", body, status=202)
    await api.drain()
    training = await api.get(f"/finetune/{job['id']}")
    assert training["job"]["status"] == "failed"
    assert "none of the dataset's FAQs is in the collection 'empty'" in training["job"]["error"]["detail"]
