"""What a process pays for the embedder: loading, memory, and many callers at once through the service's own class."""

import asyncio
import os
import re
import time
from functools import partial
from pathlib import Path

from backend.embeddings.native import NativeEmbedder
from benchmarks.rust import texts
from benchmarks.rust.contest import Contender, least
from benchmarks.rust.encoders import ours_name
from benchmarks.rust.models import Model
from benchmarks.rust.outcome import Outcome
from rust_accel import Embedder

CALLERS = 50
LOAD, MEMORY = "load seconds", "anonymous bytes"
ONE_CALLER, MANY_CALLERS = "seconds of one embed", f"seconds of {CALLERS} embeds at once"


def anonymous() -> int:
    """Bytes of this process that no file backs, from the kernel's sum over its mappings."""
    found = re.search(r"^Anonymous:\s+(\d+) kB", Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE)
    return 1024 * int(found[1]) if found else 0


def load(model: Model, precision: str) -> Outcome:
    """In a fresh process: the seconds until an embedder is there, and what it holds after its first text."""
    name = ours_name(precision)
    before = anonymous()
    began = time.perf_counter()
    try:
        embedder = Embedder(model.folder, precision=precision, threads=os.cpu_count())  # type: ignore[arg-type]  # any
    except ValueError as exc:
        return Outcome(missing={name: str(exc)})
    seconds = time.perf_counter() - began
    embedder.embed([texts.QUERY])
    return Outcome(values={f"{LOAD}, {name}": seconds, f"{MEMORY}, {name}": anonymous() - before})


def service(*, quick: bool) -> Outcome:
    """One `NativeEmbedder.embed` of a short query, and fifty at once on one event loop."""
    embedder = NativeEmbedder()
    embedder.load()

    async def ask(callers: int) -> None:
        await asyncio.gather(*(embedder.embed([texts.QUERY], kind="query") for _ in range(callers)))

    def at_once(runner: asyncio.Runner, callers: int) -> None:
        runner.run(ask(callers))

    with asyncio.Runner() as runner:
        runner.run(ask(CALLERS))
        both = [Contender("", "", partial(at_once, runner, callers)) for callers in (1, CALLERS)]
        one, many = least(both, 3 if quick else 20, repeats=5)
    return Outcome(values={ONE_CALLER: one, MANY_CALLERS: many})
