"""All pairs of vectors that are near each other, exactly."""

import numpy as np
from numpy.typing import NDArray

from backend.embeddings.base import Vectors
from rust_accel import VectorIndex


class AllPairs:
    """Holds 4 bytes a number. Of 384 numbers, 10,000 rows take 0.24 s of CPU and 15 MB; 100,000: 31 s, 150 MB."""

    def __init__(self, dimension: int) -> None:
        self._index = VectorIndex(dimension)

    def add(self, vectors: Vectors) -> None:
        """Rows of unit length; they are numbered on."""
        count = len(self._index)
        self._index.add(np.arange(count, count + len(vectors), dtype=np.uint64), vectors)

    def above(self, cosine: float, *, limit: int) -> NDArray[np.int64] | None:
        """int64[m, 2]: the lower row first, in order. None when there are more than `limit`."""
        try:
            pairs, _ = self._index.pairs(cosine, limit=limit)
        except ValueError:
            return None
        return pairs.astype(np.int64)
