"""Authenticated POST requests a second against a bare FastAPI with the same models.

Two servers, each one process with one worker and the same uvicorn settings, loaded in turn by 16 keep-alive connections
from a process of its own; ten rounds of two seconds each after one that is not counted, and the median of the rounds.
Routes that do no work of their own, so that what is compared is middleware, guard, authentication, metrics, logging and
error handling:

- `POST /measured`: a `RagChat` in, a `ChatAnswer` with five passages out, the same function in both servers. Ours is
  the whole application with this one route added (`benchmarks.bare --ours`).
- `POST /collections` naming a store that does not exist: a real route that is refused after authentication and
  validation, before any transaction. Ours answers problem+json and logs a line, the peer raises HTTPException.

The processor time a request costs is given too: unlike requests a second it does not depend on what else runs here.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import psutil

from benchmarks.bare import UNKNOWN_STORE
from benchmarks.figures import Figure, Target
from benchmarks.load import Load, send
from benchmarks.product import Product, answers, free_port, fresh, stop, until
from benchmarks.watch import watching

ROUNDS = 10
SECONDS = 2.0
QUESTION = {"message": "How do I refill the boiler?", "collection_id": "6f3b2c1e-94d1-4c3c-9a49-0a8c3f3f8d11"}
UNKNOWN = {"name": "kitchen", "store": UNKNOWN_STORE}


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    pid: int
    token: str = ""

    def processor_seconds(self) -> float:
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system


@dataclass(slots=True)
class Rounds:
    """Requests a second, and microseconds of processor time a request, of each round."""

    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)


def measure() -> list[Figure]:
    with _servers() as (ours, bare, product):
        figures = _compare("a typed answer", ours, bare, "/measured", QUESTION, "200")
        figures += _compare("a refusal", ours, bare, "/collections", UNKNOWN, "422")
        with watching(product.url, ours.pid) as seen:
            _round(ours, "/measured", QUESTION, "200", Rounds())
    return [*figures, seen.health_figure("16 connections of POST requests")]


@contextmanager
def _servers() -> Iterator[tuple[Server, Server, Product]]:
    with fresh() as product:
        ours = product.spawn(sys.executable, "-m", "benchmarks.bare", "--ours")
        port = free_port()
        bare = product.spawn(sys.executable, "-m", "benchmarks.bare", str(port))
        try:
            for process, url in ((ours, product.url), (bare, f"http://127.0.0.1:{port}")):
                _wait(product, process, f"{url}/health")
            token = (product.data_dir / "secrets" / "local_token").read_text(encoding="utf-8").strip()
            yield Server(product.api_port, ours.pid, token), Server(port, bare.pid), product
        finally:
            stop(ours)
            stop(bare)


def _wait(product: Product, process: subprocess.Popen[bytes], url: str) -> None:
    def is_up() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"a server ended with status {process.returncode}: {product.said()[-2000:]}")
        return answers(url)

    until(is_up, seconds=60, what=f"{url} answers")


def _compare(what: str, ours: Server, bare: Server, path: str, body: dict[str, str], status: str) -> list[Figure]:
    found = {ours: Rounds(), bare: Rounds()}
    for server in found:
        _round(server, path, body, status, Rounds())
    for _ in range(ROUNDS):
        for server, rounds in found.items():
            _round(server, path, body, status, rounds)
    rate, peer_rate = median(found[ours].rates), median(found[bare].rates)
    cost, peer_cost = median(found[ours].costs), median(found[bare].costs)
    ratios = sorted(one / other for one, other in zip(found[ours].rates, found[bare].rates, strict=True))
    note = f"ratio of each round {ratios[0]:.2f} to {ratios[-1]:.2f}"
    target = Target("ratio at least", 0.6)
    return [
        Figure(f"authed POST requests/s, {what}", round(rate), "/s", target, peer=round(peer_rate), note=note),
        Figure(f"processor time a request, {what}", round(cost), "us", peer=round(peer_cost)),
    ]


def _round(server: Server, path: str, body: dict[str, str], status: str, rounds: Rounds) -> None:
    before = server.processor_seconds()
    sent = send(Load(port=server.port, path=path, bodies=[json.dumps(body)], token=server.token, seconds=SECONDS))
    spent = server.processor_seconds() - before
    if set(sent.statuses) != {status}:
        raise RuntimeError(f"POST {path} answered {sent.statuses}, expected only {status}")
    rounds.rates.append(sent.rate)
    rounds.costs.append(1_000_000 * spent / sum(sent.statuses.values()))
