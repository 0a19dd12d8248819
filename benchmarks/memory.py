"""Memory growth of the API while large files arrive and are read.

The resident memory of the API's process alone (limited children hold the parsed document, and are left out), read
every 50 ms over the whole job; growth is the peak less what a warm API (one small document extracted, approved and
asked for) held before. One API for all files of a run would hide a later file's growth behind an earlier one's, so
each file has an API and a data directory of its own. The 1 GB is streamed in pieces without a Content-Length and its
job is cancelled as soon as it exists: sending is measured, not reading.
"""

import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, Target
from benchmarks.product import MIB, Client, fresh, warm
from benchmarks.samples import text_pieces, write_docx
from benchmarks.watch import Seen, watching

TEXT_BYTES = 100 * MIB
SENT_BYTES = 1024 * MIB
DOCX_SECTIONS = 10_000
JOB_SECONDS = 1800.0
_BOUNDARY = "nexus-bench-boundary"


def measure() -> list[Figure]:
    return [*_docx(), *_text(), *_sent()]


def _docx() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="nexus-bench-") as folder:
        path = Path(folder) / "handbook.docx"
        words = write_docx(path, sections=DOCX_SECTIONS)
        size = path.stat().st_size / MIB
        return _read("large DOCX", f"{words:,} words, {size:.1f} MiB packed", "handbook.docx", _file(path))


def _text() -> list[Figure]:
    return _read("100 MB text file", f"{TEXT_BYTES / MIB:.0f} MiB", "handbook.txt", text_pieces(TEXT_BYTES))


def _read(what: str, size: str, name: str, content: Iterator[bytes]) -> list[Figure]:
    with fresh() as product, product.running("api") as api, product.client() as client:
        warm(client)
        with watching(product.url, api.pid) as seen:
            began = time.perf_counter()
            job = _ended(client, _send(client, name, content))
            seconds = time.perf_counter() - began
        code = f" ({job['error']['code']})" if job["error"] else ""
        drafts = client.get("/faqs/counts")["draft"]
    note = f"{size}; job {job['status']}{code} after {seconds:.0f} s, {drafts:,} drafts; {_levels(seen)}"
    return [_growth(f"API memory growth, {what}", seen, 50, note), seen.health_figure(f"the {what}")]


def _ended(client: Client, job_id: str) -> dict[str, Any]:
    """The job after its end, or as it is after half an hour."""
    try:
        return client.ended(job_id, seconds=JOB_SECONDS)
    except TimeoutError:
        job: dict[str, Any] = client.get(f"/jobs/{job_id}")
        return job


def _sent() -> list[Figure]:
    piece = b"".join(text_pieces(MIB))
    with fresh() as product, product.running("api") as api, product.client() as client:
        warm(client)
        with watching(product.url, api.pid) as seen:
            began = time.perf_counter()
            job_id = _send(client, "large.txt", itertools.repeat(piece, SENT_BYTES // len(piece)))
            client.post(f"/jobs/{job_id}/cancel")
            seconds = time.perf_counter() - began
            job = client.ended(job_id)
    rate = SENT_BYTES / MIB / seconds
    note = f"{seconds:.1f} s, {rate:.0f} MiB/s; job {job['status']}; {_levels(seen)}"
    return [_growth("API memory growth, 1 GB sent", seen, 64, note), seen.health_figure("1 GB sent")]


def _growth(name: str, seen: Seen, limit: float, note: str) -> Figure:
    return Figure(name, round(seen.growth_mib, 1), "MiB", Target("at most", limit), note=note)


def _levels(seen: Seen) -> str:
    return f"from {seen.memory_before / MIB:.0f} MiB, afterwards {seen.left_mib:+.1f}"


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(256 * 1024):
            yield piece


def _send(client: Client, name: str, content: Iterator[bytes]) -> str:
    """Streams one file as multipart/form-data, chunked. Returns the id of its job."""

    def body() -> Iterator[bytes]:
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        yield head.encode()
        yield from content
        yield f"\r\n--{_BOUNDARY}--\r\n".encode()

    headers = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
    answer = client.http.post("/faq/upload", content=body(), headers=headers)
    answer.raise_for_status()
    return str(answer.json()["jobs"][0]["id"])
