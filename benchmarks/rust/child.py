"""One measuring process: `python -m benchmarks.rust.child '<json>'`; the number of threads is in its environment too.

Thread pools take their size from the environment when they are first used, so each number of threads, and each forced
instruction set, has a process of its own, with all contenders in it.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.machine import ROOT
from benchmarks.rust.outcome import Outcome

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Task:
    """`kind`: what to measure; `data`: which vectors, or which precision; `program`: the example peak, compiled;
    `model`: a name of `models.NAMED`; `against`: the peers that take part, all when None."""

    kind: str
    threads: int = 1
    quick: bool = False
    program: str = ""
    data: str = ""
    model: str = "minilm"
    against: Sequence[str] | None = None


def run(task: Task, **variables: str) -> Outcome:
    """The outcome of `task` in a process of its own; when that ends badly, an empty one that says so."""
    sizes = {name: str(task.threads) for name in THREADS}
    environment = {**os.environ, **sizes, "TOKENIZERS_PARALLELISM": "false", **variables}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outcome.json"
        command = [sys.executable, "-m", "benchmarks.rust.child", json.dumps(asdict(task)), str(path)]
        done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        if done.returncode:
            name = f"{task.kind} {task.data}".strip()
            return Outcome(missing={f"{name}, {task.threads} threads": f"ended with status {done.returncode}"})
        return Outcome.read(path)


def outcome(task: Task) -> Outcome:
    # Imported here: what a process does not measure it should not load.
    if task.kind == "embedding":
        from benchmarks.rust import embedding, models

        model = models.NAMED[task.model]()
        program = Path(task.program)
        return embedding.measure(model, task.threads, quick=task.quick, program=program, against=task.against)
    if task.kind == "embedding f32":
        from benchmarks.rust import embedding

        return embedding.measure_f32(task.threads, quick=task.quick)
    if task.kind == "vectors":
        from benchmarks.rust import vectors

        vectors.load(task.data, quick=task.quick)
        return Outcome()
    if task.kind == "search":
        from benchmarks.rust import searching

        return searching.measure(task.threads, quick=task.quick, program=Path(task.program), data=task.data)
    if task.kind in ("load", "service"):
        from benchmarks.rust import models, process

        if task.kind == "load":
            return process.load(models.NAMED[task.model](), task.data)
        return process.service(quick=task.quick)
    raise ValueError(f"no task {task.kind!r}")


if __name__ == "__main__":
    outcome(Task(**json.loads(sys.argv[1]))).write(Path(sys.argv[2]))
