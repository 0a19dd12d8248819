"""A data directory with ports of its own, and the real programs that run on it."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from benchmarks.product import family, free_port

ROOT = Path(__file__).parents[2]
NEXUS = (sys.executable, "-m", "backend.cli")
START_SECONDS = 60.0
REFUSED = 78
_POLL = 0.02

T = TypeVar("T")


def until(condition: Callable[[], T], *, seconds: float, what: str) -> T:
    """The first true answer of `condition`; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(_POLL)
    return answer


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def kill_all(process: subprocess.Popen[bytes]) -> None:
    """Ends a program and everything below it at one stroke, with kill -9."""
    members = family(process.pid)
    for member in members:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()
    psutil.wait_procs(members[1:], timeout=START_SECONDS)


@dataclass
class Site:
    """Programs write to one log. `close` kills whatever is left."""

    data_dir: Path
    log: Path
    variables: dict[str, str] = field(default_factory=dict)
    api_port: int = field(default_factory=free_port)
    ui_port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def ui_url(self) -> str:
        return f"http://127.0.0.1:{self.ui_port}"

    @property
    def database(self) -> Path:
        return self.data_dir / "nexus.db"

    @property
    def incoming(self) -> Path:
        return self.data_dir / "files" / "incoming"

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NEXUS_")}
        return inherited | {
            "NEXUS_DATA_DIR": str(self.data_dir),
            "NEXUS_API_PORT": str(self.api_port),
            "NEXUS_UI_PORT": str(self.ui_port),
            "NEXUS_LOG_FORMAT": "json",
            **self.variables,
        }

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [*NEXUS, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        return subprocess.run(
            [*NEXUS, *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def start_api(self) -> subprocess.Popen[bytes]:
        """`nexus api`, once it answers."""
        process = self.spawn("api")
        self.wait_until_up(process)
        return process

    def wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        def is_up() -> bool:
            assert process.poll() is None, f"ended with status {process.returncode}: {self.said()[-3000:]}"
            return self.answers("/health")

        until(is_up, seconds=START_SECONDS, what="the API answers")

    def answers(self, path: str) -> bool:
        try:
            return httpx.get(self.url + path, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Signed in with the local token."""
        token = (self.data_dir / "secrets" / "local_token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=60) as client:
            yield client

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Read beside whatever runs; the file is never made."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def stored_files(self) -> list[str]:
        """Names of the documents' files, sorted."""
        folders = [folder for folder in (self.data_dir / "files").iterdir() if folder.name != "incoming"]
        return sorted(file.name for folder in folders for file in folder.iterdir())

    def jobs_ended(self, client: httpx.Client, *, seconds: float) -> list[dict[str, Any]]:
        """Every job, newest first, once none is pending or running."""

        def ended() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = client.get("/jobs", params={"limit": 200}).json()["items"]
            return [] if any(job["status"] in ("pending", "running") for job in items) else items

        return until(ended, seconds=seconds, what="every job has ended")

    @contextmanager
    def taken_port(self) -> Iterator[int]:
        """A port that another program listens on."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            yield other.getsockname()[1]

    def close(self) -> None:
        for process in self.processes:
            kill_all(process)


def stop(process: subprocess.Popen[bytes], *, seconds: float = START_SECONDS) -> int:
    """The status a program ends with after SIGTERM."""
    process.send_signal(signal.SIGTERM)
    return process.wait(seconds)


def upload(client: httpx.Client, *files: tuple[str, bytes]) -> httpx.Response:
    form = [("files", (name, content, "application/octet-stream")) for name, content in files]
    return client.post("/faq/upload", files=form)
