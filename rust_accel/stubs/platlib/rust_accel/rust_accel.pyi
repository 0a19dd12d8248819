"""The compiled module, all of which the package offers."""

from rust_accel import Embedder as Embedder
from rust_accel import VectorIndex as VectorIndex

__all__ = ["Embedder", "VectorIndex"]
