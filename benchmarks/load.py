"""A load generator in a process of its own: `python -m benchmarks.load`, a `Load` as JSON on standard input.

Keep-alive connections send the next request as soon as the answer has arrived. The answer is read by its
Content-Length alone, so that the generator costs a small part of what the server does.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from benchmarks.product import ROOT

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Load:
    """`seconds` of POST requests, over that many connections. Each begins with another one of the JSON `bodies`, and
    takes them in turn."""

    port: int
    path: str
    bodies: Sequence[str]
    token: str = ""
    connections: int = 16
    seconds: float = 3.0

    def requests(self) -> list[bytes]:
        return [self._request(body.encode()) for body in self.bodies]

    def _request(self, body: bytes) -> bytes:
        authorization = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Accept: */*\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass(frozen=True, slots=True)
class Sent:
    """`seconds` from the first request to the last answer; answers by status."""

    seconds: float
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        return sum(self.statuses.values()) / self.seconds


def send(load: Load) -> Sent:
    """Raises RuntimeError when the generator failed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=ROOT,
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        timeout=load.seconds + 60,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the load generator ended with status {done.returncode}: {done.stderr[-1000:]}")
    return Sent(**json.loads(done.stdout))


async def read_answer(reader: asyncio.StreamReader) -> str:
    """The status of one answer, read to its end. Raises ValueError for an answer without a Content-Length."""
    head = await reader.readuntil(b"\r\n\r\n")
    found = _LENGTH.search(head)
    if found is None:
        raise ValueError(f"an answer has no Content-Length: {head[:200]!r}")
    await reader.readexactly(int(found[1]))
    return head[9:12].decode()


async def _connection(load: Load, number: int, statuses: Counter[str], end: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port, limit=1 << 20)
    requests = load.requests()
    at = number
    while time.perf_counter() < end:
        writer.write(requests[at % len(requests)])
        statuses[await read_answer(reader)] += 1
        at += 1
    writer.close()


async def _run(load: Load) -> Sent:
    statuses: Counter[str] = Counter()
    began = time.perf_counter()
    end = began + load.seconds
    await asyncio.gather(*(_connection(load, number, statuses, end) for number in range(load.connections)))
    return Sent(time.perf_counter() - began, dict(statuses))


def main() -> None:
    load = Load(**json.load(sys.stdin))
    json.dump(asdict(asyncio.run(_run(load))), sys.stdout)


if __name__ == "__main__":
    main()
