"""The index against a NumPy twin, and its behaviour at the edges."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rust_accel import VectorIndex
from tests.rust_accel.test_embedder import ISAS

NO_ID = 2**64 - 1
Where = Sequence[tuple[int, Sequence[int]]]


@dataclass
class Twin:
    """What the index promises, row by row. Small whole numbers make every score exact in float32."""

    rows: dict[int, tuple[NDArray[np.float32], tuple[int, ...]]] = field(default_factory=dict)

    def search(
        self, query: NDArray[np.float32], k: int, allowed: set[int] | None, where: Where
    ) -> list[tuple[int, float]]:
        found = [
            (id, float(vector @ query))
            for id, (vector, codes) in self.rows.items()
            if (allowed is None or id in allowed) and all(codes[column] in values for column, values in where)
        ]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:k]


def ids_of(values: Sequence[int]) -> NDArray[np.uint64]:
    return np.array(values, dtype=np.uint64)


def hits(found: tuple[NDArray[np.uint64], NDArray[np.float32]], row: int = 0) -> list[tuple[int, float]]:
    return [(id, s) for id, s in zip(found[0][row].tolist(), found[1][row].tolist(), strict=True) if id != NO_ID]


IDS = st.integers(0, 30) | st.sampled_from([2**63, 2**64 - 2])
CODES = st.integers(0, 3)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([1, 3, 16, 17, 70]))
def test_any_sequence_of_changes_and_searches_equals_the_twin(data: st.DataObject, dimension: int) -> None:
    index, twin = VectorIndex(dimension, columns=2), Twin()
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    for _ in range(data.draw(st.integers(1, 8))):
        change = data.draw(st.sampled_from(["add", "add", "remove", "compact"]))
        ids = data.draw(st.lists(IDS, max_size=12))
        if change == "add":
            vectors = rng.integers(-3, 4, (len(ids), dimension)).astype(np.float32)
            codes = rng.integers(0, 4, (len(ids), 2)).astype(np.uint32)
            index.add(ids_of(ids), vectors, codes)
            twin.rows.update({id: (vectors[i], tuple(codes[i].tolist())) for i, id in enumerate(ids)})
        elif change == "remove":
            assert index.remove(ids_of(ids)) == len(set(ids) & twin.rows.keys())
            for id in ids:
                twin.rows.pop(id, None)
        else:
            index.compact()
            assert index.dead == 0
        assert len(index) == len(twin.rows)
    queries = rng.integers(-3, 4, (data.draw(st.sampled_from([1, 2, 9, 40])), dimension)).astype(np.float32)
    k = data.draw(st.integers(0, 40))
    allowed = data.draw(st.none() | st.sets(IDS))
    where = data.draw(st.lists(st.tuples(st.integers(0, 1), st.lists(CODES, max_size=3)), max_size=2))
    expected = [twin.search(query, k, allowed, where) for query in queries]
    # Searches that are asked for often take another path to the same rows.
    for _ in range(data.draw(st.sampled_from([1, 20]))):
        found = index.search(queries, k, allowed=None if allowed is None else ids_of(sorted(allowed)), where=where)
        assert found[0].shape == found[1].shape == (len(queries), min(k, len(twin.rows)))
        assert [hits(found, row) for row in range(len(queries))] == expected


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("queries", [1, 8, 33])
def test_a_large_index_finds_what_numpy_finds(monkeypatch: pytest.MonkeyPatch, isa: str, queries: int) -> None:
    monkeypatch.setenv("NEXUS_ISA", isa)
    try:
        index = VectorIndex(48)
    except ValueError as exc:
        if "this CPU has" not in str(exc):
            raise
        pytest.skip(str(exc))
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(70_000, 48)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    index.add(np.arange(70_000, dtype=np.uint64), rows)
    asked = rng.normal(size=(queries, 48)).astype(np.float32)
    ids, scores = index.search(asked, 10)
    exact = asked.astype(np.float64) @ rows.T.astype(np.float64)
    np.testing.assert_allclose(scores, -np.sort(-exact, axis=1)[:, :10], atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(exact, ids.astype(np.int64), axis=1), scores, atol=1e-5)
    assert index.isa == isa


def test_equal_scores_are_sorted_by_id_and_the_lowest_ids_stay() -> None:
    index = VectorIndex(4)
    ids = np.random.default_rng(0).permutation(10_000).astype(np.uint64)
    index.add(ids, np.ones((10_000, 4), np.float32))
    for queries in (1, 12):
        found, scores = index.search(np.ones((queries, 4), np.float32), 50)
        assert (found == np.arange(50, dtype=np.uint64)).all()
        assert (scores == 4).all()


def test_rows_that_a_filter_shortens_are_padded() -> None:
    index = VectorIndex(2)
    index.add(ids_of([7, 8, 9]), np.ones((3, 2), np.float32))
    found, scores = index.search(np.ones((1, 2), np.float32), 3, allowed=ids_of([8, 100]))
    assert found.tolist() == [[8, NO_ID, NO_ID]]
    assert scores.tolist() == [[2.0, -np.inf, -np.inf]]
    assert [found.dtype.name, scores.dtype.name] == ["uint64", "float32"]


def test_asking_for_more_than_there_is_gives_all_rows() -> None:
    index = VectorIndex(2)
    index.add(ids_of([7, 8]), np.ones((2, 2), np.float32))
    for k in (2, 3, 2**64 - 1):
        assert index.search(np.ones((1, 2), np.float32), k)[0].tolist() == [[7, 8]]


def test_nothing_in_nothing_out() -> None:
    index = VectorIndex(3, columns=1)
    index.add(ids_of([]), np.zeros((0, 3), np.float32), np.zeros((0, 1), np.uint32))
    assert len(index) == 0
    assert index.remove(ids_of([])) == 0
    assert index.search(np.ones((1, 3), np.float32), 2)[0].shape == (1, 0)
    assert [part.shape for part in index.pairs(0.5)] == [(0, 2), (0,)]
    index.add(ids_of([1]), np.ones((1, 3), np.float32), np.zeros((1, 1), np.uint32))
    assert index.search(np.zeros((0, 3), np.float32), 5)[0].shape == (0, 1)
    assert index.search(np.ones((2, 3), np.float32), 0)[1].shape == (2, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_numbers_that_cannot_be_compared_are_refused_and_nothing_is_added(value: float) -> None:
    index = VectorIndex(2)
    bad = np.array([[1, 1], [1, value]], np.float32)
    with pytest.raises(ValueError, match="row 1"):
        index.add(ids_of([1, 2]), bad)
    assert len(index) == 0
    with pytest.raises(ValueError, match="query 1"):
        index.search(bad, 1)


def test_shapes_that_do_not_fit_are_refused_with_both_sizes() -> None:
    index = VectorIndex(3, columns=2)
    one, codes = np.ones((1, 3), np.float32), np.zeros((1, 2), np.uint32)
    with pytest.raises(ValueError, match="vectors have 4 columns; this index has 3"):
        index.add(ids_of([1]), np.ones((1, 4), np.float32), codes)
    with pytest.raises(ValueError, match="codes have 0 columns; this index has 2"):
        index.add(ids_of([1]), one)
    with pytest.raises(ValueError, match="queries have 2 columns"):
        index.search(np.ones((1, 2), np.float32), 1)
    with pytest.raises(ValueError, match="no column 2: the index has 2"):
        index.search(one, 1, where=[(2, [0])])
    with pytest.raises(ValueError, match="marks 'no hit'"):
        index.add(ids_of([NO_ID]), one, codes)
    assert len(index) == 0


def test_arrays_that_are_not_contiguous_are_read_in_their_own_order() -> None:
    rng = np.random.default_rng(2)
    wide = rng.integers(-5, 5, (6, 20)).astype(np.float32)
    ids, codes = np.arange(40, dtype=np.uint64)[::2], np.asfortranarray(rng.integers(0, 2, (20, 1)).astype(np.uint32))
    index = VectorIndex(6, columns=1)
    index.add(ids, wide.T, codes)
    straight = VectorIndex(6, columns=1)
    straight.add(ids.copy(), np.ascontiguousarray(wide.T), np.ascontiguousarray(codes))
    queries = np.asfortranarray(rng.integers(-5, 5, (3, 6)).astype(np.float32))
    for filters in ([], [(0, [1])]):
        odd, even = index.search(queries, 20, where=filters), straight.search(queries.copy(), 20, where=filters)
        np.testing.assert_array_equal(odd[0], even[0])
        np.testing.assert_array_equal(odd[1], even[1])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 120), st.integers(-20, 40))
def test_pairs_are_all_those_at_or_above_the_threshold(seed: int, count: int, threshold: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-2, 3, (count, 9)).astype(np.float32)
    ids = rng.permutation(1000)[:count].astype(np.uint64)
    index = VectorIndex(9)
    index.add(ids, vectors)
    gone = set(ids[: count // 5].tolist())
    index.remove(ids_of(sorted(gone)))
    found, scores = index.pairs(float(threshold))
    rows = {int(id): vector for id, vector in zip(ids, vectors, strict=True) if int(id) not in gone}
    expected = [(a, b) for a in sorted(rows) for b in sorted(rows) if a < b and rows[a] @ rows[b] >= threshold]
    assert [tuple(pair) for pair in found.tolist()] == expected
    assert scores.tolist() == [float(rows[a] @ rows[b]) for a, b in expected]


def test_more_pairs_than_the_limit_are_refused() -> None:
    index = VectorIndex(1)
    index.add(np.arange(100, dtype=np.uint64), np.ones((100, 1), np.float32))
    assert len(index.pairs(1.0, limit=4950)[0]) == 4950
    with pytest.raises(ValueError, match="more than 4949 pairs"):
        index.pairs(1.0, limit=4949)
    with pytest.raises(ValueError, match="NaN"):
        index.pairs(float("nan"))


def test_what_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r'no storage "int4"; known: \["f32", "bf16", "int8"\]'):
        VectorIndex(3, storage="int4")  # type: ignore[arg-type]  # the refusal is what is tested
    with pytest.raises(ValueError, match="keep_f32"):
        VectorIndex(3, storage="f32", keep_f32=False)
    for dimension, columns in [(0, 0), (65_537, 0), (3, 65)]:
        with pytest.raises(ValueError, match=r"is (0|65537|65)"):
            VectorIndex(dimension, columns=columns)


def test_readers_see_whole_batches_while_a_writer_replaces_them() -> None:
    index = VectorIndex(8)
    ids = np.arange(5_000, dtype=np.uint64)
    index.add(ids, np.full((5_000, 8), 1, np.float32))
    stop, torn = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            _, scores = index.search(np.ones((1, 8), np.float32), 5_000)
            if len(set(scores[0].tolist())) != 1:
                torn.append(scores)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for value in range(2, 40):
        index.add(ids, np.full((5_000, 8), value, np.float32))
        if value % 10 == 0:
            index.compact()
    stop.set()
    for reader in readers:
        reader.join()
    assert torn == []
