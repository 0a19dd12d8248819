"""The contests of search, for one number of threads and one set of vectors: one query, 32 at once, and filters."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.rust import indexes, peak, vectors
from benchmarks.rust.contest import Contender, contest
from benchmarks.rust.indexes import Faiss, Searcher, Truth, Vectors
from benchmarks.rust.outcome import Outcome
from rust_accel import VectorIndex

BATCH = 32
ALONE = 4
"""Queries of one run, one after the other."""
PASSING = (1, 10, 100, 500)
"""Codes of a thousand that pass a filter."""
CHECKED = 16


def one_query(data: str) -> str:
    return f"{data}, one query"


def many_queries(data: str) -> str:
    return f"{data}, {BATCH} queries"


def filtered(data: str, passing: int) -> str:
    return f"{data}, {passing / 10:g} % pass"


def measure(threads: int, *, quick: bool, program: Path, data: str) -> Outcome:
    outcome = Outcome()
    rows, queries = vectors.load(data, quick=quick)
    rows = np.ascontiguousarray(rows)
    sizes = (rows.nbytes, rows.nbytes // 2, rows.nbytes // 4)
    top = peak.measure(program, sizes)
    ours, refused = indexes.ours(rows)
    outcome.missing.update(refused)
    faiss = Faiss(rows, threads)
    every = [*indexes.our_searchers(ours), *faiss.searchers(), *indexes.others(rows, threads)]
    if len(rows) > indexes.HNSWLIB_ROWS:
        outcome.missing[f"{indexes.HNSWLIB}, {data}"] = f"left out above {indexes.HNSWLIB_ROWS:,} rows"
    _race(outcome, one_query(data), every, _alone(queries), rounds=3 if quick else 12, threads=threads)
    parts = [queries[at : at + BATCH] for at in range(0, len(queries) - BATCH + 1, BATCH)]
    _race(outcome, many_queries(data), every, parts, rounds=2 if quick else 6, threads=threads)
    _recalls(outcome, data, every, rows, queries[:CHECKED])
    if threads == 1:
        for passing in PASSING:
            _filtered(outcome, Field(data, rows, queries, ours, faiss), passing, quick=quick)
    outcome.values.update({f"rows {data}": len(rows), f"width {data}": rows.shape[1]})
    best = peak.higher(top, peak.measure(program, sizes))
    outcome.values.update({f"{name}, {data}": value for name, value in best.items() if name.startswith("stream")})
    return outcome


@dataclass(frozen=True, slots=True)
class Field:
    """What a set of vectors is searched with."""

    data: str
    rows: Vectors
    queries: Vectors
    ours: dict[str, VectorIndex]
    faiss: Faiss


def _filtered(outcome: Outcome, field: Field, passing: int, *, quick: bool) -> None:
    title = filtered(field.data, passing)
    every = [
        *indexes.our_searchers(field.ours, passing),
        *field.faiss.filtered(passing),
        indexes.numpy_filtered(field.rows, passing),
    ]
    _race(outcome, title, every, _alone(field.queries), rounds=3 if quick else 10, threads=1)
    truth = Truth.of(field.rows, field.queries[:CHECKED], indexes.codes(len(field.rows))[:, 0] < passing)
    for one in every:
        _keep_least(outcome, f"recall, {title}, {one.name}", truth.recall(one.search(truth.queries)))


def _recalls(outcome: Outcome, data: str, every: Sequence[Searcher], rows: Vectors, queries: Vectors) -> None:
    """Of one query at a time and of many: a program may take another way for each."""
    truth = Truth.of(rows, queries)
    for one in every:
        alone = np.concatenate([one.search(query) for query in queries[:, None]])
        _keep_least(outcome, f"recall, {one_query(data)}, {one.name}", truth.recall(alone))
        together = one.search(np.concatenate([queries, queries]))[: len(queries)]
        _keep_least(outcome, f"recall, {many_queries(data)}, {one.name}", truth.recall(together))


def _keep_least(outcome: Outcome, name: str, value: float) -> None:
    outcome.values[name] = min(value, outcome.values.get(name, 1.0))


def _alone(queries: Vectors) -> list[Vectors]:
    return [queries[at : at + 1] for at in range(len(queries))]


def _race(
    outcome: Outcome, title: str, every: Sequence[Searcher], queries: list[Vectors], *, rounds: int, threads: int
) -> None:
    """One run answers one batch of 32, or `ALONE` queries one by one; the next run takes the next ones."""

    def contender(searcher: Searcher) -> Contender:
        turns = itertools.cycle(queries)
        count = 1 if len(queries[0]) > 1 else ALONE

        def run() -> None:
            for _ in range(count):
                searcher.search(next(turns))

        return Contender(searcher.name, searcher.setting, run, count * len(queries[0]))

    outcome.timings.extend(contest(title, [contender(one) for one in every], rounds, threads=threads))
