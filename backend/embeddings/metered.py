"""Measures any embedder, and keeps it out of transactions."""

from collections.abc import Sequence

from backend.db.guard import forbid_in_transaction
from backend.embeddings.base import Embedder, EmbeddingKind, EmbeddingSpec, Vectors
from backend.tracing.metrics import Metrics
from backend.tracing.track import track


class MeteredEmbedder:
    def __init__(self, inner: Embedder, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics

    @property
    def spec(self) -> EmbeddingSpec:
        return self._inner.spec

    @track("embedder.embed", kind="embedding")
    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        forbid_in_transaction("Embedder.embed")
        model = self.spec.model
        with self._metrics.embedding_seconds.labels(model).time():
            vectors = await self._inner.embed(texts, kind=kind)
        self._metrics.embedded_texts.labels(model).inc(len(texts))
        return vectors

    async def count_tokens(self, texts: Sequence[str]) -> int:
        return await self._inner.count_tokens(texts)
