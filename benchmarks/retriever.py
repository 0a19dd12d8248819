"""Search models on the running product: what training takes, and what it gives on questions that it never saw.

As `benchmarks/adapter.py`, with MiniLM trained whole and the collection embedded anew by it. It needs the extra
`finetune`: `.finetune/bin/python -m benchmarks retriever`. `NEXUS_BENCH_EPOCHS` shortens it, which its note then says.
"""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from benchmarks.adapter import SPLIT, Asked, Found, fill, found, paraphrases, succeeded, tuned_on, words_figures
from benchmarks.figures import Figure, Unavailable
from benchmarks.product import Client, default_collection, fresh
from benchmarks.retrieval_set import hardness, manuals
from benchmarks.retrieval_set.hardness import Question

EPOCHS: Final = os.environ.get("NEXUS_BENCH_EPOCHS")
HEADINGS: Final[tuple[manuals.Headings, ...]] = ("questions", "nouns")
SWITCH_SECONDS: Final = 1800.0


def measure() -> list[Figure]:
    if find_spec("sentence_transformers") is None:
        raise Unavailable("run it in .finetune, which `make test-finetune` makes")
    if missing := manuals.missing():
        raise Unavailable(f"install the Debian packages {' '.join(missing)}")
    return [figure for headings in HEADINGS for figure in _quality(headings)]


def _quality(headings: manuals.Headings) -> Iterator[Figure]:
    asked = [manual for manual in manuals.MANUALS if manual.asked == headings]
    with fresh() as product, product.running("api"), product.client() as client:
        fill(client, asked)
        parameters = {"epochs": int(EPOCHS)} if EPOCHS else {}
        tuned = tuned_on(client, headings, method="retriever", parameters=parameters)
        steps = max(point["step"] for point in client.get(f"/finetune/{tuned.model['training_id']}/points"))
        note = f"{tuned.dataset['train']:,} training rows, {steps:,} steps" + (f", {EPOCHS} epochs" if EPOCHS else "")
        yield Figure(f"{headings}: training", round(tuned.training_seconds, 1), "s", note=note)
        yield from paraphrases(headings, tuned)
        keys = {manual.key for manual in asked}
        questions = [one for one in hardness.load() if one.split == SPLIT and one.manual in keys]
        before = _asked(client, questions)
        collection = default_collection(client)
        job = client.post(f"/collections/{collection}/model", {"model": f"tuned/{tuned.model['name']}"})
        succeeded(client.ended(job["id"], seconds=SWITCH_SECONDS))
        client.quiet()
        after = _asked(client, questions)
        both: Asked = {one.id: (before[one.id], after[one.id]) for one in questions}
        yield from words_figures(headings, questions, both)


def _asked(client: Client, questions: list[Question]) -> dict[str, Found]:
    collection = default_collection(client)
    texts: dict[str, str] = {}
    return {
        one.id: found(
            client, one, client.post("/rag-chat", {"message": one.question, "collection_id": collection}), texts
        )
        for one in questions
    }
