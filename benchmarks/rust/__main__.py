"""`python -m benchmarks.rust [embeddings] [mpnet] [search] [charts]`: rust_accel beside its peers; all when none given.

Each number of threads has a process of its own in which all contenders take turns; the best of all rounds counts.
Prints the figures and every contender's best, and writes `benchmarks/results/rust_*.json` and the charts.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict

from benchmarks import report
from benchmarks.figures import Figure, Unavailable, text_table
from benchmarks.machine import describe, versions
from benchmarks.rust import cache, models, targets
from benchmarks.rust.child import Task, run
from benchmarks.rust.contest import Timing
from benchmarks.rust.encoders import ORT_FP32, OV_BF16, PRECISIONS
from benchmarks.rust.outcome import Outcome, merged
from benchmarks.rust.peak import build

PACKAGES = (
    "faiss-cpu",
    "hnswlib",
    "numpy",
    "onnxruntime",
    "openvino",
    "rust-accel",
    "sentence-transformers",
    "usearch",
)
THREADS = min(2, os.cpu_count() or 1)
STARTS = 5
DATA = ("real", "synthetic")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rust", description=__doc__)
    parser.add_argument("parts", nargs="*", help="any of embeddings, mpnet, search, charts")
    parser.add_argument("--quick", action="store_true", help="few texts, vectors and rounds; written into the cache")
    parser.add_argument("--no-results", action="store_true", help="print only")
    given = parser.parse_args()
    measures: dict[str, Callable[..., tuple[Outcome, list[Figure]]]] = {
        "embeddings": embeddings,
        "mpnet": mpnet,
        "search": search,
    }
    parts = given.parts or [*measures, "charts"]
    if unknown := set(parts) - {*measures, "charts"}:
        parser.error(f"no part {sorted(unknown)!r}; known: {[*measures, 'charts']!r}")
    folder = cache.folder() / "quick" if given.quick else report.FOLDER
    machine = describe()
    print(f"{machine['cpu']}, {machine['cores']} cores, load {machine['load_average']}", flush=True)
    for name in (part for part in measures if part in parts):
        try:
            outcome, figures = measures[name](quick=given.quick)
        except Unavailable as exc:
            print(f"\n== {name}\nnot measured: {exc}", flush=True)
            continue
        print(f"\n== {name}\n{text_table(figures)}\n\n{timings_table(outcome.timings)}", flush=True)
        for missing, why in outcome.missing.items():
            print(f"{missing} did not run: {why}")
        if not given.no_results:
            report.write(f"rust_{name}", figures, folder, more=details(outcome))
    if "charts" in parts:
        from benchmarks.rust import charts

        for path in charts.write(folder, folder if given.quick else charts.FOLDER):
            print(path)
    return 0


def embeddings(*, quick: bool) -> tuple[Outcome, list[Figure]]:
    program = str(build())
    found = [run(Task("embedding", threads, quick, program)) for threads in sorted({1, THREADS})]
    avx2 = run(Task("embedding f32", 1, quick), NEXUS_ISA="avx2", ONEDNN_MAX_CPU_ISA="AVX2")
    found.append(Outcome([renamed(timing, targets.AVX2) for timing in avx2.timings]))
    found.append(run(Task("service", THREADS, quick)))
    found.extend(loads("minilm"))
    outcome = merged(found)
    return outcome, targets.embedding(outcome, THREADS)


def mpnet(*, quick: bool) -> tuple[Outcome, list[Figure]]:
    """Raises `Unavailable` without the model, which is not part of the application."""
    models.mpnet()
    # As bytes, ONNX Runtime's answer is another one: a cosine of .66 to .94 with the model.
    against = (ORT_FP32, OV_BF16)
    program = str(build())
    found = [
        run(Task("embedding", threads, quick, program, model="mpnet", against=against))
        for threads in sorted({1, THREADS})
    ]
    outcome = merged([*found, *loads("mpnet")])
    return outcome, targets.mpnet(outcome, THREADS)


def loads(model: str) -> list[Outcome]:
    """What a start costs in each precision."""
    return [
        lightest([run(Task("load", THREADS, data=precision, model=model)) for _ in range(STARTS)])
        for precision in PRECISIONS
    ]


def search(*, quick: bool) -> tuple[Outcome, list[Figure]]:
    program = str(build())
    found: list[Outcome] = []
    for data in DATA:
        run(Task("vectors", os.cpu_count() or 1, quick, data=data))
        found.append(run(Task("search", 1, quick, program, data)))
    if THREADS > 1:
        found.append(Outcome(run(Task("search", THREADS, quick, program, DATA[0])).timings))
    outcome = merged(found)
    return outcome, [
        figure for data in DATA if f"rows {data}" in outcome.values for figure in targets.search(outcome, data)
    ]


def lightest(outcomes: Sequence[Outcome]) -> Outcome:
    """The least of each value."""
    whole = merged(outcomes)
    return Outcome(
        values={name: min(one.values[name] for one in outcomes) for name in whole.values}, missing=whole.missing
    )


def renamed(timing: Timing, contest: str) -> Timing:
    return Timing(**{**asdict(timing), "contest": contest})


def timings_table(timings: Sequence[Timing]) -> str:
    rows = [
        f"{one.contest:24} {one.threads} thr  {one.name:22} {1000 * one.seconds / one.items:10.4g} ms"
        f"  {one.rate:10.5g} /s  {one.setting}"
        for one in timings
    ]
    return "\n".join(rows)


def details(outcome: Outcome) -> dict[str, object]:
    return {
        "packages": versions(PACKAGES),
        "timings": [asdict(timing) for timing in outcome.timings],
        "values": outcome.values,
        "missing": outcome.missing,
    }


if __name__ == "__main__":
    sys.exit(main())
