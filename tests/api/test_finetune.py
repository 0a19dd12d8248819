"""Fine-tuning over the API: from a dataset to a model that is asked, and everything that can go wrong on the way."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from backend.embeddings.hashing import HashingEmbedder
from backend.errors import UnusableModel
from backend.finetuning import adapter_trainer
from backend.finetuning.adapter_task import MAP
from backend.finetuning.base import Intent, Machine, Outlook
from backend.finetuning.machine import MIB
from backend.finetuning.query_map import QueryMap
from backend.jobs.children import ChildLimits
from tests.api.test_datasets import fill, make, rows_of
from tests.support import Api, refused

QUESTION = "What are the steps to order the boiler?"


@pytest.fixture
async def furnished(api: Api) -> dict[str, Any]:
    """A dataset whose FAQs are in the default collection."""
    await fill(api)
    await api.drain()
    return await make(api)


async def train(api: Api, dataset: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The training, whose job has ended."""
    job = await api.post("/finetune", {"dataset_id": dataset["id"], **more}, status=202)
    assert (job["status"], job["kind"]) == ("pending", "finetune")
    await api.drain()
    found: dict[str, Any] = await api.get(f"/finetune/{job['id']}")
    assert found["id"] == found["job"]["id"] == job["id"]
    return found


async def trained(api: Api, dataset: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The model that came out."""
    training = await train(api, dataset, **more)
    assert training["job"]["status"] == "succeeded", training["job"]["error"]
    found: dict[str, Any] = await api.get(f"/models/{training['model_id']}")
    return found


async def test_a_training_gives_a_model_with_its_figures_files_and_curve(api: Api, furnished: dict[str, Any]) -> None:
    training = await train(api, furnished)
    assert training["job"]["status"] == "succeeded", training["job"]["error"]
    assert training["parameters"]["epochs"] == 20
    model = await api.get(f"/models/{training['model_id']}")
    assert (model["name"], model["method"], model["state"]) == ("Support v1 tuned retrieval", "adapter", "usable")
    assert (model["dataset_id"], model["dataset_version"]) == (furnished["id"], 1)
    assert model["dataset_hash"] == furnished["content_hash"]
    assert model["held_out"] == sum(
        row["origin"] == "paraphrase" for row in await rows_of(api, furnished, split="held_out")
    )
    changes = {change["name"]: (change["before"], change["after"]) for change in model["changes"]}
    assert changes.keys() == {"hit_at_1", "hit_at_5", "mrr"}
    assert all(one["low"] <= one["after"] - one["before"] <= one["high"] for one in model["changes"])
    assert all(0 <= value <= 1 for pair in changes.values() for value in pair)
    folder = next(api.settings.tuned.rglob(MAP)).parent
    assert {file["path"] for file in model["files"]} <= {path.name for path in folder.iterdir()}
    points = await api.get(f"/finetune/{training['id']}/points")
    mrr = [point for point in points if point["name"] == "mrr"]
    assert [point["step"] for point in mrr] == list(range(len(mrr)))
    assert {point["name"] for point in points} == {"mrr", "hit_at_1", "train_loss"}
    assert [one["id"] for one in (await api.get("/finetune"))["items"]] == [training["id"]]
    assert [one["id"] for one in (await api.get("/models"))["items"]] == [model["id"]]


async def test_the_methods_are_listed_with_their_parameters_and_defaults(api: Api) -> None:
    methods = {one["name"]: one for one in await api.get("/finetune/methods")}
    adapter = methods["adapter"]
    assert (adapter["label"], adapter["makes"], adapter["missing"]) == ("Tuned retrieval", "retrieval", "")
    parameters = {one["name"]: one for one in adapter["parameters"]}
    assert parameters["epochs"] == {"name": "epochs", "default": 20, "least": 1, "most": 500, "is_whole": True}
    assert parameters["batch"] == {"name": "batch", "default": None, "least": 8, "most": 1024, "is_whole": True}
    assert (parameters["learning_rate"]["least"], parameters["learning_rate"]["is_whole"]) == (0, False)


async def test_what_is_trained_here_costs_nothing(api: Api, furnished: dict[str, Any]) -> None:
    body = {"dataset_id": furnished["id"], "parameters": {"epochs": 5}}
    estimate = await api.post("/finetune/estimate", body)
    assert (estimate["tokens"], estimate["epochs"], float(estimate["cost_usd"])) == (furnished["tokens"], 5, 0.0)
    refused(await api.client.post("/finetune/estimate", json={**body, "method": "magic"}), 422, "unknown_strategy")


async def test_what_a_training_needs_is_estimated_and_what_keeps_it_from_beginning_is_refused(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Intent] = []
    machine = Machine(memory=8000 * MIB, free_memory=5000 * MIB, free_disk=900 * MIB)
    found = Outlook(machine=machine, memory=3000 * MIB, disk=700 * MIB, warnings=("It is asked by transformers.",))

    def outlook(intent: Intent) -> Outlook:
        asked.append(intent)
        return found

    monkeypatch.setattr(adapter_trainer, "METHOD", replace(adapter_trainer.METHOD, outlook=outlook))
    body = {"dataset_id": furnished["id"], "parameters": {"epochs": 5}}
    estimate = await api.post("/finetune/estimate", body)
    told = [estimate[name] for name in ("memory_mb", "machine_memory_mb", "free_memory_mb", "disk_mb", "free_disk_mb")]
    assert told == [3000, 8000, 5000, 700, 900]
    assert (estimate["warnings"], estimate["obstacle"]) == (["It is asked by transformers."], "")
    assert asked[0].parameters["epochs"] == 5
    rows = [row for row in await rows_of(api, furnished) if row["split"] != "held_out"]
    assert len(asked[0].longest) == len(rows)
    assert asked[0].longest[0] == max(asked[0].longest) > 0

    found = replace(found, obstacle=UnusableModel("base_model: not here"))
    assert (await api.post("/finetune/estimate", body))["obstacle"] == "base_model: not here"
    problem = refused(await api.client.post("/finetune", json=body), 422, "unusable_model")
    assert problem["detail"] == "base_model: not here"
    assert (await api.get("/finetune"))["items"] == []


async def test_a_dataset_with_a_very_long_answer_is_trained_on_and_the_answer_is_named(api: Api) -> None:
    await fill(api)
    long = " ".join(f"step {number} of the manual" for number in range(400))
    await api.add_faq("Which steps does the whole manual have?", long)
    await api.drain()
    dataset = await make(api)
    assert [(one["code"], one["severity"]) for one in dataset["findings"] if one["code"] == "overlong"] == [
        ("overlong", "warning")
    ]
    await trained(api, dataset)


async def test_every_row_that_a_model_learnt_from_leads_to_its_faq(api: Api, furnished: dict[str, Any]) -> None:
    model = await trained(api, furnished)
    page = await api.get(f"/models/{model['id']}/learnt-from", limit=200)
    rows = await rows_of(api, furnished, split="train")
    assert [(one["question"], one["source"]) for one in page["items"]] == [
        (row["question"], row["source"]) for row in rows
    ]


async def test_a_tuned_model_is_asked_by_its_name(api: Api, furnished: dict[str, Any]) -> None:
    model = await trained(api, furnished, name="Tuned")
    answer = await api.post("/chat", {"message": QUESTION, "model": "Tuned"})
    assert answer["answered"]
    assert answer["retrieved"][0]["title"] == "How do I order the boiler?"
    search = next(step for step in answer["steps"] if step["name"] == "search")
    assert "tuned by “Tuned”" in search["outcome"]
    plain = await api.post("/chat", {"message": QUESTION, "agent_id": (await api.get("/agents"))["items"][0]["id"]})
    assert "tuned" not in str(plain["steps"])
    listed = (await api.get("/v1/models"))["data"]
    assert [one["nexus"]["model_id"] for one in listed if one["id"] == "Tuned"] == [model["id"]]
    assert (await api.get("/v1/models/Tuned"))["nexus"]["kind"] == "tuned"
    said = await api.post(
        "/v1/chat/completions", {"model": "Tuned", "messages": [{"role": "user", "content": QUESTION}]}
    )
    assert "the page of the boiler" in said["choices"][0]["message"]["content"]


async def test_a_model_that_nobody_trained_is_not_found_and_those_that_exist_are_named(
    api: Api, furnished: dict[str, Any]
) -> None:
    await trained(api, furnished, name="Tuned")
    problem = refused(await api.client.post("/chat", json={"message": "?!a", "model": "Other"}), 404, "not_found")
    assert "'Tuned'" in problem["detail"]
    body = {"model": "Other", "messages": [{"role": "user", "content": "Hello?"}]}
    assert (await api.client.post("/v1/chat/completions", json=body)).status_code == 404


async def test_the_map_moves_the_questions_of_whoever_searches_with_it_and_of_nobody_else(
    api: Api, furnished: dict[str, Any]
) -> None:
    """The trained map is replaced by one that turns every question around: what was nearest is then farthest."""
    model = await trained(api, furnished, name="Tuned")
    agent = (await api.get("/agents"))["items"][0]["id"]
    changed = await api.client.patch(f"/agents/{agent}", json={"parameters": {"retrieval_model": "Tuned"}})
    assert changed.json()["parameters"]["retrieval_model"] == "Tuned"
    usual = await api.post("/rag-chat", {"message": QUESTION, "collection_id": await api.collection()})

    service = api.scope.services.tuned_models
    known = next(iter(service._loaded.values()), None)
    assert known is None, "nothing is loaded before it is asked"
    path = next(api.settings.tuned.rglob(MAP))
    found = QueryMap.load(path)
    around = QueryMap(np.asarray(-2 * np.eye(len(found.weight)), dtype=np.float32), found.spec_key)
    from uuid import UUID

    service._loaded[UUID(model["id"])] = around
    turned = await api.post("/chat", {"message": QUESTION, "agent_id": agent})
    again = await api.post("/rag-chat", {"message": QUESTION, "collection_id": await api.collection()})
    assert [hit["score"] for hit in again["retrieved"]] == [hit["score"] for hit in usual["retrieved"]]
    assert usual["retrieved"][0]["score"] > 0.3
    assert turned["retrieved"][0]["score"] < usual["retrieved"][-1]["score"]
    assert not turned["answered"]


async def test_whether_it_is_answered_is_judged_by_the_question_itself(api: Api, furnished: dict[str, Any]) -> None:
    """A map that turns all questions halfway to somewhere else: every score falls, and what is found stays."""
    model = await trained(api, furnished, name="Tuned")
    usual = await api.post("/rag-chat", {"message": QUESTION, "collection_id": await api.collection()})
    found = QueryMap.load(next(api.settings.tuned.rglob(MAP)))
    question = (await HashingEmbedder().embed([QUESTION], kind="query"))[0]
    away = np.random.default_rng(0).normal(size=len(question)).astype(np.float32)
    away -= away @ question * question
    halfway = np.outer(away / np.linalg.norm(away), question).astype(np.float32)
    api.scope.services.tuned_models._loaded[UUID(model["id"])] = QueryMap(halfway, found.spec_key)
    turned = await api.post("/chat", {"message": QUESTION, "model": "Tuned"})
    assert turned["retrieved"][0]["faq_id"] == usual["retrieved"][0]["faq_id"]
    assert turned["retrieved"][0]["score"] < 0.9 * usual["retrieved"][0]["score"]
    assert turned["confidence"] == pytest.approx(usual["confidence"], abs=1e-3)


async def test_tuned_retrieval_of_other_vectors_changes_nothing_for_an_agent(
    api: Api, furnished: dict[str, Any]
) -> None:
    model = await trained(api, furnished, name="Tuned")
    agent = (await api.get("/agents"))["items"][0]["id"]
    usual = await api.post("/chat", {"message": QUESTION, "agent_id": agent})
    await api.client.patch(f"/agents/{agent}", json={"parameters": {"retrieval_model": "Tuned"}})
    found = QueryMap.load(next(api.settings.tuned.rglob(MAP)))
    around = QueryMap(np.asarray(-2 * np.eye(len(found.weight)), dtype=np.float32), "of another model")
    api.scope.services.tuned_models._loaded[UUID(model["id"])] = around
    asked = await api.post("/chat", {"message": QUESTION, "agent_id": agent})
    assert "tuned by" not in str(asked["steps"])
    assert [hit["score"] for hit in asked["retrieved"]] == [hit["score"] for hit in usual["retrieved"]]


async def test_a_changed_file_is_refused_and_not_searched_with(api: Api, furnished: dict[str, Any]) -> None:
    await trained(api, furnished, name="Tuned")
    path = next(api.settings.tuned.rglob(MAP))
    QueryMap(np.zeros_like(QueryMap.load(path).weight), "k").save(path)
    problem = refused(await api.client.post("/chat", json={"message": QUESTION, "model": "Tuned"}), 409, "conflict")
    assert "not what was trained" in problem["detail"]


async def test_an_agent_takes_only_tuned_retrieval_that_exists(api: Api, furnished: dict[str, Any]) -> None:
    await trained(api, furnished, name="Tuned")
    agent = (await api.get("/agents"))["items"][0]["id"]
    body = {"parameters": {"retrieval_model": "Other"}}
    problem = refused(await api.client.patch(f"/agents/{agent}", json=body), 422, "invalid_request")
    assert "known: ['Tuned']" in problem["detail"]


async def test_names_of_models_and_agents_are_told_apart(api: Api, furnished: dict[str, Any]) -> None:
    await trained(api, furnished, name="Tuned")
    body = {"dataset_id": furnished["id"], "name": "Tuned"}
    refused(await api.client.post("/finetune", json=body), 409, "conflict")
    refused(await api.client.post("/finetune", json={**body, "name": "default"}), 409, "conflict")
    refused(await api.client.post("/agents", json={"name": "Tuned"}), 409, "conflict")
    first, second = await trained(api, furnished), await trained(api, furnished)
    assert (first["name"], second["name"]) == ("Support v1 tuned retrieval", "Support v1 tuned retrieval (2)")


async def test_what_is_in_use_is_not_deleted_and_the_rest_goes_with_its_files(
    api: Api, furnished: dict[str, Any]
) -> None:
    model = await trained(api, furnished, name="Tuned")
    agent = (await api.get("/agents"))["items"][0]["id"]
    await api.client.patch(f"/agents/{agent}", json={"parameters": {"retrieval_model": "Tuned"}})
    problem = refused(await api.client.delete(f"/models/{model['id']}"), 409, "conflict")
    assert "'default' searches with this model" in problem["detail"]
    problem = refused(await api.client.delete(f"/datasets/{furnished['id']}"), 409, "conflict")
    assert "the model 'Tuned' was trained on this dataset" in problem["detail"]

    await api.client.patch(f"/agents/{agent}", json={"parameters": {}})
    assert (await api.client.delete(f"/models/{model['id']}")).status_code == 204
    assert list(api.settings.tuned.rglob("*.safetensors")) == []
    refused(await api.client.get(f"/models/{model['id']}"), 404, "not_found")
    refused(await api.client.post("/chat", json={"message": QUESTION, "model": "Tuned"}), 404, "not_found")
    assert (await api.client.delete(f"/datasets/{furnished['id']}")).status_code == 204
    stored = (await api.stored()).rows
    assert [stored[table] for table in ("training", "training_point", "model", "dataset", "dataset_row")] == [0] * 5


async def test_a_model_of_a_collection_that_has_other_vectors_by_now_says_so(
    api: Api, furnished: dict[str, Any]
) -> None:
    model = await trained(api, furnished, name="Tuned")
    agent = (await api.get("/agents"))["items"][0]["id"]
    await api.client.patch(f"/agents/{agent}", json={"parameters": {"retrieval_model": "Tuned"}})
    async with api.scope.services.faqs._uow.database.write() as session:
        from sqlalchemy import text

        await session.execute(text("UPDATE model SET spec_key = 'another'"))
    found = await api.get(f"/models/{model['id']}")
    assert (found["state"], "train it anew" in found["reason"]) == ("unusable", True)
    problem = refused(await api.client.post("/chat", json={"message": QUESTION, "model": "Tuned"}), 409, "conflict")
    assert "has another embedding model since" in problem["detail"]


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"epochs": 0}, "parameters.epochs"),
        ({"epochs": "many"}, "parameters.epochs"),
        ({"rank": 8}, "parameters.rank"),
        ({"learning_rate": -1}, "parameters.learning_rate"),
    ],
)
async def test_parameters_that_the_method_has_not_are_refused_by_name(
    api: Api, furnished: dict[str, Any], parameters: dict[str, Any], says: str
) -> None:
    body = {"dataset_id": furnished["id"], "parameters": parameters}
    problem = refused(await api.client.post("/finetune", json=body), 422, "invalid_request")
    assert says in problem["detail"]
    assert "knows epochs" in problem["detail"]


async def test_a_method_a_dataset_and_a_collection_that_are_not_there_are_refused(
    api: Api, furnished: dict[str, Any]
) -> None:
    body = {"dataset_id": furnished["id"]}
    problem = refused(await api.client.post("/finetune", json={**body, "method": "magic"}), 422, "unknown_strategy")
    assert "'adapter'" in problem["detail"]
    refused(await api.client.post("/finetune", json={"dataset_id": str(uuid4())}), 404, "not_found")
    refused(await api.client.post("/finetune", json={**body, "collection_id": str(uuid4())}), 404, "not_found")
    refused(await api.client.post("/finetune", json={**body, "base_model": "x"}), 422, "invalid_request")


async def test_a_dataset_with_errors_is_not_trained_on(api: Api) -> None:
    await fill(api)
    await api.add_faq("Which key opens it?", f"The key is {'sk-' + 'proj-' + '4f9aB7cD' * 5}.")
    dataset = await make(api)
    assert dataset["errors"] == 1
    problem = refused(await api.client.post("/finetune", json={"dataset_id": dataset["id"]}), 422, "invalid_request")
    assert "has 1 errors" in problem["detail"]


async def test_faqs_that_are_not_in_the_collection_teach_nothing_and_the_job_says_so(api: Api) -> None:
    await fill(api)
    await api.drain()
    dataset = await make(api)
    other = await api.post("/collections", {"name": "empty"}, status=201)
    training = await train(api, dataset, collection_id=other["id"])
    assert (training["job"]["status"], training["model_id"]) == ("failed", None)
    assert "none of the dataset's FAQs is in the collection 'empty'" in training["job"]["error"]["detail"]


@pytest.mark.fault("B8")
async def test_a_training_without_enough_memory_fails_with_what_to_do_and_leaves_no_model(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter_trainer, "LIMITS", ChildLimits(memory_bytes=120 * 1024**2))
    training = await train(api, furnished)
    assert training["job"]["status"] == "failed"
    assert training["job"]["error"]["code"] in ("training_out_of_memory", "child_failed")
    assert training["model_id"] is None
    assert (await api.get("/models"))["items"] == []


async def test_a_dataset_is_not_deleted_while_it_is_trained_on(api: Api, furnished: dict[str, Any]) -> None:
    long = {"epochs": 500, "patience": 500, "learning_rate": 1e-9}
    job = await api.post("/finetune", {"dataset_id": furnished["id"], "parameters": long}, status=202)
    problem = refused(await api.client.delete(f"/datasets/{furnished['id']}"), 409, "conflict")
    assert "is being trained" in problem["detail"]
    await api.post(f"/finetune/{job['id']}/cancel")
    await api.drain()
    assert (await api.client.delete(f"/datasets/{furnished['id']}")).status_code == 204


async def test_two_trainings_at_once_end_both(api: Api, furnished: dict[str, Any]) -> None:
    body = {"dataset_id": furnished["id"]}
    jobs = await asyncio.gather(*(api.post("/finetune", {**body, "name": name}, status=202) for name in ("A", "B")))
    await api.drain()
    assert [(await api.get(f"/jobs/{job['id']}"))["status"] for job in jobs] == ["succeeded", "succeeded"]
    assert {model["name"] for model in (await api.get("/models"))["items"]} == {"A", "B"}
