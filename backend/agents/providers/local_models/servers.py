"""Children that serve local models: one a model, started at first use, ended when idle, with the process or by us.

Threads, not tasks: a child is killed when the thread that made it ends, and event loops come and go.
"""

import json
import logging
import os
import resource
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from backend.agents.providers.local_models import child
from backend.agents.providers.local_models.model_files import engine_of
from backend.errors import ProviderRejected, ProviderUnavailable

COMMAND: tuple[str, ...] = (sys.executable, "-P", child.__file__)
START_SECONDS = 120.0
HEALTH_SECONDS = 10.0
END_SECONDS = 10.0
_FIRST_BACKOFF, _LONGEST_BACKOFF = 1.0, 30.0
_TAIL = 20

log = logging.getLogger("nexus.models")


@dataclass(frozen=True, slots=True)
class Served:
    """Where a model answers, and the key that only we know."""

    url: str
    key: SecretStr


@dataclass(slots=True)
class _Child:
    """One process. `ready` is set when it answers or has ended, `over` when its end is counted."""

    process: subprocess.Popen[str]
    key: SecretStr
    ready: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    said: deque[str] = field(default_factory=lambda: deque(maxlen=_TAIL))
    is_wanted: bool = True
    """False once we end it: then its end is no crash."""


class ModelServer:
    """One model's child. Methods block; call them in a thread."""

    def __init__(self, path: Path, name: str, *, command: Sequence[str] = COMMAND, idle: float = 600.0) -> None:
        self._path = path
        self._name = name
        self._command = tuple(command)
        self._idle = idle
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._users = 0
        self._is_retired = False
        self._last_used = time.monotonic()
        self._crashes = 0
        self._retry_at = 0.0
        self._why = ""

    @property
    def pid(self) -> int | None:
        """Of the child that runs."""
        found = self._child
        return found.process.pid if found is not None and found.process.poll() is None else None

    def acquire(self) -> Served:
        """Starts the child when none runs, and keeps it from ending while it is used; `release` as often.

        Raises `ProviderRejected` for a model that its engine cannot load, `ProviderUnavailable` after a crash.
        """
        last = self._child
        if last is not None and last.process.poll() is not None:
            last.over.wait(END_SECONDS)  # How it ended decides whether another is started.
        with self._lock:
            if self.pid is None:
                self._check_backoff()
                self._child = self._start()
            found = self._child
            assert found is not None
            self._users += 1
            self._is_retired = False
        try:
            if not found.ready.wait(START_SECONDS):
                raise ProviderUnavailable(f"the local model {self._name!r} was not loaded in {START_SECONDS:g} s")
            if not found.url:
                raise ProviderRejected(f"{engine_of(self._path)} cannot load {str(self._path)!r}: {_reason(found)}")
        except BaseException:
            self.release()
            raise
        return Served(found.url, found.key)

    def release(self) -> None:
        with self._lock:
            self._users -= 1
            self._last_used = time.monotonic()

    def answered(self) -> None:
        """A whole answer came: earlier crashes are forgiven."""
        self._crashes, self._retry_at = 0, 0.0

    def retire(self) -> None:
        """Ends the child and waits for it where nobody uses it; else it ends within seconds of its last use."""
        with self._lock:
            self._is_retired = True
            is_used = self._users > 0
        if not is_used:
            self.stop()

    def stop(self) -> None:
        """Ends the child and waits for it."""
        found = self._child
        if found is None:
            return
        _end(found)

    def _check_backoff(self) -> None:
        left = self._retry_at - time.monotonic()
        if left > 0:
            raise ProviderUnavailable(
                f"the local model {self._name!r} ended {self._crashes} times in a row ({self._why}); "
                f"it is started again in {max(left, 1):.0f} s"
            )

    def _start(self) -> _Child:
        """The thread that makes the child also watches it to its end."""
        made: list[_Child | Exception] = []
        has_started = threading.Event()

        def run() -> None:
            try:
                found = self._spawn()
            except OSError as exc:
                made.append(exc)
                has_started.set()
                return
            made.append(found)
            has_started.set()
            self._watch(found)

        threading.Thread(target=run, name=f"model-{self._name}", daemon=True).start()
        has_started.wait()
        [result] = made
        if isinstance(result, Exception):
            raise ProviderUnavailable(f"the local model's server cannot be started: {result}") from result
        return result

    def _spawn(self) -> _Child:
        key = SecretStr(secrets.token_hex(16))
        process = subprocess.Popen(
            [*self._command, str(self._path), self._name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, child.KEY_VARIABLE: key.get_secret_value()},
            start_new_session=True,
        )
        return _Child(process, key)

    def _watch(self, found: _Child) -> None:
        reader = threading.Thread(target=_keep_tail, args=(found,), daemon=True)
        reader.start()
        assert found.process.stdout is not None
        line = found.process.stdout.readline()
        if line:
            found.url = json.loads(line)["url"]
            log.info("the local model %r is loaded and uses %d MB", self._name, _memory(found.process.pid) // 1_000_000)
            found.ready.set()
            while found.process.poll() is None:
                self._wait_or_unload(found)
        found.process.wait()
        reader.join()
        found.process.stdout.close()
        self._count_end(found)
        found.over.set()
        found.ready.set()

    def _wait_or_unload(self, found: _Child) -> None:
        unused = time.monotonic() - self._last_used
        try:
            found.process.wait(HEALTH_SECONDS if self._users else min(max(self._idle - unused, 0.01), HEALTH_SECONDS))
            return
        except subprocess.TimeoutExpired:
            pass
        with self._lock:
            unused = time.monotonic() - self._last_used
            is_idle = not self._users and (self._is_retired or unused >= self._idle)
            if is_idle:
                found.is_wanted = False
        if is_idle:
            log.info("the local model %r was not used for %g s and is unloaded", self._name, unused)
            _end(found)
        elif not _is_healthy(found.url):
            found.said.append("it did not answer its health check")
            found.process.kill()

    def _count_end(self, found: _Child) -> None:
        if not found.is_wanted:
            return
        with self._lock:
            self._crashes, self._why = self._crashes + 1, _reason(found)
            # The first time it is started again at once.
            pause = min(_FIRST_BACKOFF * 2 ** (self._crashes - 2), _LONGEST_BACKOFF) if self._crashes > 1 else 0.0
            self._retry_at = time.monotonic() + pause
        log.warning("the local model %r ended with status %s: %s", self._name, found.process.returncode, _reason(found))


class ModelServers:
    """The servers of one process, by the path of the model."""

    def __init__(self, *, command: Sequence[str] = COMMAND) -> None:
        self._command = command
        self._servers: dict[Path, ModelServer] = {}
        self._lock = threading.Lock()

    def of(self, path: Path, name: str, *, idle: float) -> ModelServer:
        with self._lock:
            if path not in self._servers:
                self._servers[path] = ModelServer(path, name, command=self._command, idle=idle)
            return self._servers[path]

    def stop(self) -> None:
        """Ends every child."""
        for server in list(self._servers.values()):
            server.stop()


def _end(found: _Child) -> None:
    found.is_wanted = False
    found.process.terminate()
    try:
        found.process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        found.process.kill()
        found.process.wait()


def _keep_tail(found: _Child) -> None:
    assert found.process.stderr is not None
    with found.process.stderr as lines:
        found.said.extend(line.strip() for line in lines if line.strip())


def _reason(found: _Child) -> str:
    """The last line that llama.cpp calls an error, or the last of all."""
    errors = [line for line in found.said if " E " in line and "exiting" not in line]
    lines = errors or list(found.said)
    return (lines[-1] if lines else "it said nothing")[-200:]


def _is_healthy(url: str) -> bool:
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=HEALTH_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status < 500
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _memory(pid: int) -> int:
    """Resident bytes; 0 where that is not known."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0
    return pages * resource.getpagesize()
