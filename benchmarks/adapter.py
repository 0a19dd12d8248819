"""Tuned retrieval on the running product: what it takes, and what it gives on questions that it never saw.

Two collections of real manuals (see benchmarks/retrieval_set): four with question headings, four with noun headings.
All drafts of the rules are approved, the dataset and the training have their defaults. "Paraphrases" are those of the
FAQs held out, by other rules than those of training, ranked among all items. "In people's words" are the retrieval
set's questions, which share few words with the text, asked through the whole pipeline with and without the model; a hit
is an item of a section that has the answer. While tuning:
`NEXUS_BENCH_SPLIT=tune python -m benchmarks adapter --no-results`.
"""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backend.comparison.means import mean_difference, share
from benchmarks.figures import Figure, Unavailable
from benchmarks.product import Client, default_collection, fresh
from benchmarks.retrieval_set import hardness, manuals
from benchmarks.retrieval_set.hardness import Question

SPLIT: Final = os.environ.get("NEXUS_BENCH_SPLIT", "test")
TRAINING_SECONDS: Final = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Found:
    """`rank` is the place of the first item of a section with the answer, 0 where there is none."""

    rank: int
    answered: bool


Asked = dict[str, tuple[Found, Found]]
"""By question, before and after."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """A model and what its making took, in seconds."""

    model: dict[str, Any]
    dataset: dict[str, Any]
    dataset_seconds: float
    training_seconds: float


def measure() -> list[Figure]:
    if missing := manuals.missing():
        raise Unavailable(f"install the Debian packages {' '.join(missing)}")
    return [*_quality("questions"), *_quality("nouns")]


def _quality(headings: manuals.Headings) -> Iterator[Figure]:
    asked = [manual for manual in manuals.MANUALS if manual.asked == headings]
    with fresh() as product, product.running("api"), product.client() as client:
        fill(client, asked)
        tuned = tuned_on(client, headings)
        yield from paraphrases(headings, tuned)
        keys = {manual.key for manual in asked}
        questions = [one for one in hardness.load() if one.split == SPLIT and one.manual in keys]
        yield from _in_peoples_words(client, headings, tuned, questions)


def fill(client: Client, some: Iterable[manuals.Manual]) -> None:
    """With all that the rules draft of these manuals, approved."""
    for manual in some:
        for path in manual.paths():
            client.upload(f"{manual.key}-{path.name}", path.read_bytes())
    client.quiet()
    while drafts := client.get("/faqs", status="draft", limit=200)["items"]:
        client.post("/faqs/approve", {"ids": [draft["id"] for draft in drafts]})
    client.quiet()


def tuned_on(client: Client, name: str, **training: Any) -> Tuned:
    """`training` is what `POST /finetune` gets beside the dataset."""
    began = time.perf_counter()
    accepted = client.post("/datasets", {"name": name})
    succeeded(client.ended(accepted["job"]["id"]))
    made = time.perf_counter()
    begun = client.post("/finetune", {"dataset_id": accepted["dataset"]["id"], **training})
    job = succeeded(client.ended(begun["id"], seconds=TRAINING_SECONDS))
    ended = time.perf_counter()
    return Tuned(
        client.get(f"/models/{job['result']['model_id']}"),
        client.get(f"/datasets/{accepted['dataset']['id']}"),
        made - began,
        ended - made,
    )


def succeeded(job: dict[str, Any]) -> dict[str, Any]:
    if job["status"] != "succeeded":
        raise RuntimeError(f"{job['kind']} {job['status']}: {job['error']}")
    return job


def paraphrases(headings: str, tuned: Tuned) -> Iterator[Figure]:
    count = tuned.model["held_out"]
    note = f"{count} paraphrases of FAQs held out of {tuned.dataset['faqs']}"
    for change in tuned.model["changes"]:
        before, after = change["before"], change["after"]
        intervals = ""
        if change["name"].startswith("hit"):
            ends = [
                share([1.0] * round(value * count) + [0.0] * (count - round(value * count))).interval
                for value in (before, after)
            ]
            intervals = "; 95 %: " + ", ".join(f"{end.low:.2f} to {end.high:.2f}" for end in ends if end is not None)
        yield Figure(
            f"{headings}, paraphrases: {change['name']}",
            round(after, 3),
            "",
            peer=round(before, 3),
            note=note + intervals,
        )


def _in_peoples_words(client: Client, headings: str, tuned: Tuned, questions: Sequence[Question]) -> Iterator[Figure]:
    collection = default_collection(client)
    texts: dict[str, str] = {}
    asked: Asked = {}
    for one in questions:
        untuned = client.post("/rag-chat", {"message": one.question, "collection_id": collection})
        with_model = client.post("/chat", {"message": one.question, "model": tuned.model["name"]})
        asked[one.id] = (found(client, one, untuned, texts), found(client, one, with_model, texts))
    yield from words_figures(headings, questions, asked)


def found(client: Client, question: Question, answer: dict[str, Any], texts: dict[str, str]) -> Found:
    return Found(rank(client, question, answer, texts), answer["answered"])


def words_figures(headings: str, questions: Sequence[Question], asked: Asked) -> Iterator[Figure]:
    """Of the retrieval set's questions, before and after."""
    answerable = [one for one in questions if one.kind == "answerable"]
    for name, most in (("hit@1", 1), ("hit@5", 5)):
        hits = [{one.id: float(0 < asked[one.id][side].rank <= most) for one in answerable} for side in (0, 1)]
        difference = mean_difference(hits[1], hits[0])
        ends = difference.interval
        note = f"{len(answerable)} questions, split {SPLIT}; difference {difference.value or 0:+.3f}"
        note += f", 95 %: {ends.low:+.3f} to {ends.high:+.3f}" if ends is not None else ""
        before, after = (sum(side.values()) / len(answerable) for side in hits)
        yield Figure(f"{headings}, in people's words: {name}", round(after, 3), "", peer=round(before, 3), note=note)
    for kind, label in (("answerable", "answered"), ("near", "near-topic, wrongly answered")):
        some = [asked[one.id] for one in questions if one.kind == kind]
        if some:
            before, after = (sum(pair[side].answered for pair in some) / len(some) for side in (0, 1))
            note = f"{len(some)} questions"
            yield Figure(
                f"{headings}, in people's words: {label}", round(after, 3), "", peer=round(before, 3), note=note
            )


def rank(client: Client, question: Question, answer: dict[str, Any], texts: dict[str, str]) -> int:
    """The place of the first item whose section has the answer, 0 where there is none."""
    for place, hit in enumerate(answer["retrieved"], start=1):
        text = _section(client, hit, texts)
        if any(gold.quote in text for gold in question.gold):
            return place
    return 0


def _section(client: Client, hit: dict[str, Any], texts: dict[str, str]) -> str:
    """The whole section that an item is from."""
    path = f"/faqs/{hit['faq_id']}/source" if hit["faq_id"] else f"/passages/{hit['passage_id']}"
    if path not in texts:
        texts[path] = client.get(path)["text"]
    return texts[path]
