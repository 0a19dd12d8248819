"""Programs that search vectors exactly, ours and its peers, each at every setting that may be its best one.

Ids are row numbers. FAISS's flat index is tried with its own loops, with matrix products (its threshold and its block
of rows) and as Panorama, which leaves rows out early; hnswlib and usearch by brute force. A peer's filter is made
before the clock starts, ours with each search.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rust_accel import VectorIndex

Vectors = NDArray[np.float32]
Ids = NDArray[np.int64]
Search = Callable[[Vectors], Ids]

K = 10
STORAGES = ("f32", "bf16", "int8")
"""Ours; one that the installed crate refuses is reported as that."""
CODES = 1_000
FLAT, PANORAMA, SQ8, REFINED = "FAISS flat", "FAISS flat Panorama", "FAISS SQ8", "FAISS SQ8 + refine"
NUMPY, HNSWLIB, USEARCH = "NumPy", "hnswlib brute force", "usearch exact"
HNSWLIB_ROWS = 200_000
PANORAMA_LEVELS = 8
ROUNDING = 1e-5
_NEVER = 1 << 30


@dataclass(frozen=True, slots=True)
class Searcher:
    name: str
    setting: str
    search: Search


def ours_name(storage: str) -> str:
    return f"rust_accel {storage}"


def codes(rows: int) -> NDArray[np.uint32]:
    """uint32[rows, 1]: a code of 0..999 a row, at random, so that n codes pass n tenths of a percent."""
    return np.random.default_rng(3).integers(0, CODES, (rows, 1), dtype=np.uint32)


def ours(vectors: Vectors) -> tuple[dict[str, VectorIndex], dict[str, str]]:
    """An index a storage, and why each of the others is missing."""
    made: dict[str, VectorIndex] = {}
    refused: dict[str, str] = {}
    for storage in STORAGES:
        try:
            index = VectorIndex(vectors.shape[1], columns=1, storage=storage)  # type: ignore[arg-type]  # all that may come
        except ValueError as exc:
            refused[ours_name(storage)] = str(exc)
        else:
            index.add(np.arange(len(vectors), dtype=np.uint64), vectors, codes(len(vectors)))
            made[ours_name(storage)] = index
    return made, refused


def our_searchers(indexes: dict[str, VectorIndex], passing: int | None = None) -> list[Searcher]:
    """`passing`: only rows with a code below it, given as codes and as ids."""

    def search(index: VectorIndex, filters: dict[str, Any], queries: Vectors) -> Ids:
        return index.search(queries, K, **filters)[0].astype(np.int64)

    made = []
    for name, index in indexes.items():
        ways: dict[str, dict[str, Any]] = {index.isa: {}}
        if passing is not None:
            allowed = np.flatnonzero(codes(len(index))[:, 0] < passing).astype(np.uint64)
            ways = {"where": {"where": [(0, list(range(passing)))]}, "allowed": {"allowed": allowed}}
        made += [Searcher(name, way, partial(search, index, filters)) for way, filters in ways.items()]
    return made


class Faiss:
    """The indexes of FAISS over the same vectors."""

    def __init__(self, vectors: Vectors, threads: int) -> None:
        import faiss

        self.faiss = faiss
        faiss.omp_set_num_threads(threads)
        width = vectors.shape[1]
        self.flat = faiss.IndexFlatIP(width)
        self.flat.add(vectors)
        self.sq8 = faiss.IndexScalarQuantizer(width, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
        self.sq8.train(vectors[:50_000])
        self.sq8.add(vectors)
        self.refined = faiss.IndexRefine(self.sq8, self.flat)
        self.refined.k_factor = 4
        self.panorama = faiss.IndexFlatIPPanorama(width, PANORAMA_LEVELS)
        self.panorama.add(vectors)
        self.rows = len(vectors)

    def searchers(self) -> list[Searcher]:
        made = []
        for threshold, block in ((20, 1024), (1, 1024), (1, 16_384), (_NEVER, 1024)):
            how = "own loops" if threshold == _NEVER else f"matrix products from {threshold} queries, blocks of {block}"
            made.append(Searcher(FLAT, how, partial(self._flat, threshold, block)))
        levels = f"{PANORAMA_LEVELS} levels"
        made.append(Searcher(PANORAMA, levels, lambda queries: self._ids(self.panorama.search(queries, K))))
        made.append(Searcher(SQ8, "QT_8bit", lambda queries: self._ids(self.sq8.search(queries, K))))
        made.append(Searcher(REFINED, "k_factor 4", lambda queries: self._ids(self.refined.search(queries, K))))
        return made

    def filtered(self, passing: int) -> list[Searcher]:
        """With each kind of selector."""
        mask = codes(self.rows)[:, 0] < passing
        rows = np.flatnonzero(mask).astype(np.int64)
        kinds = {
            "IDSelectorBitmap": self.faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little")),
            "IDSelectorBatch": self.faiss.IDSelectorBatch(rows),
            "IDSelectorArray": self.faiss.IDSelectorArray(rows),
        }
        made = []
        for kind, selector in kinds.items():
            parameters = self.faiss.SearchParameters(sel=selector)
            made.append(Searcher(FLAT, kind, partial(self._selected, parameters)))
        return made

    def _flat(self, threshold: int, block: int, queries: Vectors) -> Ids:
        self.faiss.cvar.distance_compute_blas_threshold = threshold
        self.faiss.cvar.distance_compute_blas_database_bs = block
        return self._ids(self.flat.search(queries, K))

    def _selected(self, parameters: Any, queries: Vectors) -> Ids:
        return self._ids(self.flat.search(queries, K, params=parameters))

    @staticmethod
    def _ids(found: tuple[Vectors, Ids]) -> Ids:
        return found[1]


def others(vectors: Vectors, threads: int) -> list[Searcher]:
    """The brute force of NumPy, usearch and, up to `HNSWLIB_ROWS`, hnswlib."""
    import hnswlib
    from usearch.index import MetricKind
    from usearch.index import search as exact

    def by_usearch(queries: Vectors) -> Ids:
        found = exact(vectors, queries, K, MetricKind.IP, exact=True, threads=threads)
        return np.asarray(found.keys, np.int64).reshape(len(queries), -1)

    made = [Searcher(NUMPY, "@, argpartition", partial(by_numpy, vectors)), Searcher(USEARCH, "", by_usearch)]
    if len(vectors) <= HNSWLIB_ROWS:
        brute = hnswlib.BFIndex(space="ip", dim=vectors.shape[1])
        brute.init_index(max_elements=len(vectors))
        brute.add_items(vectors, np.arange(len(vectors)))

        def by_hnswlib(queries: Vectors) -> Ids:
            return np.asarray(brute.knn_query(queries, k=K, num_threads=threads)[0], np.int64)

        made.append(Searcher(HNSWLIB, "", by_hnswlib))
    return made


def numpy_filtered(vectors: Vectors, passing: int) -> Searcher:
    rows = np.flatnonzero(codes(len(vectors))[:, 0] < passing)
    return Searcher(NUMPY, "rows gathered", lambda queries: rows[by_numpy(vectors[rows], queries)])


def by_numpy(vectors: Vectors, queries: Vectors) -> Ids:
    scores = queries @ vectors.T
    k = min(K, len(vectors))
    best = np.argpartition(scores, -k, axis=1)[:, -k:]
    order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1)
    return np.take_along_axis(best, order, 1)


@dataclass(frozen=True, slots=True)
class Truth:
    """What a search of `queries` must find: of the rows that pass (all, when None), the best K by exact score."""

    vectors: Vectors
    queries: Vectors
    passes: NDArray[np.bool_] | None
    least: Vectors

    @classmethod
    def of(cls, vectors: Vectors, queries: Vectors, passes: NDArray[np.bool_] | None = None) -> "Truth":
        scores = queries @ vectors.T
        if passes is not None:
            scores[:, ~passes] = -np.inf
        least = np.partition(scores, -K, axis=1)[:, -K] - ROUNDING
        return cls(vectors, queries, passes, least.astype(np.float32))

    def recall(self, found: Ids) -> float:
        """The share (0..1) of the best K that was found; a row as good as the last of them counts."""
        wanted = K if self.passes is None else min(K, int(self.passes.sum()))
        hits = 0
        for query, ids, least in zip(self.queries, found, self.least, strict=True):
            rows = np.unique(ids[(ids >= 0) & (ids < len(self.vectors))])
            if self.passes is not None:
                rows = rows[self.passes[rows]]
            hits += min(wanted, int(np.sum(self.vectors[rows] @ query >= least)))
        return hits / (wanted * len(self.queries))
