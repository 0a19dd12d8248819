"""`POST /v1/embeddings` beside all-MiniLM-L6-v2 by ONNX Runtime behind FastAPI.

Ours is the whole API with keys, metrics and logs; the peer (`benchmarks.bare_embeddings`) is a route and the model.
Each of its settings is a server of its own, and of them the best counts in each load. Every server is one process with
one worker, loaded in turn by a process of its own, seven rounds of 1.5 seconds each after one that is not counted: the
median of the rounds. Texts are questions of about a dozen tokens, another one in each request. Servers and load share
this machine's cores. sentence-transformers needs torch, which is not installed here, so it is not measured. The answers
have to be the same: the least cosine of the vectors of both, text by text.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import httpx
import numpy as np
from numpy.typing import NDArray

from backend.embeddings.native import SPEC
from benchmarks.bare_embeddings import SETTINGS
from benchmarks.figures import Figure, Target, Unavailable
from benchmarks.load import Load, send
from benchmarks.product import ROOT, Product, answers, free_port, fresh, stop, until
from benchmarks.samples import asked
from contracts.openai import EmbeddingList

PATH: Final = "/v1/embeddings"
PEERS_PYTHON: Final = ROOT / ".bench" / "bin" / "python"
ROUNDS: Final = 7
SECONDS: Final = 1.5
TEXTS: Final = 640
BATCH: Final = 32
COSINE: Final = 0.999
OURS: Final = "ours"


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    token: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """How texts are asked for: so many in a request, by so many clients."""

    name: str
    texts: int
    clients: int

    def bodies(self, texts: Sequence[str]) -> list[str]:
        parts = [list(texts[at : at + self.texts]) for at in range(0, len(texts), self.texts)]
        return [json.dumps({"model": SPEC.model, "input": part[0] if self.texts == 1 else part}) for part in parts]


WAYS: Final = (
    Way("one text, one client", 1, 1),
    Way(f"{BATCH} texts, one client", BATCH, 1),
    Way("one text, 16 clients", 1, 16),
)


@dataclass(slots=True)
class Rates:
    """Requests a second of each round, by server."""

    of: dict[str, list[float]] = field(default_factory=dict)

    def figure(self, way: Way) -> Figure:
        """Against the peer whose median is the highest."""
        medians = {name: median(rates) for name, rates in self.of.items()}
        best = max((name for name in medians if name != OURS), key=lambda name: medians[name])
        ratios = sorted(one / other for one, other in zip(self.of[OURS], self.of[best], strict=True))
        others = ", ".join(f"{name} {rate:.0f}" for name, rate in medians.items() if name not in (OURS, best))
        note = f"ratio of each round {ratios[0]:.2f} to {ratios[-1]:.2f}; peer {best}" + (
            f"; {others}" if others else ""
        )
        return Figure(
            f"/v1/embeddings requests/s, {way.name}",
            round(medians[OURS], 1),
            "/s",
            Target("ratio at least", 1.0),
            peer=round(medians[best], 1),
            note=note,
        )


def measure(rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Figure]:
    with servers() as found:
        texts = asked(TEXTS)
        figures = [rates(found, way, texts, rounds, seconds).figure(way) for way in WAYS]
        vectors = {server.name: embedded(server, texts[: 4 * BATCH]) for server in found}
    return [*figures, sameness(vectors)]


def rates(found: Sequence[Server], way: Way, texts: Sequence[str], rounds: int, seconds: float) -> Rates:
    """Every round begins with the next server. Raises RuntimeError for an answer that is not 200."""
    seen = Rates({server.name: [] for server in found})
    for number in range(-1, rounds):
        for turn in range(len(found)):
            server = found[(number + turn) % len(found)]
            sent = send(Load(server.port, PATH, way.bodies(texts), server.token, way.clients, seconds))
            if set(sent.statuses) != {"200"}:
                raise RuntimeError(f"{server.name}: POST {PATH} answered {sent.statuses}, expected only 200")
            if number >= 0:
                seen.of[server.name].append(sent.rate)
    return seen


def embedded(server: Server, texts: Sequence[str]) -> NDArray[np.float64]:
    """float64[n, d], half of them asked for one by one, half together. Raises where an answer has another form."""
    half = len(texts) // 2
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    rows: list[list[float]] = []
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", headers=headers, timeout=60) as client:
        for wanted in [*texts[:half], list(texts[half:])]:
            answer = client.post(PATH, json={"model": SPEC.model, "input": wanted}).raise_for_status()
            body = EmbeddingList.model_validate_json(answer.content)
            if [one.index for one in body.data] != list(range(len(body.data))):
                raise RuntimeError(f"{server.name} answers in another order: {[one.index for one in body.data]}")
            rows += [one.embedding for one in body.data if isinstance(one.embedding, list)]
    return np.array(rows, np.float64)


def sameness(vectors: Mapping[str, NDArray[np.float64]]) -> Figure:
    """The least cosine of ours with any peer's. Raises ValueError for another number of vectors."""
    ours = unit(vectors[OURS])
    least = min(
        float(np.einsum("nd,nd->n", ours, unit(theirs)).min()) for name, theirs in vectors.items() if name != OURS
    )
    return Figure(
        "/v1/embeddings, least cosine with the peer's vectors",
        round(least, 6),
        "",
        Target("at least", COSINE),
        note=f"{least:.5f}; {len(ours)} texts",
    )


def unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths: NDArray[np.float64] = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / lengths


@contextmanager
def servers() -> Iterator[list[Server]]:
    """Ours and each setting of the peer. Raises `Unavailable` without ONNX Runtime."""
    if not PEERS_PYTHON.exists():
        raise Unavailable("ONNX Runtime is not installed; `make bench-rust ARGS=--quick` puts it into .bench")
    with fresh() as product, product.running("api"), ExitStack() as stack:
        token = (product.data_dir / "secrets" / "local_token").read_text(encoding="utf-8").strip()
        peers = [stack.enter_context(_peer(product, setting)) for setting in SETTINGS]
        yield [Server(OURS, product.api_port, token), *peers]


@contextmanager
def _peer(product: Product, setting: str) -> Iterator[Server]:
    port = free_port()
    process = product.spawn(str(PEERS_PYTHON), "-m", "benchmarks.bare_embeddings", str(port), setting)

    def is_up() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"the peer ended with status {process.returncode}: {product.said()[-2000:]}")
        return answers(f"http://127.0.0.1:{port}/health")

    try:
        until(is_up, seconds=120, what=f"the peer {setting} answers")
        yield Server(setting, port)
    finally:
        stop(process)
