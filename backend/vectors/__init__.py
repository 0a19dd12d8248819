"""The table of vector stores: a row here is the one registration."""

from collections.abc import Callable

from backend.registry import Registry, Row
from backend.vectors.base import PointLog, VectorStore

__all__ = ["VECTOR_STORES", "VectorStoreFactory"]

VectorStoreFactory = Callable[[PointLog], VectorStore]


def _native() -> VectorStoreFactory:
    from backend.vectors.native import NativeStore

    return NativeStore


VECTOR_STORES: Registry[VectorStoreFactory] = Registry("vector store", {"native": Row(_native)})
