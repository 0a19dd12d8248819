"""The real product on a data directory and ports of its own."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

ROOT = Path(__file__).parents[1]
MIB = 1024 * 1024
START_SECONDS = 120.0
JOB_SECONDS = 900.0

T = TypeVar("T")


def until(condition: Callable[[], T], *, seconds: float, what: str, pause: float = 0.02) -> T:
    """The first true answer of `condition`. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(pause)
    return answer


def plain_environment() -> dict[str, str]:
    """Ours without NEXUS_*, and without PYTHON*, which may keep Python from storing compiled modules."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("NEXUS_", "PYTHON"))}


def cpu_seconds(pid: int) -> float:
    """Processor time that a process and everything below it have used."""
    spent = 0.0
    for one in family(pid):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            spent += times.user + times.system
    return spent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def family(pid: int) -> list[psutil.Process]:
    """A process and everything below it, oldest first."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def stop(process: subprocess.Popen[bytes], *, seconds: float = 40.0) -> None:
    """Asks it to end; what is still there afterwards, children included, is killed."""
    members = family(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    for member in members:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()


@dataclass
class Product:
    """Programs of one data directory; all of them write to one log."""

    data_dir: Path
    variables: dict[str, str] = field(default_factory=dict)
    root: Path = ROOT
    api_port: int = field(default_factory=free_port)
    ui_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def ui_url(self) -> str:
        return f"http://127.0.0.1:{self.ui_port}"

    @property
    def log(self) -> Path:
        return self.data_dir.parent / f"{self.data_dir.name}.log"

    @property
    def environment(self) -> dict[str, str]:
        return plain_environment() | {
            "NEXUS_DATA_DIR": str(self.data_dir),
            "NEXUS_API_PORT": str(self.api_port),
            "NEXUS_UI_PORT": str(self.ui_port),
            "NEXUS_LOG_FORMAT": "json",
            **self.variables,
        }

    def spawn(self, *command: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @contextmanager
    def running(self, command: str) -> Iterator[subprocess.Popen[bytes]]:
        """`nexus up` until its banner, or `nexus api` until it answers; ended at the end of the block."""
        before = len(self.said())
        process = self.spawn(sys.executable, "-m", "backend.cli", command)

        def is_up() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"ended with status {process.returncode}: {self.said()[-2000:]}")
            return "is ready" in self.said()[before:] if command == "up" else answers(f"{self.url}/health")

        try:
            until(is_up, seconds=START_SECONDS, what=f"nexus {command} is ready", pause=0.01)
            yield process
        finally:
            stop(process)

    @contextmanager
    def client(self) -> Iterator["Client"]:
        token = (self.data_dir / "secrets" / "local_token").read_text(encoding="utf-8").strip()
        with httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=120) as client:
            yield Client(client, token)


@dataclass(frozen=True, slots=True)
class Client:
    """The API, signed in with the local token."""

    http: httpx.Client
    token: str

    def get(self, path: str, **query: str | int) -> Any:
        return _checked(self.http.get(path, params=query)).json()

    def lines(self, path: str, **query: str | int) -> list[str]:
        """The lines of an answer that is no JSON."""
        return _checked(self.http.get(path, params=query)).text.splitlines()

    def post(self, path: str, body: object = None) -> Any:
        return _checked(self.http.post(path, json=body)).json()

    def upload(self, name: str, content: bytes) -> str:
        """The id of the file's job."""
        answer = _checked(self.http.post("/faq/upload", files={"files": (name, content)}))
        return str(answer.json()["jobs"][0]["id"])

    def take(self, path: str, name: str, content: str) -> Any:
        """What is answered to one file."""
        return _checked(self.http.post(path, files={"files": (name, content.encode())})).json()

    def ended(self, job_id: str, *, seconds: float = JOB_SECONDS) -> dict[str, Any]:
        """The job once it is in a final state."""

        def final() -> dict[str, Any] | None:
            job: dict[str, Any] = self.get(f"/jobs/{job_id}")
            return job if job["status"] in ("succeeded", "failed", "cancelled") else None

        job = until(final, seconds=seconds, what=f"the job {job_id} has ended", pause=0.1)
        assert job is not None
        return job

    def quiet(self, *, seconds: float = JOB_SECONDS) -> None:
        """Returns once no job waits or runs."""

        def is_quiet() -> bool:
            return not any(self.get("/jobs", status=state, limit=1)["items"] for state in ("pending", "running"))

        until(is_quiet, seconds=seconds, what="no job waits or runs", pause=0.1)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise RuntimeError(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {answer.text[:500]}"
        )
    return answer


@contextmanager
def fresh(**variables: str) -> Iterator[Product]:
    """A product on an empty data directory that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="nexus-bench-") as folder:
        yield Product(Path(folder) / "data", variables)


WARM_UP = b"""# Boiler

## How do I refill the boiler?

Open the blue tap below the boiler until the gauge shows two bars, then close it again.
"""


def warm(client: Client) -> None:
    """One small document to its drafts, approved and asked for: every lazily loaded part is loaded afterwards."""
    client.ended(client.upload("boiler.md", WARM_UP))
    drafts = client.get("/faqs", status="draft", limit=200)["items"]
    client.post("/faqs/approve", {"ids": [draft["id"] for draft in drafts]})
    client.quiet()
    client.post("/rag-chat", {"message": "How do I refill the boiler?", "collection_id": default_collection(client)})


def default_collection(client: Client) -> str:
    return next(str(one["id"]) for one in client.get("/collections")["items"] if one["name"] == "default")
