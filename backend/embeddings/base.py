"""Text to unit vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from backend.errors import ModelUnavailable

Vectors = NDArray[np.float32]
EmbeddingKind = Literal["document", "query"]


@dataclass(frozen=True, slots=True)
class EmbeddingSpec:
    """What must be equal for two vectors to be comparable."""

    model: str
    revision: str
    dimension: int
    metric: Literal["cosine"] = "cosine"
    pooling: Literal["mean", "cls", "none"] = "mean"
    query_prefix: str = ""
    document_prefix: str = ""

    @property
    def key(self) -> str:
        """A short stable name of the spec, the key of stored embeddings."""
        fields = (
            self.model,
            self.revision,
            str(self.dimension),
            self.metric,
            self.pooling,
            self.query_prefix,
            self.document_prefix,
        )
        return sha256("\x1f".join(fields).encode()).hexdigest()[:16]


class Embedders(Protocol):
    """The embedder that made a collection's vectors. Raises `ModelUnavailable`."""

    async def of(self, workspace_id: UUID, spec: EmbeddingSpec) -> "Embedder": ...


class OneModel:
    """Has one embedder and no other."""

    def __init__(self, embedder: "Embedder") -> None:
        self._embedder = embedder

    async def of(self, workspace_id: UUID, spec: EmbeddingSpec) -> "Embedder":  # noqa: ARG002 - any workspace's
        if spec != self._embedder.spec:
            raise ModelUnavailable(f"no embedding model {spec.model!r} here, only {self._embedder.spec.model!r}")
        return self._embedder


class Embedder(Protocol):
    """`embed` returns float32[len(texts), spec.dimension], unit length, in input order; no text gives [0, d].

    `count_tokens` is how many tokens `embed` reads of the texts, after it has cut them.
    """

    @property
    def spec(self) -> EmbeddingSpec: ...

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors: ...

    async def count_tokens(self, texts: Sequence[str]) -> int: ...
