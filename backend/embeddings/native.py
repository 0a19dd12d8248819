"""Sentence encoders in Rust, from a folder of weights. MiniLM comes inside a package, so it works offline."""

import asyncio
import hashlib
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from backend.embeddings.base import EmbeddingKind, EmbeddingSpec, Vectors
from backend.embeddings.batching import Batcher, is_short
from backend.embeddings.catalogue import MINILM, NativeModel
from backend.errors import InvalidRequest, ModelUnavailable
from rust_accel import Embedder as Encoder

SPEC = MINILM.spec
BATCH = 64
"""Texts of one call into Rust: about half a second of the longest ones, after which a cancellation is seen."""


def packaged_model(model: NativeModel = MINILM) -> Path:
    """The model's folder. The package itself is not imported: its functions need torch. Raises `ModelUnavailable`."""
    found = find_spec(model.package or "")
    if found is None or not found.submodule_search_locations:
        raise ModelUnavailable(
            f"the package {model.package!r} with the embedding model is missing; run `make` to sync packages"
        )
    return Path(found.submodule_search_locations[0]) / "model"


def verify(folder: Path, model: NativeModel = MINILM) -> None:
    """Raises `ModelUnavailable` naming the file that is missing or is not the one this release was tested with."""
    again = model.remedy or ("reinstall it" if model.package else "fetch it again under Settings")
    for name, expected in model.files.items():
        try:
            with (folder / name).open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as exc:
            raise ModelUnavailable(f"the embedding model's {name!r} cannot be read: {exc.strerror}; {again}") from exc
        if actual != expected:
            raise ModelUnavailable(f"the embedding model's {name!r} has sha256 {actual!r}, not {expected!r}; {again}")


class NativeEmbedder:
    """Loads at the first use, or at `load`. Computes in worker threads; usable from any number of event loops."""

    def __init__(self, folder: Path | None = None, *, model: NativeModel = MINILM, threads: int | None = None) -> None:
        self._model = model
        self._folder = folder
        self._threads = threads
        self._lock = threading.Lock()
        self._encoder: Encoder | None = None
        self._batcher = Batcher(lambda texts: self._embed(texts, 0))

    @property
    def spec(self) -> EmbeddingSpec:
        return self._model.spec

    def load(self) -> Encoder:
        """Verifies and loads the model once; blocks. Raises `ModelUnavailable`."""
        with self._lock:
            if self._encoder is None:
                folder = self._folder or packaged_model(self._model)
                verify(folder, self._model)
                try:
                    self._encoder = Encoder(folder, threads=self._threads)
                except (OSError, ValueError) as exc:
                    raise ModelUnavailable(f"the embedding model cannot be loaded: {exc}") from exc
            return self._encoder

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """A few short texts share a call of the encoder with others that come at the same time. Of longer work each
        batch is a call beside them, so a question waits for one batch at most.

        Raises `InvalidRequest` for text that is not Unicode (a lone surrogate), and as `load`.
        """
        prefix = self.spec.query_prefix if kind == "query" else self.spec.document_prefix
        if prefix:
            texts = [prefix + text for text in texts]
        if is_short(texts):
            return await self._batcher.embed(texts)
        parts: list[Vectors] = [np.zeros((0, self.spec.dimension), dtype=np.float32)]
        for start in range(0, len(texts), BATCH):
            parts.append(await asyncio.to_thread(self._embed, texts[start : start + BATCH], start))
        return np.concatenate(parts)

    async def count_tokens(self, texts: Sequence[str]) -> int:
        """Raises as `embed`."""
        if is_short(texts):
            return self._count(texts)  # tens of microseconds, less than the way to a thread
        return await asyncio.to_thread(self._count, texts)

    def _count(self, texts: Sequence[str]) -> int:
        encoder = self.load()
        try:
            return int(np.minimum(encoder.count_tokens(texts), encoder.max_tokens).sum())
        except ValueError as exc:
            raise InvalidRequest(f"the texts cannot be embedded: {exc}") from exc

    def _embed(self, texts: Sequence[str], start: int) -> Vectors:
        encoder = self.load()
        try:
            return encoder.embed(texts)
        except ValueError as exc:
            raise InvalidRequest(f"texts from number {start} on cannot be embedded: {exc}") from exc
