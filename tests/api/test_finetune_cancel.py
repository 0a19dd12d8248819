"""Trainings that are cancelled, at every moment."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.services.finetune_run import FinetuneRun
from tests.api.test_finetune import furnished, train
from tests.finetuning.test_child_trainer import children
from tests.support import Api, eventually, refused

__all__ = ["furnished"]


@pytest.mark.fault("B6")
async def test_a_training_is_cancelled_before_it_begins_while_it_runs_and_not_after_its_end(
    api: Api, furnished: dict[str, Any]
) -> None:
    long = {"epochs": 500, "patience": 500, "learning_rate": 1e-9}
    job = await api.post("/finetune", {"dataset_id": furnished["id"], "parameters": long}, status=202)

    async def is_training() -> bool:
        return bool(await api.get(f"/finetune/{job['id']}/points"))

    await eventually(is_training, seconds=30)
    await api.post(f"/finetune/{job['id']}/cancel")
    await api.drain()
    training = await api.get(f"/finetune/{job['id']}")
    assert (training["job"]["status"], training["model_id"]) == ("cancelled", None)
    assert not children()
    refused(await api.client.post(f"/finetune/{job['id']}/cancel"), 409, "conflict")
    problem = refused(await api.client.post(f"/finetune/{uuid4()}/cancel"), 404, "not_found")
    assert "no training" in problem["detail"]

    done = await train(api, furnished)
    refused(await api.client.post(f"/finetune/{done['id']}/cancel"), 409, "conflict")


@pytest.mark.fault("B6")
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["prepare", "train", "register"])
async def test_a_cancelled_training_has_no_model_and_one_that_has_a_model_is_not_cancelled(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch, step: str, moment: str
) -> None:
    taken = getattr(FinetuneRun, step)
    refusals: list[int] = []

    async def interrupted(run: FinetuneRun, workspace_id: UUID, training_id: UUID, *given: object) -> object:
        async def cancel() -> None:
            refusals.append((await api.client.post(f"/finetune/{training_id}/cancel")).status_code)

        if moment == "before":
            await cancel()
        result = await taken(run, workspace_id, training_id, *given)
        if moment == "after":
            await cancel()
        return result

    monkeypatch.setattr(FinetuneRun, step, interrupted)
    training = await train(api, furnished)
    models = [model["id"] for model in (await api.get("/models"))["items"]]
    if (step, moment) == ("register", "after"):
        assert (training["job"]["status"], models, refusals) == ("succeeded", [training["model_id"]], [409])
    else:
        assert (training["job"]["status"], training["model_id"], models, refusals) == ("cancelled", None, [], [])
