"""Over the API: a dataset, a training with sentence-transformers, and a collection that moves to what came out."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from tests.api.openai_client import client_of, token_of
from tests.api.test_datasets import fill, make
from tests.finetuning_extra.encoders import write_base
from tests.finetuning_extra.running import SECONDS, child_processes
from tests.support import Api, eventually, refused

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(2 * SECONDS)]
QUESTION = "How do I order the boiler?"
TASK = "backend.finetuning.retriever_task"
BODY = {"method": "retriever", "name": "Own", "base_model": "local/tiny"}
QUICK = {"epochs": 2, "batch": 8, "evaluations": 2, "learning_rate": 1e-3}


@pytest.fixture
async def dataset(api: Api, tmp_path: Path) -> dict[str, Any]:
    """In a workspace whose machine has a small encoder in a folder of its own."""
    made = write_base(tmp_path / "tiny", prefixes=False)
    api.settings.models.mkdir(parents=True, exist_ok=True)
    shutil.copytree(made, api.settings.models / "tiny")
    await fill(api)
    await api.drain()
    return await make(api)


async def test_a_collection_moves_to_a_model_that_was_trained_and_answers(
    api: Api, app: FastAPI, dataset: dict[str, Any]
) -> None:
    job = await api.post("/finetune", {**BODY, "dataset_id": dataset["id"], "parameters": QUICK}, status=202)
    await api.drain()
    training = await api.get(f"/finetune/{job['id']}")
    assert training["job"]["status"] == "succeeded", training["job"]["error"]
    points = await api.get(f"/finetune/{job['id']}/points")
    assert {point["name"] for point in points} == {"train_loss", "mrr", "hit_at_1"}
    model = await api.get(f"/models/{training['model_id']}")
    assert {change["name"] for change in model["changes"]} == {"hit_at_1", "hit_at_5", "mrr"}
    collection = await api.collection()
    switch = await api.post(f"/collections/{collection}/model", {"model": "tuned/Own"}, status=202)
    await api.drain()
    assert (await api.get(f"/jobs/{switch['id']}"))["status"] == "succeeded"
    answer = await api.post("/rag-chat", {"message": QUESTION, "collection_id": collection})
    assert answer["retrieved"][0]["title"] == QUESTION
    answer = await api.post("/chat", {"message": QUESTION, "bot_id": "default"})
    assert answer["answered"]
    assert answer["retrieved"][0]["title"] == QUESTION
    async with client_of(app, token_of(api)) as client:
        said = await client.chat.completions.create(model="default", messages=[{"role": "user", "content": QUESTION}])
    assert "the page of the boiler" in (said.choices[0].message.content or "")
    refused(await api.client.delete(f"/models/{model['id']}"), 409, "conflict")


@pytest.mark.fault("B6")
async def test_a_training_is_cancelled_while_it_runs(api: Api, dataset: dict[str, Any]) -> None:
    long = {**QUICK, "epochs": 100, "evaluations": 100, "patience": 100}
    job = await api.post("/finetune", {**BODY, "dataset_id": dataset["id"], "parameters": long}, status=202)

    async def is_training() -> bool:
        return bool(await api.get(f"/finetune/{job['id']}/points"))

    await eventually(is_training, seconds=SECONDS)
    refused(await api.client.delete(f"/datasets/{dataset['id']}"), 409, "conflict")
    await api.post(f"/finetune/{job['id']}/cancel")
    await api.drain()
    training = await api.get(f"/finetune/{job['id']}")
    assert (training["job"]["status"], training["model_id"]) == ("cancelled", None)
    assert child_processes(TASK) == []


@pytest.mark.fault("B8")
async def test_a_dataset_of_a_row_or_two_is_not_trained_on(api: Api) -> None:
    await fill(api, 2)
    await api.drain()
    dataset = await make(api)
    body = {"method": "retriever", "dataset_id": dataset["id"]}
    problem = refused(await api.client.post("/finetune", json=body), 422, "invalid_request")
    assert "training rows are too few" in problem["detail"]
