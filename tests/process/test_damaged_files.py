"""Files made to hurt their reader: each ends its own job, and nobody else notices."""

import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.fixtures.documents import UNPARSABLE_PDFS, flipped, huge_size_pdf, write_pdf
from tests.process.site import Site, upload

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

HEALTH_SECONDS = 1.0
JOB_SECONDS = 120.0


class Pulse:
    """How long each /health took, in seconds, while the block runs."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._beat)
        self.times: list[float] = []

    def _beat(self) -> None:
        with httpx.Client(timeout=30) as client:
            while not self._done.wait(0.1):
                began = time.monotonic()
                assert client.get(f"{self._url}/health").status_code == 200
                self.times.append(time.monotonic() - began)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def hostile(whole: bytes) -> dict[str, bytes]:
    """Named PDFs that cannot be read."""
    cut = {"cut-to-a-third.pdf": whole[: len(whole) // 3], "cut-to-a-kilobyte.pdf": whole[:1024]}
    return cut | {f"{name.replace(' ', '-')}.pdf": make() for name, make in UNPARSABLE_PDFS.items()}


@pytest.mark.slow
@pytest.mark.fault("A13")
def test_hostile_pdfs_fail_their_own_jobs_while_the_server_stays_quick(
    running: Site, client: httpx.Client, tmp_path: Path
) -> None:
    whole = write_pdf(tmp_path / "whole.pdf").read_bytes()
    unparsable = hostile(whole)
    damaged = {f"flipped-{seed}.pdf": flipped(whole, seed) for seed in range(4)} | {"huge-size.pdf": huge_size_pdf()}

    with Pulse(running.url) as pulse:
        answer = upload(client, *unparsable.items(), *damaged.items(), ("whole.pdf", whole))
        assert answer.status_code == 202
        jobs = {job["title"]: job for job in running.jobs_ended(client, seconds=JOB_SECONDS) if job["document_id"]}

    errors = {name: job["error"]["code"] if job["error"] else None for name, job in jobs.items()}
    assert {name: errors[name] for name in unparsable} == dict.fromkeys(unparsable, "unparsable")
    assert {errors[name] for name in damaged} <= {None, "unparsable", "no_text"}
    assert errors["whole.pdf"] is None
    assert len(pulse.times) > 10
    assert max(pulse.times) <= HEALTH_SECONDS
    said = running.said()
    assert '"exception"' not in said
    assert not [entry for entry in (running.data_dir / "tmp").glob("children-*/*") if entry.is_dir()]
