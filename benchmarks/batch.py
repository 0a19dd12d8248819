"""A batch of questions to two lanes, 16 lanes at once, over a provider that answers after 20 ms, and one after 500 ms.

The ideal is that of the waiting alone: 2,000 answers of 20 ms, 16 at a time, 2.5 seconds. The API with its job runner,
the mock provider and the reader share this machine's cores.
"""

from datetime import datetime
from typing import Any

from benchmarks.figures import Figure, Target
from benchmarks.mock import SERVER, connect, mock
from benchmarks.product import Client, fresh

QUESTIONS = 1_000
AT_ONCE = 16
PACES = ((0.02, QUESTIONS, 0.8), (0.5, 400, 0.8))
"""Seconds of an answer, how many questions, and the share of the ideal that is aimed at."""
SPLITS = {"train": 0.98, "validation": 0.01, "held_out": 0.01}


def measure() -> list[Figure]:
    figures: list[Figure] = []
    with fresh() as product, product.running("api"), product.client() as client:
        dataset = _dataset(client)
        for answer_seconds, questions, least in PACES:
            with mock(product, "--slow-seconds", str(answer_seconds)) as base_url:
                connect(client, base_url, "slow")
                _compared(client, dataset, limit=20)
                seconds = _seconds(_compared(client, dataset, limit=questions))
            figures += _figures(answer_seconds, questions, seconds, least)
    return figures


def _figures(answer_seconds: float, questions: int, seconds: float, least: float) -> list[Figure]:
    ideal = 2 * questions * answer_seconds / AT_ONCE
    pace = f"{questions:,} questions to two lanes, answers after {answer_seconds * 1000:.0f} ms"
    note = f"{2 * questions / seconds:.0f} answers a second; ideal {ideal:.1f} s"
    return [
        Figure(pace, round(seconds, 1), "s", note=note),
        Figure(f"{pace}: share of the ideal", round(ideal / seconds, 2), "", Target("at least", least)),
    ]


def _dataset(client: Client) -> dict[str, Any]:
    faqs = [
        {"question": f"How do I order part {n} of machine {n % 37}?", "answer": f"Part {n} is on shelf {n * 7}."}
        for n in range(QUESTIONS + 100)
    ]
    for first in range(0, len(faqs), 100):
        client.ended(client.post("/ingest", {"faqs": faqs[first : first + 100]})["job_id"])
    client.quiet()
    accepted = client.post("/datasets", {"name": "Parts", "paraphrases": 0, "fractions": SPLITS})
    client.ended(accepted["job"]["id"])
    found: dict[str, Any] = client.get(f"/datasets/{accepted['dataset']['id']}")
    return found


def _compared(client: Client, dataset: dict[str, Any], *, limit: int) -> dict[str, Any]:
    lanes = [{"provider": SERVER, "model": "slow"}, {"provider": SERVER, "model": "second@slow"}]
    body = {"dataset_id": dataset["id"], "split": "train", "lanes": lanes, "limit": limit}
    job = client.ended(client.post("/comparisons/batch", body)["id"])
    if job["status"] != "succeeded" or job["result"]["failures"]:
        raise RuntimeError(f"the batch ended as {job['status']}: {job['error'] or job['result']}")
    return job


def _seconds(job: dict[str, Any]) -> float:
    started, finished = (datetime.fromisoformat(job[name]) for name in ("started_at", "finished_at"))
    return (finished - started).total_seconds()
