"""States of the fine-tune page, made over the API."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

DEFAULTS: Final[Mapping[str, int]] = {}
SLOW_TRAINING: Final[Mapping[str, int]] = {"epochs": 500, "patience": 500}
"""Goes on for some seconds: long enough to be looked at."""


def approve(client: httpx.Client) -> None:
    """The confident drafts, once they are in the index."""
    drafts = client.get("/faqs", params={"status": "draft", "limit": 200}).json()["items"]
    ids = [faq["id"] for faq in drafts if faq["confidence"] >= 0.8]
    client.post("/faqs/approve", json={"ids": ids}).raise_for_status()
    for job in client.get("/jobs", params={"kind": "sync_collection"}).json()["items"]:
        client.get(f"/jobs/{job['id']}/events").raise_for_status()  # ends with the job


def make_dataset(client: httpx.Client) -> dict[str, Any]:
    accepted = client.post("/datasets", json={"name": "Support"}).raise_for_status().json()
    client.get(f"/jobs/{accepted['job']['id']}/events").raise_for_status()
    found: dict[str, Any] = client.get(f"/datasets/{accepted['dataset']['id']}").json()
    return found


def train(
    client: httpx.Client,
    dataset: dict[str, Any],
    *,
    name: str | None = "Support v1 tuned",
    parameters: Mapping[str, int] = DEFAULTS,
) -> dict[str, Any]:
    """Begins it; without a `name` the model gets one that is free."""
    body = {"dataset_id": dataset["id"], "name": name, "parameters": dict(parameters)}
    job: dict[str, Any] = client.post("/finetune", json=body).raise_for_status().json()
    return job


def cancel_trainings(client: httpx.Client) -> None:
    """Those that go on: one trains at a time."""
    for training in client.get("/finetune").json()["items"]:
        if training["job"]["status"] in ("pending", "running"):
            client.post(f"/finetune/{training['id']}/cancel").raise_for_status()
            client.get(f"/jobs/{training['id']}/events").raise_for_status()


def train_model(client: httpx.Client) -> dict[str, Any]:
    """From approved FAQs to the training of a model that is there."""
    job = train(client, make_dataset(client))
    client.get(f"/jobs/{job['id']}/events").raise_for_status()
    found: dict[str, Any] = client.get(f"/finetune/{job['id']}").json()
    return found
