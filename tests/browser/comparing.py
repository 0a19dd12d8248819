"""States of the compare page, made over the API."""

from collections.abc import Sequence
from typing import Any, Final

import httpx

PROVIDER: Final = "openai-compatible"
QUESTIONS: Final = (
    "What does the warranty cover?",
    "What is Coldkeep?",
    "Do you have a status page?",
    "Who is this handbook for?",
    "Can I get the app in other languages?",
    "How do I download all our readings?",
)


def set_up(client: httpx.Client, url: str) -> None:
    """A second one to ask, whose usual model answers."""
    settings = {"base_url": url, "api_key": "sk-mock-1234", "model": "ok"}
    client.put(f"/providers/{PROVIDER}", json=settings).raise_for_status()


def default(client: httpx.Client) -> dict[str, Any]:
    return {"agent_id": client.get("/agents").json()["items"][0]["id"]}


def of_model(name: str) -> dict[str, Any]:
    return {"provider": PROVIDER, "model": name}


def compare(client: httpx.Client, lanes: Sequence[dict[str, Any]], *, question: str = QUESTIONS[0]) -> dict[str, Any]:
    body = {"question": question, "lanes": list(lanes)}
    found: dict[str, Any] = client.post("/compare", json=body).raise_for_status().json()
    return found


def vote_for(client: httpx.Client, compared: dict[str, Any], says: str) -> None:
    """For the lane whose text has `says` in it; that all are good where none or each has."""
    labels = [lane["label"] for lane in compared["lanes"] if says in lane["text"]]
    choice = labels[0] if len(labels) == 1 else "all_good"
    client.post(f"/comparisons/{compared['id']}/vote", json={"choice": choice}).raise_for_status()
