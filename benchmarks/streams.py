"""Streams of Server-Sent Events, read in a process of its own: `python -m benchmarks.streams`, a `Plan` as JSON on
standard input.

Each stream has its own connection and is read line by line. The time of an event is when its data line has arrived.
"""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from benchmarks.product import ROOT

ENDS: Final = (b'"event":"done"', b"[DONE]")


@dataclass(frozen=True, slots=True)
class Plan:
    """`count` POST requests, `rate` of them a second (0: all at once), each left after `seconds` (0: at its end)."""

    port: int
    path: str
    body: str
    token: str = ""
    count: int = 1
    rate: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True)
class Stream:
    """Seconds from its start. `status` is 0 for a connection that broke; `is_whole`: it came to its end."""

    status: int = 0
    first: float = 0.0
    whole: float = 0.0
    events: int = 0
    is_whole: bool = False
    gaps: list[float] = field(default_factory=list)


def read(plan: Plan) -> list[Stream]:
    """Raises RuntimeError when the reader failed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.streams"],
        cwd=ROOT,
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the reader of streams ended with status {done.returncode}: {done.stderr[-1000:]}")
    return [Stream(**one) for one in json.loads(done.stdout)]


async def _one(plan: Plan, after: float) -> Stream:
    await asyncio.sleep(after)
    found, start = Stream(), time.perf_counter()
    try:
        async with asyncio.timeout(plan.seconds or None):
            await _follow(plan, found, start)
    except TimeoutError:
        pass
    except (OSError, asyncio.IncompleteReadError):
        found.status = 0
    found.whole = time.perf_counter() - start
    return found


async def _follow(plan: Plan, found: Stream, start: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", plan.port, limit=1 << 20)
    try:
        writer.write(_request(plan))
        await writer.drain()
        found.status = int((await reader.readline()).split()[1])
        before = 0.0
        while line := await reader.readline():
            if not line.startswith(b"data:"):
                continue
            now = time.perf_counter() - start
            if found.events:
                found.gaps.append(now - before)
            else:
                found.first = now
            found.events, before = found.events + 1, now
            if any(end in line for end in ENDS):
                found.is_whole = True
                return
    finally:
        writer.close()


def _request(plan: Plan) -> bytes:
    authorization = f"Authorization: Bearer {plan.token}\r\n" if plan.token else ""
    body = plan.body.encode()
    head = (
        f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Accept: text/event-stream\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


async def _all(plan: Plan) -> list[dict[str, Any]]:
    starts = [number / plan.rate if plan.rate else 0.0 for number in range(plan.count)]
    streams = await asyncio.gather(*(_one(plan, after) for after in starts))
    return [asdict(stream) for stream in streams]


if __name__ == "__main__":
    json.dump(asyncio.run(_all(Plan(**json.load(sys.stdin)))), sys.stdout)
