"""A text PDF of 300 pages to its drafts.

The real API (`nexus api`) with its default settings, warmed by one small document. The time runs from the first byte
of `POST /faq/upload` until the job has succeeded; its drafts can be listed then. Median of three, each on a new data
directory. Memory and /health are watched meanwhile.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, Target
from benchmarks.product import fresh, warm
from benchmarks.samples import write_pdf
from benchmarks.watch import Seen, watching

PAGES = 300
RUNS = 3


@dataclass(frozen=True, slots=True)
class Run:
    seconds: float
    drafts: int
    seen: Seen


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="nexus-bench-") as folder:
        path = Path(folder) / "handbook.pdf"
        words = write_pdf(path, pages=PAGES)
        runs = [_extract(path.read_bytes()) for _ in range(RUNS)]
    slowest = max(runs, key=lambda run: max(run.seen.health, default=0))
    note = f"median of {', '.join(f'{one:.1f}' for one in sorted(run.seconds for run in runs))}; {words:,} words"
    return [
        Figure(
            f"{PAGES}-page text PDF to drafts",
            round(median(run.seconds for run in runs), 1),
            "s",
            Target("at most", 30),
            note=f"{note}, {runs[0].drafts:,} drafts",
        ),
        Figure(
            "API memory growth, 300-page PDF",
            round(max(run.seen.growth_mib for run in runs), 1),
            "MiB",
            Target("at most", 50),
            note=f"largest of {RUNS}, from {runs[0].seen.memory_before / 2**20:.0f} MiB when warm",
        ),
        slowest.seen.health_figure("the 300-page PDF"),
    ]


def _extract(content: bytes) -> Run:
    with fresh() as product, product.running("api") as api, product.client() as client:
        warm(client)
        known = client.get("/faqs/counts")
        with watching(product.url, api.pid) as seen:
            began = time.perf_counter()
            job = client.ended(client.upload("handbook.pdf", content))
            seconds = time.perf_counter() - began
        if job["status"] != "succeeded":
            raise RuntimeError(f"the job ended {job['status']}: {job['error']}")
        counts = client.get("/faqs/counts")
    return Run(seconds, counts["draft"] - known["draft"], seen)
