"""`python -m benchmarks.retrieval_set [--split tune|test] [--model FOLDER]`: the application's search on the set.

Each form of the search in turn, from one view to all steps: hit@1, hit@5, hit@20 and MRR by section over the answerable
questions, how many are answered, and how many near-topic and off-topic ones wrongly, at the collection's threshold and
at the one that answers 90 %. Tune on `--split tune` only; what counts is `test`.
"""

import argparse
import asyncio
import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Final

import numpy as np

from backend.embeddings.native import packaged_model
from backend.retrieval.views import DEFAULT_RANKING, Ranking
from benchmarks import report
from benchmarks.figures import Figure, Target, text_table
from benchmarks.retrieval_set import hardness, manuals
from benchmarks.retrieval_set.hardness import Question
from benchmarks.retrieval_set.knowledge import CachedEmbedder, Knowledge, indexed

FORMS: Final = {
    "heading and body": Ranking(question_head=0.0, noun_head=0.0, focus=0.0),
    "+ the heading's own view": Ranking(focus=0.0),
    "+ focus": DEFAULT_RANKING,
}
ANSWERED: Final = 0.9
MODELS: Final[dict[str, Callable[[], Path]]] = {
    "MiniLM": packaged_model,
    "MPNet": lambda: Path("~/.cache/ai-nexus-benchmarks/all-mpnet-base-v2").expanduser(),
}
AIMS: Final = {
    "MiniLM": {"hit@1": 0.70, "hit@5": 0.92},
    "MPNet": {"hit@1": 0.75, "hit@5": 0.95},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`rank` of the first section that answers, 0 below the first 20 items; `confidence` beyond the threshold."""

    question: Question
    rank: int
    confidence: float
    seconds: float


async def ask(
    knowledge: Knowledge, ranking: Ranking, questions: Sequence[Question], gold: dict[str, set[str]]
) -> list[Asked]:
    searcher = knowledge.searcher(ranking)
    asked: list[Asked] = []
    for one in questions:
        start = time.perf_counter()
        found = searcher.judged(one.question, await searcher.search(knowledge.scope, one.question))
        seconds = time.perf_counter() - start
        sections = list(dict.fromkeys(knowledge.section_of[item.id] for item in found.items))
        rank = next((n for n, key in enumerate(sections, 1) if key in gold[one.id]), 0)
        asked.append(Asked(one, rank, found.confidence, seconds))
    return asked


def figures(model: str, form: str, asked: Sequence[Asked], *, is_whole: bool) -> list[Figure]:
    """`is_whole`: all steps, which is what the aims are for."""
    answerable = [one for one in asked if one.question.kind == "answerable"]
    others = {kind: [one for one in asked if one.question.kind == kind] for kind in ("near", "off")}
    threshold = float(np.quantile([one.confidence for one in answerable], 1 - ANSWERED))
    aims = AIMS.get(model, {}) if is_whole else {}
    rows = {
        "hit@1": mean(one.rank == 1 for one in answerable),
        "hit@5": mean(0 < one.rank <= 5 for one in answerable),
        "hit@20": mean(one.rank > 0 for one in answerable),
        "MRR": mean(1 / one.rank if one.rank else 0.0 for one in answerable),
        "answered": mean(one.confidence >= 0 for one in answerable),
        "near-topic answered": mean(one.confidence >= 0 for one in others["near"]),
        "off-topic answered": mean(one.confidence >= 0 for one in others["off"]),
        "near-topic answered at 90 %": mean(one.confidence >= threshold for one in others["near"]),
        "off-topic answered at 90 %": mean(one.confidence >= threshold for one in others["off"]),
    }
    if is_whole:
        aims = {**aims, "near-topic answered at 90 %": 0.10, "off-topic answered at 90 %": 0.02}
    made = [
        Figure(f"{model}, {form}: {name}", round(value, 3), "", _target(name, aims)) for name, value in rows.items()
    ]
    seconds = [one.seconds * 1000 for one in asked]
    return [*made, Figure(f"{model}, {form}: search p50", round(median(seconds), 1), "ms")]


def _target(name: str, aims: dict[str, float]) -> Target | None:
    if name not in aims:
        return None
    return Target("at least" if name.startswith("hit") else "at most", aims[name])


async def measure(models: Sequence[str], split: str) -> list[Figure]:
    passages = manuals.passages()
    questions = [one for one in hardness.load() if one.split == split]
    gold = {one.id: {passage.section.key for passage in hardness.gold_passages(one, passages)} for one in questions}
    found: list[Figure] = []
    for model in models:
        folder = MODELS[model]()
        if not (folder / "model.safetensors").exists():
            print(f"{model} is left out: no model in {str(folder)!r}")
            continue
        try:
            embedder = CachedEmbedder(model, folder)
        except ValueError as exc:  # a model of a kind that the encoder does not take yet
            print(f"{model} is left out: {exc}")
            continue
        async with indexed(passages, embedder) as knowledge:
            for form, ranking in FORMS.items():
                asked = await ask(knowledge, ranking, questions, gold)
                found += figures(model, form, asked, is_whole=ranking == DEFAULT_RANKING)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval_set", description=__doc__)
    parser.add_argument("--split", choices=("tune", "test"), default="test")
    parser.add_argument("--models", nargs="*", choices=tuple(MODELS), default=tuple(MODELS))
    parser.add_argument("--no-results", action="store_true", help="print only")
    given = parser.parse_args()
    if missing := manuals.missing():
        print(f"install the Debian packages {' '.join(missing)}")
        return 1
    print(f"questions {hashlib.sha256(hardness.QUESTIONS.read_bytes()).hexdigest()}, split {given.split}")
    hardness.main()
    found = asyncio.run(measure(given.models, given.split))
    print(text_table(found))
    if given.split == "test" and not given.no_results:
        report.write("retrieval", found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
