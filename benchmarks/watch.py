"""Watches an API from a process of its own, so that the load does not slow down the watching.

`watching(url, pid)` runs `python -m benchmarks.watch URL PID`, which asks /health every 100 ms, each time on a
connection of its own, and reads the resident memory of the process, children left out, every 50 ms.
"""

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from urllib.parse import urlsplit

import psutil

from benchmarks.figures import Figure, Target
from benchmarks.product import MIB, ROOT

HEALTH_EVERY = 0.1
MEMORY_EVERY = 0.05
PATIENCE = 30.0
HEALTH_LIMIT = 1.0


@dataclass(slots=True)
class Seen:
    """Seconds and bytes. `unanswered` are the requests to /health that failed or took more than 30 s."""

    health: list[float] = field(default_factory=list)
    unanswered: int = 0
    memory_before: int = 0
    memory_peak: int = 0
    memory_after: int = 0

    @property
    def growth_mib(self) -> float:
        return (self.memory_peak - self.memory_before) / MIB

    @property
    def left_mib(self) -> float:
        return (self.memory_after - self.memory_before) / MIB

    def health_figure(self, during: str) -> Figure:
        slowest = PATIENCE if self.unanswered else max(self.health)
        usual = median(self.health) * 1000 if self.health else 0.0
        note = f"slowest of {len(self.health)} requests, median {usual:.0f} ms"
        if self.unanswered:
            note += f"; {self.unanswered} were not answered"
        return Figure(f"/health during {during}", round(slowest, 3), "s", Target("at most", HEALTH_LIMIT), note=note)


@contextmanager
def watching(url: str, pid: int) -> Iterator[Seen]:
    """What is seen while the block runs is in `Seen` after it."""
    seen = Seen()
    command = [sys.executable, "-m", "benchmarks.watch", url, str(pid)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        watcher.stdout.readline()  # it says when it has taken its first samples
        try:
            yield seen
        finally:
            output, _ = watcher.communicate("")
    for name, value in json.loads(output).items():
        setattr(seen, name, value)


def _ask(host: str, port: int, seen: Seen) -> None:
    began = time.perf_counter()
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health")
        is_ok = connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        is_ok = False
    finally:
        connection.close()
    if is_ok:
        seen.health.append(time.perf_counter() - began)
    else:
        seen.unanswered += 1


def _every(seconds: float, done: threading.Event, sample: threading.Event | None = None) -> Iterator[None]:
    """At a fixed rate; what was missed is not made up for."""
    next_at = time.perf_counter()
    while not done.is_set():
        yield
        if sample is not None:
            sample.set()
        next_at = max(next_at + seconds, time.perf_counter())
        done.wait(next_at - time.perf_counter())


def main() -> None:
    address, pid = urlsplit(sys.argv[1]), int(sys.argv[2])
    host, port = address.hostname or "127.0.0.1", address.port or 80
    seen, done, asked = Seen(), threading.Event(), threading.Event()
    process = psutil.Process(pid)
    seen.memory_before = seen.memory_peak = seen.memory_after = process.memory_info().rss

    def memory() -> None:
        for _ in _every(MEMORY_EVERY, done):
            try:
                seen.memory_after = process.memory_info().rss
            except psutil.NoSuchProcess:
                return
            seen.memory_peak = max(seen.memory_peak, seen.memory_after)

    def health() -> None:
        for _ in _every(HEALTH_EVERY, done, asked):
            _ask(host, port, seen)

    threads = [threading.Thread(target=one) for one in (memory, health)]
    for thread in threads:
        thread.start()
    asked.wait()
    sys.stdout.write("watching\n")
    sys.stdout.flush()
    sys.stdin.read()
    done.set()
    for thread in threads:
        thread.join()
    fields = ("health", "unanswered", "memory_before", "memory_peak", "memory_after")
    json.dump({name: getattr(seen, name) for name in fields}, sys.stdout)


if __name__ == "__main__":
    main()
