"""The table of embedders: a row here is the one registration."""

from collections.abc import Callable

from backend.embeddings.base import Embedder
from backend.registry import Registry, Row

__all__ = ["EMBEDDERS", "EmbedderFactory"]

EmbedderFactory = Callable[[], Embedder]


def _native() -> EmbedderFactory:
    from backend.embeddings.native import NativeEmbedder

    return NativeEmbedder


def _hashing() -> EmbedderFactory:
    from backend.embeddings.hashing import HashingEmbedder

    return HashingEmbedder


EMBEDDERS: Registry[EmbedderFactory] = Registry("embedder", {"native": Row(_native), "hashing": Row(_hashing)})
