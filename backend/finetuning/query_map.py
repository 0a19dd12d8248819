"""Tuned retrieval's model: a linear map over query vectors. Documents' vectors stay as they are."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import safetensors
import safetensors.numpy

from backend.embeddings.base import Vectors
from backend.errors import UnusableModel

WEIGHT: Final = "query_map.weight"
FORMAT: Final = "ai-nexus-query-map"


@dataclass(frozen=True, slots=True)
class QueryMap:
    """`query -> unit(query + weight @ query)`. `weight` is float32[d, d]; of zeros, a query stays what it is.

    `spec_key` names the embedding model that it belongs to: with the vectors of another one it means nothing.
    """

    weight: Vectors
    spec_key: str

    def __call__(self, queries: Vectors) -> Vectors:
        """float32[n, d], unit length, from float32[n, d]."""
        moved = queries + queries @ self.weight.T
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(np.divide(moved, lengths, out=queries.copy(), where=lengths > 0), dtype=np.float32)

    def fits(self, spec_key: str) -> bool:
        """Whether it was trained on the vectors of this embedding model."""
        return self.spec_key == spec_key

    def save(self, path: Path) -> None:
        """As safetensors."""
        kept = {"format": FORMAT, "spec_key": self.spec_key}
        safetensors.numpy.save_file({WEIGHT: np.ascontiguousarray(self.weight)}, path, metadata=kept)

    @classmethod
    def load(cls, path: Path) -> "QueryMap":
        """Raises `UnusableModel` for anything but a map of finite numbers in safetensors. Nothing in it is run."""
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                kept = file.metadata() or {}
                weight = file.get_tensor(WEIGHT) if WEIGHT in file.keys() else None  # noqa: SIM118 - not a mapping
        except (OSError, safetensors.SafetensorError) as exc:
            raise UnusableModel(f"{path.name!r} is no safetensors file: {exc}; train the model anew") from exc
        if weight is None or kept.get("format") != FORMAT or not _is_square(weight):
            raise UnusableModel(f"{path.name!r} holds no map of query vectors; train the model anew")
        return cls(weight, kept.get("spec_key", ""))


def _is_square(weight: Vectors) -> bool:
    is_map = weight.dtype == np.float32 and weight.ndim == 2 and weight.shape[0] == weight.shape[1]
    return is_map and bool(np.isfinite(weight).all())
