"""Feature hashing of words: no weights, no network, the same vectors everywhere. Finds shared words, not meaning."""

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from backend.embeddings.base import EmbeddingKind, EmbeddingSpec, Vectors

_WORD = re.compile(r"\w+")


class HashingEmbedder:
    """The signed hashing trick (Weinberger et al. 2009) over casefolded words, 1 + log term frequency."""

    def __init__(self, dimension: int = 256) -> None:
        if dimension < 2:
            raise ValueError(f"dimension is {dimension}; hashing needs at least 2")
        self._spec = EmbeddingSpec(model="hashing", revision="1", dimension=dimension, pooling="none")

    @property
    def spec(self) -> EmbeddingSpec:
        return self._spec

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:  # noqa: ARG002 - symmetric
        vectors = np.zeros((len(texts), self._spec.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word, count in Counter(_WORD.findall(text.casefold())).items():
                place, sign = self._feature(word)
                row[place] += sign * (1 + np.log(count))
            norm = float(np.linalg.norm(row))
            if norm == 0:
                # No word, or words that cancel out: one fixed direction, since a zero vector has no cosine.
                row[0] = norm = 1.0
            row /= norm
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> int:
        return sum(len(_WORD.findall(text)) for text in texts)

    def _feature(self, word: str) -> tuple[int, int]:
        number = int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        return (number >> 1) % self._spec.dimension, 1 if number & 1 else -1
