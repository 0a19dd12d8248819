"""Over the API: a dataset, a training with trl, and the model that came out answers in a chat."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from contracts.access import Role
from tests.api.conftest import Keys, keys
from tests.api.openai_client import client_of, token_of
from tests.api.test_datasets import fill, make, rows_of
from tests.finetuning_extra.building import write_base
from tests.finetuning_extra.running import SECONDS
from tests.support import Api, refused

__all__ = ["keys"]

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(2 * SECONDS)]
QUESTION = "How do I order the boiler?"


async def trained(api: Api, base: Path, *, paraphrases: int = 3, **parameters: Any) -> dict[str, Any]:
    """A model that was fine-tuned on twelve FAQs."""
    await fill(api)
    await api.drain()
    dataset = await make(api, paraphrases=paraphrases)
    usual = {"batch": 2, "accumulation": 1, "evaluations": 1}
    body = {
        "dataset_id": dataset["id"],
        "method": "lora",
        "name": "Own",
        "base_model": str(base),
        "parameters": {**usual, **parameters},
    }
    job = await api.post("/finetune", body, status=202)
    await api.drain()
    training = await api.get(f"/finetune/{job['id']}")
    assert training["job"]["status"] == "succeeded", training["job"]["error"]
    found: dict[str, Any] = await api.get(f"/models/{training['model_id']}")
    return found


@pytest.fixture
async def model(api: Api, tmp_path: Path) -> dict[str, Any]:
    return await trained(api, write_base(tmp_path / "tiny"), max_steps=2)


async def test_a_fine_tuned_model_answers_from_the_documents_and_over_openais_api(
    api: Api, app: FastAPI, model: dict[str, Any]
) -> None:
    assert (model["method"], model["state"], model["collection_id"]) == ("lora", "usable", None)
    changes = {change["name"]: change for change in model["changes"]}
    assert set(changes) == {"validation_loss", "held_out_loss"}
    rows = await api.get(f"/datasets/{model['dataset_id']}")
    assert model["held_out"] == rows["held_out"] > 1
    difference = changes["held_out_loss"]["after"] - changes["held_out_loss"]["before"]
    assert changes["held_out_loss"]["low"] <= difference <= changes["held_out_loss"]["high"]
    assert {"seconds_per_step", "peak_memory_mb"} == set(model["took"])
    assert "model.gguf" in {file["path"] for file in model["files"]}
    answer = await api.post("/chat", {"message": QUESTION, "model": "Own"})
    assert (answer["provider"], answer["model"], answer["failures"]) == ("local", "model", [])
    assert answer["retrieved"][0]["title"] == QUESTION
    async with client_of(app, token_of(api)) as client:
        said = await client.chat.completions.create(model="Own", messages=[{"role": "user", "content": QUESTION}])
    assert said.model == "Own"
    assert said.usage is not None
    assert said.usage.completion_tokens > 0


async def test_a_model_without_a_place_in_gguf_is_asked_by_transformers_and_says_what_it_learnt(
    api: Api, app: FastAPI, tmp_path: Path
) -> None:
    """Of all of its weights, until it knows its rows by heart."""
    base = write_base(tmp_path / "tiny", kind="qwen2")
    model = await trained(api, base, paraphrases=1, kind="full", learning_rate=5e-3, max_steps=200, batch=8)
    assert model["state"] == "usable", model["reason"]
    assert ["is asked by transformers" in note and "one of 'qwen2'" in note for note in model["notes"][-1:]] == [True]
    assert "model.gguf" not in {file["path"] for file in model["files"]}

    answer = await api.post("/chat", {"message": QUESTION, "model": "Own"})
    assert (answer["provider"], answer["model"], answer["failures"]) == ("local", "model", [])
    async with client_of(app, token_of(api)) as client:
        said = await client.chat.completions.create(model="Own", messages=[{"role": "user", "content": QUESTION}])
    assert (said.model, said.usage is not None and said.usage.completion_tokens > 0) == ("Own", True)

    [row, *_] = await rows_of(api, {"id": model["dataset_id"]}, split="train")
    lanes = [{"model": "Own", "documents": False}, {"provider": "builtin"}]
    compared = await api.post("/compare", {"question": row["question"], "lanes": lanes, "blind": False})
    learnt = next(lane for lane in compared["lanes"] if lane["contestant"]["name"] == "Own")
    assert learnt["text"] == row["answer"]


async def test_a_model_whose_file_was_changed_is_not_asked(api: Api, model: dict[str, Any]) -> None:
    path = next(api.settings.tuned.rglob("model.gguf"))
    path.write_bytes(path.read_bytes() + b"x")
    answer = await api.client.post("/chat", json={"message": QUESTION, "model": model["name"]})
    assert "is not what was trained" in refused(answer, 409, "conflict")["detail"]


async def test_a_model_that_llama_cpp_cannot_be_asked_is_told_before_and_while_it_trains(
    api: Api, tmp_path: Path
) -> None:
    await fill(api)
    await api.drain()
    base = write_base(tmp_path / "tiny")
    tokenizer = json.loads((base / "tokenizer.json").read_text())
    tokenizer["normalizer"] = {"type": "NFC"}
    (base / "tokenizer.json").write_text(json.dumps(tokenizer))
    body = {
        "dataset_id": (await make(api))["id"],
        "method": "lora",
        "base_model": str(base),
        "parameters": {"max_steps": 1, "batch": 2, "evaluations": 1},
    }
    estimate = await api.post("/finetune/estimate", body)
    assert ["is asked by transformers, not by llama.cpp" in text for text in estimate["warnings"]] == [True]
    assert estimate["obstacle"] == ""
    assert estimate["memory_mb"] > 900
    assert estimate["free_disk_mb"] > estimate["disk_mb"] > 0
    job = await api.post("/finetune", body, status=202)
    await api.drain()
    training = await api.get(f"/finetune/{job['id']}")
    assert training["job"]["status"] == "succeeded", training["job"]["error"]
    assert training["job"]["message"] == estimate["warnings"][0]


@pytest.mark.fault("B8")
async def test_a_base_model_that_is_not_here_is_told_with_the_command_and_not_begun(api: Api) -> None:
    await fill(api)
    await api.drain()
    body = {"dataset_id": (await make(api))["id"], "method": "lora", "base_model": "nobody/nothing-at-all"}
    command = "`hf download nobody/nothing-at-all`"
    assert command in (await api.post("/finetune/estimate", body))["obstacle"]
    problem = refused(await api.client.post("/finetune", json=body), 422, "unusable_model")
    assert command in problem["detail"]


@pytest.mark.fault("B9")
async def test_with_keys_a_folder_of_the_server_is_refused_whether_it_is_there_or_not(
    keys: Keys, tmp_path: Path
) -> None:
    engineer = await keys.sign_in(role=Role.ML_ENGINEER)
    analyst = await keys.sign_in()
    await fill(analyst)
    await analyst.drain()
    dataset = await make(analyst)
    (tmp_path / "there").mkdir()
    said = set()
    for name in ("there", "missing"):
        path = str(tmp_path / name)
        body = {"dataset_id": dataset["id"], "method": "lora", "base_model": path}
        for route in ("/finetune", "/finetune/estimate"):
            problem = refused(await engineer.client.post(route, json=body), 422, "invalid_request")
            said.add(problem["detail"].replace(path, ""))
    assert len(said) == 1
    body = {"dataset_id": dataset["id"], "method": "lora", "base_model": str(keys.settings.models.absolute() / "mine")}
    await engineer.post("/finetune/estimate", body)
