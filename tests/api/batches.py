"""A workspace with a dataset whose FAQs are in the default collection, and batches over it."""

import csv
import io
from typing import Any

from tests.api.drafting import SERVER
from tests.api.test_datasets import fill, make
from tests.support import Api

BUILTIN = {"provider": "builtin"}
OFF_TOPIC = ["Who won the football final in 1974?", "Which wine goes with oysters?"]


def lane(model: str = "ok", **more: Any) -> dict[str, Any]:
    return {"provider": SERVER, "model": model, **more}


async def dataset_of(api: Api, count: int = 12, **recipe: Any) -> dict[str, Any]:
    """Without paraphrases, unless they are asked for: the questions are those of the FAQs."""
    await fill(api, count)
    await api.drain()
    return await make(api, **{"paraphrases": 0, **recipe})


async def begin(api: Api, dataset: dict[str, Any], lanes: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    body = {"dataset_id": dataset["id"], "split": "train", "lanes": lanes, **more}
    batch: dict[str, Any] = await api.post("/comparisons/batch", body, status=202)
    assert (batch["job"]["kind"], batch["job"]["status"], batch["job"]["id"]) == ("compare", "pending", batch["id"])
    return batch


async def compared(api: Api, dataset: dict[str, Any], lanes: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The batch, whose job has ended."""
    batch = await begin(api, dataset, lanes, **more)
    await api.drain()
    found: dict[str, Any] = await api.get(f"/comparisons/batch/{batch['id']}")
    return found


async def questions(api: Api, batch: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.get("/comparisons", batch_id=batch["id"], limit=200))["items"]
    return items


async def exported(api: Api, batch: dict[str, Any]) -> list[dict[str, str]]:
    answer = await api.client.get(f"/comparisons/batch/{batch['id']}/export", params={"format": "csv"})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def keys_of(batch: dict[str, Any]) -> dict[str, str]:
    """Name -> key."""
    return {one["name"]: one["key"] for one in batch["contestants"]}


def metric(batch: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    [found] = [one for one in batch["results"]["metrics"] if (one["lane"], one["metric"]) == (key, name)]
    assert isinstance(found, dict)
    return found
