"""What every vector store checks before its engine sees a value."""

import re
from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from backend.embeddings.base import Vectors
from backend.errors import InvalidVector, SpecMismatch, Unsupported
from backend.vectors.base import CollectionSpec, FilterField, Point, Where

FIELDS: tuple[FilterField, ...] = get_args(FilterField)
_NAME = re.compile(r"[a-z][a-z0-9_]{1,38}[a-z0-9]")


def check_name(name: str) -> None:
    """Raises `Unsupported` for a name that some store could not hold."""
    if not _NAME.fullmatch(name):
        raise Unsupported(
            f"the collection name {name!r} cannot be used; take 3 to 40 of a-z, 0-9 and _, a letter first, no _ last"
        )


def check_spec(existing: CollectionSpec, wanted: CollectionSpec) -> None:
    """Raises `SpecMismatch` when the vectors of the two cannot be compared."""
    if existing.embedding != wanted.embedding:
        raise SpecMismatch(
            f"the collection {existing.name!r} holds {existing.embedding!r}, not {wanted.embedding!r}; "
            "make another collection for it"
        )


def check_where(where: Where | None) -> None:
    """Raises `Unsupported` for a field that stores do not filter by."""
    for field in where or {}:
        if field not in FIELDS:
            raise Unsupported(f"stores do not filter by {field!r}; known: {list(FIELDS)}")


def check_delete(where: Where | None, *, has_ids: bool) -> None:
    """Raises `Unsupported` when nothing says what to delete: emptying a collection must not happen by omission."""
    check_where(where)
    if not has_ids and not where:
        raise Unsupported("delete needs ids or a where with at least one field; use drop to remove everything")


def unit_vectors(vectors: NDArray[np.generic], *, dimension: int) -> Vectors:
    """float32[n, dimension], contiguous, each of length 1. Raises `InvalidVector` naming the row that cannot be."""
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        raise InvalidVector(f"vectors of shape {vectors.shape} do not fit the dimension {dimension}")
    wide = vectors.astype(np.float64)
    if not np.isfinite(wide).all():
        row = int(np.flatnonzero(~np.isfinite(wide).all(axis=1))[0])
        raise InvalidVector(f"vector {row} has a value that is NaN or infinite; all must be finite numbers")
    norms = np.linalg.norm(wide, axis=1, keepdims=True)
    if not norms.all():
        row = int(np.flatnonzero(norms[:, 0] == 0)[0])
        raise InvalidVector(f"vector {row} is zero; it has no direction to compare")
    return np.ascontiguousarray(wide / norms, dtype=np.float32)


def unit_points(points: Sequence[Point], *, dimension: int) -> Vectors:
    """The points' vectors, float32[n, dimension], unit length. Raises `InvalidVector` naming the point."""
    if not points:
        return np.zeros((0, dimension), dtype=np.float32)
    for point in points:
        if point.vector.shape != (dimension,):
            raise InvalidVector(f"point {point.id} has shape {point.vector.shape}, not ({dimension},)")
    try:
        return unit_vectors(np.stack([point.vector for point in points]), dimension=dimension)
    except InvalidVector as exc:
        raise InvalidVector(f"in the batch that starts with point {points[0].id}: {exc}") from exc
