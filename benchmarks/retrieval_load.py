"""Questions asked of a collection of 100,000 passages.

The default collection of a data folder with 500 documents, 100,000 passages and 200,000 points (`benchmarks.corpus`
says how they are made and which vectors are not a model's), served by the API in a process of its own. A sync first has
to find nothing to do, which also measures when the collection answers. Then 220 different questions, one after the
other, through `POST /rag-chat` with the built-in provider; the first 20 are not counted. The search is the step of that
name in each answer: the question's embedding, the vector store, SQL, ranking, and the second look where it takes one.
The first question after the start is given apart: the index is read from SQL with it.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psutil

from backend.settings import Settings
from benchmarks.corpus import fill
from benchmarks.figures import Figure, Target
from benchmarks.product import MIB, Client, Product, default_collection, fresh
from benchmarks.samples import asked
from benchmarks.search import percentile

PASSAGES = 100_000
QUESTIONS = 200
UNCOUNTED = 20
SEARCH_LIMIT = 20.0
"""Milliseconds at p95."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Milliseconds of the whole answer and of its search; `looked_twice`: words that all items share weighed less."""

    whole: float
    search: float
    is_answered: bool
    looked_twice: bool


def measure(passages: int = PASSAGES, questions: int = QUESTIONS, uncounted: int = UNCOUNTED) -> list[Figure]:
    with fresh() as product:
        collection = filled(product, passages)
        with product.running("api") as api, product.client() as client:
            texts = asked(questions + uncounted + 1)
            first = ask(client, collection, texts[0])
            _check(client, collection, passages)
            for text in texts[1 : uncounted + 1]:
                ask(client, collection, text)
            found = [ask(client, collection, text) for text in texts[uncounted + 1 :]]
            memory = psutil.Process(api.pid).memory_info().rss / MIB
    return figures(passages, found, first, memory)


def filled(product: Product, passages: int) -> str:
    """The default collection of a product that does not run, with that many passages in it."""
    with product.running("api"), product.client() as client:
        collection = default_collection(client)
    url = Settings(data_dir=product.data_dir, database_url=None, _env_file=None).database
    asyncio.run(fill(url, UUID(collection), passages))
    return collection


def ask(client: Client, collection: str, question: str) -> Answered:
    began = time.perf_counter()
    answer = client.post("/rag-chat", {"message": question, "collection_id": collection})
    return answered(answer, 1000 * (time.perf_counter() - began))


def answered(answer: Mapping[str, Any], whole: float) -> Answered:
    """Raises RuntimeError for an answer that says of no search, or whose search found nothing."""
    searches = [step for step in answer["steps"] if step["name"] == "search"]
    if len(searches) != 1 or not answer["retrieved"]:
        raise RuntimeError(f"{answer['question']!r} was not searched for, or in vain: {answer['steps']}")
    return Answered(whole, searches[0]["ms"], answer["answered"], "with weight on" in searches[0]["outcome"])


def figures(passages: int, found: Sequence[Answered], first: Answered, memory: float) -> list[Figure]:
    searches, answers = [one.search for one in found], [one.whole for one in found]
    size = f"{passages:,} passages"
    twice = f"{sum(one.looked_twice for one in found)} of {len(found)} looked twice"
    return [
        Figure(f"{size}: search step p50", round(percentile(searches, 0.5), 1), "ms", note=twice),
        Figure(
            f"{size}: search step p95",
            round(percentile(searches, 0.95), 1),
            "ms",
            Target("at most", SEARCH_LIMIT),
            note=f"of {len(found)}, slowest {max(searches):.1f}",
        ),
        Figure(
            f"{size}: POST /rag-chat p50",
            round(percentile(answers, 0.5), 1),
            "ms",
            note=f"{sum(one.is_answered for one in found)} answered",
        ),
        Figure(f"{size}: POST /rag-chat p95", round(percentile(answers, 0.95), 1), "ms", note=f"of {len(found)}"),
        Figure(
            f"{size}: first question after a start",
            round(first.whole / 1000, 2),
            "s",
            note=f"the index of {2 * passages:,} points is read with it",
        ),
        Figure(f"{size}: API memory", round(memory), "MiB", note="resident, after the questions"),
    ]


def _check(client: Client, collection: str, passages: int) -> None:
    """Raises RuntimeError when the product would add or remove anything."""
    job = client.ended(client.post(f"/collections/{collection}/sync")["id"])
    held = client.get(f"/collections/{collection}")
    if job["status"] != "succeeded" or job["result"]["items"] or held["passages"] != passages:
        raise RuntimeError(f"the collection is not as the product makes it: job {job}, collection {held}")
