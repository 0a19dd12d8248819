"""Search models in a workspace without torch: what a training would leave is made of MiniLM as it is."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.finetuning import METHODS, Method
from backend.finetuning.base import BASE, Point, PointLog, TrainingOrder, TrainingResult, TrainingStatus
from backend.finetuning.files import described
from backend.finetuning.ranks import RANKS, changes, save_ranks
from backend.finetuning.retriever_output import export
from backend.finetuning.retriever_rows import answers, read
from backend.finetuning.retriever_run import MODEL, Base
from backend.finetuning.retriever_trainer import RetrieverOptions
from backend.registry import Row
from tests.api.test_datasets import fill, make
from tests.support import Api


class Copied:
    """Implements `Trainer`: the model is the base model, every held-out question is better by one place."""

    async def start(self, order: TrainingOrder) -> str:
        return order.folder.name

    async def status(self, order: TrainingOrder, handle: str) -> TrainingStatus:  # noqa: ARG002 - there is one
        return TrainingStatus("succeeded", result=await asyncio.to_thread(_result, order))

    async def cancel(self, order: TrainingOrder, handle: str) -> None: ...

    async def aclose(self) -> None: ...


def _result(order: TrainingOrder) -> TrainingResult:
    base = Base.model_validate(order.parameters[BASE])
    export(base, order.folder / MODEL, base.folder / "model.safetensors")
    PointLog(order.folder).cut(after_step=-1)
    PointLog(order.folder).add(*(Point(name="mrr", step=at, epoch=at, value=0.5 + at / 10) for at in range(3)))
    asked = read(order.folder).questions["held_out"]
    after = np.ones(len(asked), dtype=np.int64)
    save_ranks(order.folder, after + 1, after)
    names = [str(path.relative_to(order.folder)) for path in (order.folder / MODEL).rglob("*") if path.is_file()]
    metrics = changes(after + 1, after, answers(asked))
    return TrainingResult(files=described(order.folder, *names, RANKS), metrics=metrics)


def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    method = Method("embeddings", RetrieverOptions, lambda _means: Copied())
    monkeypatch.setitem(METHODS._rows, "retriever", Row(lambda: lambda: method))


async def furnished(api: Api) -> dict[str, Any]:
    """A dataset whose FAQs are in the default collection."""
    await fill(api)
    await api.drain()
    return await make(api)


async def trained(api: Api, dataset: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The search model that came out."""
    body = {"dataset_id": dataset["id"], "method": "retriever", "name": "Own", **more}
    job = await api.post("/finetune", body, status=202)
    await api.drain()
    training = await api.get(f"/finetune/{job['id']}")
    assert training["job"]["status"] == "succeeded", training["job"]["error"]
    found: dict[str, Any] = await api.get(f"/models/{training['model_id']}")
    return found


async def switched(api: Api, name: str) -> dict[str, Any]:
    """The job that moved the default collection."""
    job = await api.post(f"/collections/{await api.collection()}/model", {"model": name}, status=202)
    await api.drain()
    found: dict[str, Any] = await api.get(f"/jobs/{job['id']}")
    return found


def folder_of(api: Api) -> Path:
    """Of the only search model."""
    return next(api.settings.tuned.rglob(f"{MODEL}/model.safetensors")).parent
