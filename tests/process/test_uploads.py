"""Uploads that end in the middle, for want of a client, of room, or of the server itself."""

import resource
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.process.conftest import SiteMaker
from tests.process.site import Site, kill_all, until, upload
from tests.support import MARKDOWN

pytestmark = pytest.mark.process

MIB = 1024 * 1024
BOUNDARY = b"half-way"


def text(size: int, name: str) -> bytes:
    """That many bytes of text, different for each name."""
    line = f"The {name} has a handle that is turned to the left before it is opened.\n".encode()
    return (f"# {name}\n\n".encode() + line * (size // len(line) + 1))[:size]


def begin_upload(site: Site, content: bytes, *, share: float) -> socket.socket:
    """A connection on which that share of an upload has been sent."""
    token = (site.data_dir / "secrets" / "local_token").read_text().strip().encode()
    head = b'--%s\r\nContent-Disposition: form-data; name="files"; filename="half.md"\r\n\r\n' % BOUNDARY
    body = head + content + b"\r\n--%s--\r\n" % BOUNDARY
    request = (
        b"POST /faq/upload HTTP/1.1\r\nHost: nexus\r\nAuthorization: Bearer %s\r\n"
        b"Content-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n" % (token, BOUNDARY, len(body))
    )
    connection = socket.create_connection(("127.0.0.1", site.api_port), timeout=30)
    connection.sendall(request + body[: int(len(body) * share)])
    return connection


def incoming(site: Site) -> list[Path]:
    return list(site.incoming.iterdir()) if site.incoming.exists() else []


def documents(client: httpx.Client) -> list[str]:
    return [item["name"] for item in client.get("/documents").json()["items"]]


@pytest.mark.fault("A7")
def test_an_upload_whose_client_goes_away_leaves_nothing_and_can_be_repeated(
    running: Site, client: httpx.Client
) -> None:
    content, before = text(8 * MIB, "kettle"), documents(client)
    with closing(begin_upload(running, content, share=0.5)):
        until(lambda: incoming(running), seconds=30, what="the first half is on disk")
    until(lambda: not incoming(running), seconds=60, what="the temporary file is gone")
    assert documents(client) == before

    answer = upload(client, ("half.md", content[: 64 * 1024]))

    assert answer.status_code == 202
    assert running.jobs_ended(client, seconds=60)[0]["status"] == "succeeded"
    assert not incoming(running)


@contextmanager
def small_volume(folder: Path) -> Iterator[None]:
    """One megabyte of room in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    mounting = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("a small volume cannot be mounted here: that needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def short_files(api: psutil.Process) -> Iterator[None]:
    """No file of the process may grow beyond four megabytes."""
    before = resource.prlimit(api.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(api.pid, resource.RLIMIT_FSIZE, (4 * MIB, before[1]))
    try:
        yield
    finally:
        resource.prlimit(api.pid, resource.RLIMIT_FSIZE, before)


def api_of(site: Site) -> psutil.Process:
    return psutil.Process(site.processes[0].pid)


@pytest.mark.fault("A8")
@pytest.mark.parametrize("kind", ["volume", "limit"])
def test_a_full_disk_refuses_the_upload_and_nothing_else(running: Site, client: httpx.Client, kind: str) -> None:
    before = documents(client)
    full = small_volume(running.data_dir / "files") if kind == "volume" else short_files(api_of(running))
    with full:
        answer = upload(client, ("large.txt", text(6 * MIB, f"boiler {kind}")))
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["retryable"]) == (507, "storage_full", True)
        assert str(running.data_dir) not in answer.text
        assert not incoming(running)
        assert documents(client) == before
        assert client.get("/ready").status_code == 200

    assert upload(client, ("large.txt", text(6 * MIB, f"boiler {kind}"))).status_code == 202
    document = client.get("/documents").json()["items"][0]
    assert client.delete(f"/documents/{document['id']}").status_code == 204


@pytest.mark.fault("B2")
def test_a_server_killed_during_uploads_keeps_what_it_accepted_and_nothing_else(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    api = site.start_api()
    with site.client() as client:
        accepted = upload(client, ("accepted.md", MARKDOWN.encode())).json()["jobs"][0]
    with closing(begin_upload(site, text(8 * MIB, "unaccepted"), share=0.5)):
        until(lambda: incoming(site), seconds=30, what="half of the upload is on disk")
        kill_all(api)
    assert incoming(site)
    workspace = next(folder for folder in (site.data_dir / "files").iterdir() if folder.name != "incoming")
    stray = workspace / ("0" * 32)
    stray.write_bytes(b"kept by a process that was killed before its commit")

    site.start_api()

    with site.client() as client:
        jobs = site.jobs_ended(client, seconds=60)
        assert [(job["id"], job["status"]) for job in jobs if job["kind"] == "extract_document"] == [
            (accepted["id"], "succeeded")
        ]
        assert documents(client) == ["accepted.md"]
    assert not incoming(site)
    assert site.stored_files() == [accepted["document_id"].replace("-", "")]
