"""Vectors to search: real embeddings of this machine's texts, and a million made ones.

The made ones are unit vectors around a thousand centres of unequal size, with variances that fall as a power of the
axis, rotated at random: near neighbours and a spectrum as embeddings have them. Everything is seeded and kept on disk.
"""

import hashlib
import itertools
import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from backend.embeddings.native import SPEC, packaged_model
from benchmarks.figures import Unavailable
from benchmarks.rust import cache, questions, texts
from rust_accel import Embedder

Vectors = NDArray[np.float32]
WORDS = 45
QUERIES = 64
ROWS = {"real": 110_000, "synthetic": 1_000_000}
QUICK_ROWS = {"real": 4_000, "synthetic": 50_000}
_CENTRES = 1_000
_AT_ONCE = 50_000


def load(data: str, *, quick: bool) -> tuple[Vectors, Vectors]:
    """(rows, queries) of `data`, float32[n, 384] and float32[64, 384]; made the first time, which takes minutes."""
    rows = (QUICK_ROWS if quick else ROWS)[data]
    if data == "synthetic":
        name = f"clusters-{rows}-{SPEC.dimension}"
        both = cache.kept(name, lambda: np.concatenate(list(_clustered(rows + QUERIES))))
    else:
        name = f"{SPEC.revision}-texts-{rows}-{_digest()}"
        both = cache.kept(name, lambda: _embedded(rows))
    return both[:rows], np.ascontiguousarray(both[rows:])


def _digest() -> str:
    """Of the files that the texts come from, by path and size."""
    listed = "\0".join(f"{path} {path.stat().st_size}" for path in texts.files() if path.exists())
    return hashlib.sha256(listed.encode()).hexdigest()[:16]


def _embedded(rows: int) -> Vectors:
    """Texts of about sixty tokens, then the questions."""
    embedder = Embedder(packaged_model(), threads=os.cpu_count())
    found = list(itertools.islice(texts.of_words(WORDS), rows))
    if len(found) < rows:
        raise Unavailable(f"this machine has {len(found)} texts, {rows} are needed; install Debian's *-doc packages")
    found += [question for question, _ in questions.pairs()[:QUERIES]]
    return np.concatenate([embedder.embed(found[at : at + 1024]) for at in range(0, len(found), 1024)])


def _clustered(rows: int) -> Iterator[Vectors]:
    rng = np.random.default_rng(7)
    width = SPEC.dimension
    spread = (np.arange(width) + 1.0) ** -0.4
    spread = (spread / np.linalg.norm(spread)).astype(np.float32)
    turn = np.linalg.qr(rng.standard_normal((width, width)))[0].astype(np.float32)
    centres = rng.standard_normal((_CENTRES, width), dtype=np.float32) * spread
    sizes = (np.arange(_CENTRES) + 5.0) ** -0.5
    loose = rng.uniform(0.5, 1.0, _CENTRES).astype(np.float32)
    for start in range(0, rows, _AT_ONCE):
        chosen = rng.choice(_CENTRES, min(_AT_ONCE, rows - start), p=sizes / sizes.sum())
        noise = rng.standard_normal((len(chosen), width), dtype=np.float32) * spread * loose[chosen, None]
        drawn = (centres[chosen] + noise) @ turn
        yield (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
