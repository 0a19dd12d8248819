"""10,000 FAQs ingested, then questions asked of them.

One `POST /ingest` with 10,000 FAQs; the time runs from the request until its job has succeeded and all can be found.
Then 200 questions in other words, one at a time, through `POST /rag-chat` with the built-in provider, after 20 that are
not counted. Of that, the search in the vector store is the API's own histogram `nexus_retrieval_seconds` over the same
questions, interpolated within its buckets as Prometheus does, and the embedding of a question is measured here, in this
process, with the same model; the rest is SQL, the answer and saving the conversation.
"""

import asyncio
import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from backend.embeddings.native import NativeEmbedder
from benchmarks.figures import Figure
from benchmarks.product import Client, fresh, warm
from benchmarks.samples import asked, faqs
from benchmarks.watch import watching

FAQS = 10_000
QUESTIONS = 200
UNCOUNTED = 20
COLLECTION = "measured"
_BUCKET = re.compile(r'^nexus_retrieval_seconds_bucket\{[^}]*le="([^"]+)"[^}]*\} (\S+)$', re.MULTILINE)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0..1) of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def buckets(metrics: str) -> dict[float, float]:
    """Upper bound in seconds -> searches that took at most that, all stores together."""
    found: dict[float, float] = {}
    for bound, count in _BUCKET.findall(metrics):
        found[float(bound)] = found.get(float(bound), 0.0) + float(count)
    return found


def within(counts: dict[float, float], share: float) -> float:
    """The seconds below which `share` (0..1) of the counted lie, linear within a bucket."""
    wanted = share * counts[math.inf]
    lower, below = 0.0, 0.0
    for upper, count in sorted(counts.items()):
        if count >= wanted:
            return lower if math.isinf(upper) else lower + (upper - lower) * (wanted - below) / (count - below)
        lower, below = upper, count
    return lower


def measure() -> list[Figure]:
    with fresh() as product, product.running("api") as api, product.client() as client:
        warm(client)
        with watching(product.url, api.pid) as ingesting:
            collection, seconds = _ingest(client)
        held = client.get(f"/collections/{collection}")
        if held["faqs"] != FAQS or held["pending_changes"]:
            raise RuntimeError(f"the collection holds {held['faqs']} FAQs, {held['pending_changes']} are missing")
        client.quiet()
        questions = asked(QUESTIONS + UNCOUNTED)
        for question in questions[:UNCOUNTED]:
            _ask(client.http, collection, question)
        before = buckets(client.http.get("/metrics").text)
        with watching(product.url, api.pid) as chatting:
            answered = [_ask(client.http, collection, question) for question in questions[UNCOUNTED:]]
        after = buckets(client.http.get("/metrics").text)
    searches = {bound: count - before[bound] for bound, count in after.items()}
    memory = f"API memory +{ingesting.growth_mib:.0f} MiB at most, from {ingesting.memory_before / 2**20:.0f}"
    return [
        Figure(f"{FAQS:,} FAQs ingested", round(seconds, 1), "s", note=f"{FAQS / seconds:.0f} FAQs/s; {memory}"),
        *_latency(
            "POST /rag-chat", [one.seconds for one in answered], note=f"{sum(one.ok for one in answered)} answered"
        ),
        Figure(
            "vector store search p50",
            round(1000 * within(searches, 0.5), 2),
            "ms",
            note=f"{searches[math.inf]:.0f} searches",
        ),
        Figure("vector store search p95", round(1000 * within(searches, 0.95), 2), "ms"),
        *_latency("embedding a question", asyncio.run(_embedding(questions))),
        ingesting.health_figure(f"the ingestion of {FAQS:,} FAQs"),
        chatting.health_figure("the questions"),
    ]


@dataclass(frozen=True, slots=True)
class Answered:
    seconds: float
    ok: bool


def _ingest(client: Client) -> tuple[str, float]:
    """Collection and seconds."""
    body = {"collection": COLLECTION, "faqs": faqs(FAQS)}
    began = time.perf_counter()
    accepted = client.post("/ingest", body)
    job = client.ended(accepted["job_id"])
    seconds = time.perf_counter() - began
    if job["status"] != "succeeded":
        raise RuntimeError(f"the job ended {job['status']}: {job['error']}")
    return str(accepted["collection_id"]), seconds


def _ask(http: httpx.Client, collection: str, question: str) -> Answered:
    began = time.perf_counter()
    answer = http.post("/rag-chat", json={"message": question, "collection_id": collection})
    seconds = time.perf_counter() - began
    answer.raise_for_status()
    return Answered(seconds, bool(answer.json()["answered"]))


async def _embedding(questions: Sequence[str]) -> list[float]:
    embedder = NativeEmbedder()
    seconds = []
    for question in questions:
        began = time.perf_counter()
        await embedder.embed([question], kind="query")
        seconds.append(time.perf_counter() - began)
    return seconds[UNCOUNTED:]


def _latency(name: str, seconds: Sequence[float], *, note: str = "") -> list[Figure]:
    return [
        Figure(f"{name} p50", round(1000 * percentile(seconds, 0.5), 1), "ms", note=note),
        Figure(f"{name} p95", round(1000 * percentile(seconds, 0.95), 1), "ms", note=f"of {len(seconds)}"),
    ]
