"""What a large file costs the server."""

import threading
from collections.abc import Callable, Iterator

import httpx
import psutil
import pytest

from tests.process.site import Site, upload
from tests.support import MARKDOWN

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

MIB = 1024 * 1024
SIZE = 200 * MIB
GROWTH = 64 * MIB
BOUNDARY = b"large-file"


def form() -> Iterator[bytes]:
    """A multipart body with 200 MB of text, a piece at a time."""
    yield b'--%s\r\nContent-Disposition: form-data; name="files"; filename="large.txt"\r\n\r\n' % BOUNDARY
    piece = b"The water of the boiler is changed once a month by the people of the hall.\n" * 800
    for _ in range(SIZE // len(piece)):
        yield piece
    yield b"\r\n--%s--\r\n" % BOUNDARY


class Peak:
    """The largest memory of one process, its children excluded, while the block runs."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.bytes = 0

    def _sample(self) -> None:
        while not self._done.wait(0.01):
            self.bytes = max(self.bytes, self._process.memory_info().rss)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def test_the_server_does_not_hold_the_file_that_is_sent_to_it(
    running: Site,
    client: httpx.Client,
    record_property: Callable[[str, object], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert upload(client, ("machine.md", MARKDOWN.encode())).status_code == 202
    running.jobs_ended(client, seconds=60)
    api = psutil.Process(running.processes[0].pid)
    before = api.memory_info().rss

    with Peak(api) as peak:
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
        answer = client.post("/faq/upload", content=form(), headers=headers)

    assert answer.status_code == 202, answer.text
    client.post(f"/jobs/{answer.json()['jobs'][0]['id']}/cancel")
    growth = peak.bytes - before
    record_property("rss_growth_mib", round(growth / MIB, 1))
    with capsys.disabled():
        print(f"\n  200 MB upload: {before / MIB:.0f} MiB before, +{growth / MIB:.1f} MiB at most")  # noqa: T201  the figure
    assert growth <= GROWTH
