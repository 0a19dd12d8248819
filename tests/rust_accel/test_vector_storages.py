"""Every storage against NumPy, its file against damage, and any sequence of calls against a dictionary."""

import os
import stat
import struct
import tempfile
import threading
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from numpy.typing import NDArray

from rust_accel import VectorIndex
from tests.rust_accel.test_embedder import ISAS
from tests.rust_accel.test_vector_index import Twin, hits, ids_of

Storage = Literal["f32", "bf16", "int8"]
Floats = NDArray[np.float32]
KINDS: list[tuple[Storage, bool]] = [("f32", True), ("bf16", True), ("int8", True), ("bf16", False), ("int8", False)]
KEPT: list[Storage] = ["f32", "bf16", "int8"]
DIMENSIONS = [1, 3, 65, 384, 1000]


@pytest.fixture(params=ISAS)
def isa(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_ISA", request.param)
    try:
        VectorIndex(1)
    except ValueError as exc:
        if "this CPU has" not in str(exc):
            raise
        pytest.skip(str(exc))


def made(vectors: Floats, storage: Storage = "int8", *, keep_f32: bool = True) -> VectorIndex:
    index = VectorIndex(vectors.shape[1], storage=storage, keep_f32=keep_f32)
    index.add(np.arange(len(vectors), dtype=np.uint64), vectors)
    return index


def hostile(kind: str, dimension: int, rng: np.random.Generator) -> Floats:
    """300 rows of one kind of trouble."""
    rows = rng.normal(size=(300, dimension))
    match kind:
        case "unit":
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        case "denormal":
            rows *= 1e-41
        case "negative zero":
            rows = np.where(rows > 0.5, rows, -0.0)
        case "huge and tiny":
            rows *= 10.0 ** rng.integers(-30, 15, (300, 1))
        case "all equal":
            rows[:] = rows[0]
        case "zero":
            rows[:] = 0
        case "nearly equal":
            rows = rows[0] * (1 + 1e-6 * rng.integers(0, 4, (300, 1)))
    return rows.astype(np.float32)


TROUBLE = ["normal", "unit", "denormal", "negative zero", "huge and tiny", "all equal", "zero", "nearly equal"]


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("kind", TROUBLE)
def test_kept_rows_are_found_as_numpy_finds_them_whatever_is_scanned(kind: str, dimension: int) -> None:
    rng = np.random.default_rng(dimension)
    rows = hostile(kind, dimension, rng)
    queries = np.concatenate([rows[:5], rng.normal(size=(9, dimension)).astype(np.float32)])
    answers = [made(rows, storage).search(queries, 25) for storage in KEPT]
    exact = queries.astype(np.float64) @ rows.T.astype(np.float64)
    lengths = [np.linalg.norm(part.astype(np.float64), axis=1) for part in (queries, rows)]
    room = lengths[0][:, None] * lengths[1].max() * 1e-5 + 1e-40
    ids, scores = answers[0]
    assert (np.abs(np.take_along_axis(exact, ids.astype(np.int64), axis=1) - scores) <= room).all()
    assert (np.abs(-np.sort(-exact, axis=1)[:, :25] - scores) <= room).all()
    assert all(
        (scores[q, i], -int(ids[q, i])) > (scores[q, i + 1], -int(ids[q, i + 1])) for q in range(14) for i in range(24)
    )
    for other in answers[1:]:
        np.testing.assert_array_equal(other[0], ids)
        np.testing.assert_array_equal(other[1].view(np.uint32), scores.view(np.uint32))


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("storage", ["bf16", "int8"])
def test_scores_of_rounded_rows_are_as_close_as_promised_and_the_same_alone_and_together(storage: Storage) -> None:
    rng = np.random.default_rng(1)
    rows, queries = hostile("unit", 384, rng), hostile("unit", 384, rng)[:40]
    ids, scores = made(rows, storage, keep_f32=False).search(queries, 300)
    exact = np.take_along_axis(queries @ rows.T, ids.astype(np.int64), axis=1)
    step = np.abs(rows) * 2**-8 if storage == "bf16" else np.abs(rows).max(axis=1, keepdims=True) / 254
    most = np.linalg.norm(np.broadcast_to(step, rows.shape), axis=1)[ids.astype(np.int64)] + 1e-6
    assert (np.abs(exact - scores) <= most).all()
    assert np.abs(exact - scores).max() > 1e-5
    for row, query in enumerate(queries):
        alone = made(rows, storage, keep_f32=False).search(query[None], 300)
        np.testing.assert_array_equal(alone[0][0], ids[row])
        np.testing.assert_array_equal(alone[1][0], scores[row])


@pytest.mark.parametrize("storage", KEPT)
def test_large_indexes_with_filters_are_searched_exactly(storage: Storage) -> None:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(70_000, 24)).astype(np.float32)
    codes = rng.integers(0, 100_000, (70_000, 1)).astype(np.uint32) // np.uint32(1000) * np.uint32(1000)
    index = VectorIndex(24, columns=1, storage=storage)
    index.add(np.arange(70_000, dtype=np.uint64), rows, codes)
    for wanted, share in [([1000], 0.05), (list(range(0, 16_000, 1000)), 0.3), (list(range(0, 90_000, 1000)), 1)]:
        allowed = np.flatnonzero(rng.random(70_000) < share).astype(np.uint64)
        for queries in (1, 12):
            asked = rng.normal(size=(queries, 24)).astype(np.float32)
            ids, scores = index.search(asked, 10, allowed=allowed, where=[(0, wanted)])
            passing = np.intersect1d(allowed, np.flatnonzero(np.isin(codes[:, 0], wanted))).astype(np.int64)
            exact = asked.astype(np.float64) @ rows[passing].T.astype(np.float64)
            assert len(passing) > 0
            best = -np.sort(-exact, axis=1)[:, :10]
            np.testing.assert_allclose(scores[:, : best.shape[1]], best, atol=1e-4)
            assert set(ids[scores > -np.inf].tolist()) <= set(passing.tolist())


def test_pairs_and_memory_of_every_storage() -> None:
    rows = hostile("nearly equal", 384, np.random.default_rng(4))
    rows[::3] *= -1
    expected = made(rows, "f32").pairs(0.0)
    assert len(expected[0]) == 100 * 99 // 2 + 200 * 199 // 2
    sizes = {}
    for storage, keep_f32 in KINDS:
        index = made(rows, storage, keep_f32=keep_f32)
        found = index.pairs(0.0)
        np.testing.assert_array_equal(found[0], expected[0])
        if keep_f32:
            np.testing.assert_array_equal(found[1], expected[1])
        assert (index.storage, index.keep_f32, index.columns) == (storage, keep_f32, 0)
        sizes[storage, keep_f32] = index.nbytes
    assert sizes["int8", False] < sizes["bf16", False] < sizes["f32", True] < sizes["int8", True]
    assert sizes["f32", True] >= rows.nbytes


class Machine(RuleBasedStateMachine):
    """Rows of one value of 127 and others of small whole numbers: every storage holds them, so scores are exact."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()

    def teardown(self) -> None:
        self.folder.cleanup()

    @initialize(kind=st.sampled_from(KINDS), dimension=st.sampled_from(DIMENSIONS[:4]), seed=st.integers(0, 2**32))
    def start(self, kind: tuple[Storage, bool], dimension: int, seed: int) -> None:
        self.index = VectorIndex(dimension, columns=2, storage=kind[0], keep_f32=kind[1])
        self.twin, self.rng = Twin(), np.random.default_rng(seed)

    def vectors(self, count: int) -> Floats:
        rows = self.rng.integers(-3, 4, (count, self.index.dimension)).astype(np.float32)
        if count:
            rows[np.arange(count), self.rng.integers(0, self.index.dimension, count)] = 127
        return rows

    @rule(ids=st.lists(st.integers(0, 40) | st.sampled_from([2**63, 2**64 - 2]), max_size=30))
    def add(self, ids: list[int]) -> None:
        rows, codes = self.vectors(len(ids)), self.rng.integers(0, 4, (len(ids), 2)).astype(np.uint32)
        self.index.add(ids_of(ids), rows, codes)
        self.twin.rows.update({id: (rows[i], tuple(codes[i].tolist())) for i, id in enumerate(ids)})

    @rule(ids=st.lists(st.integers(0, 40), min_size=1, max_size=5))
    def add_one_that_is_refused(self, ids: list[int]) -> None:
        rows = self.vectors(len(ids))
        rows[-1, -1] = np.nan
        with pytest.raises(ValueError, match="NaN"):
            self.index.add(ids_of(ids), rows, np.zeros((len(ids), 2), np.uint32))

    @rule(ids=st.lists(st.integers(0, 40), max_size=20))
    def remove(self, ids: list[int]) -> None:
        assert self.index.remove(ids_of(ids)) == len(set(ids) & self.twin.rows.keys())
        for id in ids:
            self.twin.rows.pop(id, None)

    @rule()
    def compact(self) -> None:
        self.index.compact()
        assert self.index.dead == 0

    @rule()
    def save_and_load(self) -> None:
        path = Path(self.folder.name, "index")
        self.index.save(path)
        self.index = VectorIndex.load(path)
        assert self.index.dead == 0

    @rule(
        count=st.sampled_from([1, 2, 9, 33]),
        k=st.integers(0, 45),
        allowed=st.none() | st.sets(st.integers(0, 50)),
        where=st.lists(st.tuples(st.integers(0, 1), st.lists(st.integers(0, 3), max_size=3)), max_size=2),
    )
    def search(self, count: int, k: int, allowed: set[int] | None, where: list[tuple[int, list[int]]]) -> None:
        queries = self.rng.integers(-3, 4, (count, self.index.dimension)).astype(np.float32)
        ids = None if allowed is None else ids_of(sorted(allowed))
        found = self.index.search(queries, k, allowed=ids, where=where)
        assert found[0].shape == found[1].shape == (count, min(k, len(self.twin.rows)))
        for row, query in enumerate(queries):
            assert hits(found, row) == self.twin.search(query, k, allowed, where)

    @invariant()
    def counts_agree(self) -> None:
        if hasattr(self, "index"):
            assert len(self.index) == len(self.twin.rows)


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize(("storage", "keep_f32"), KINDS)
def test_a_loaded_index_finds_the_same_to_the_bit(tmp_path: Path, storage: Storage, keep_f32: bool) -> None:
    rng = np.random.default_rng(6)
    index = VectorIndex(70, columns=1, storage=storage, keep_f32=keep_f32)
    ids = rng.permutation(20_000).astype(np.uint64)
    index.add(ids, rng.normal(size=(20_000, 70)).astype(np.float32), (ids % np.uint64(7)).astype(np.uint32)[:, None])
    index.remove(ids[:3_000])
    index.save(tmp_path / "ä index")
    loaded = VectorIndex.load(str(tmp_path / "ä index"))
    described = [(i.storage, i.keep_f32, i.dimension, i.columns, len(i)) for i in (index, loaded)]
    assert described == [(storage, keep_f32, 70, 1, 17_000)] * 2
    queries = rng.normal(size=(9, 70)).astype(np.float32)
    for where in ([], [(0, [1, 3])]):
        for before, after in zip(
            index.search(queries, 60, where=where), loaded.search(queries, 60, where=where), strict=True
        ):
            np.testing.assert_array_equal(before, after)
    assert stat.S_IMODE(os.stat(tmp_path / "ä index").st_mode) == 0o600
    assert os.listdir(tmp_path) == ["ä index"]


def test_a_file_that_cannot_be_used_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "broken"
    made(np.ones((4, 3), np.float32)).save(path)
    good = path.read_bytes()
    changed = good[:-9] + bytes([good[-9] ^ 1]) + good[-8:]
    later = good[:8] + struct.pack("<I", 2) + good[12:]
    for content, words in [
        (b"", "no index"),
        (good[:-1], "not the 4 rows"),
        (good + b"x", "not the 4 rows"),
        (b"x" + good[1:], "not an index"),
        (later, "header is damaged"),
        (changed, "rows 0 to 3 are damaged"),
    ]:
        path.write_bytes(content)
        with pytest.raises(ValueError, match=words) as caught:
            VectorIndex.load(path)
        assert str(path) in str(caught.value)
    with pytest.raises(FileNotFoundError):
        VectorIndex.load(tmp_path / "nothing")
    with pytest.raises(OSError, match="missing"):
        made(np.ones((4, 3), np.float32)).save(tmp_path / "missing" / "index")


def test_python_runs_while_a_search_does() -> None:
    index = made(np.random.default_rng(0).normal(size=(50_000, 128)).astype(np.float32))
    queries = np.random.default_rng(1).normal(size=(3_000, 128)).astype(np.float32)
    done, counted = threading.Event(), 0

    def search() -> None:
        index.search(queries, 10)
        done.set()

    thread = threading.Thread(target=search)
    thread.start()
    while not done.is_set():
        counted += 1
    thread.join()
    assert counted > 1_000


@pytest.mark.parametrize("keep_f32", [True, False])
@pytest.mark.parametrize("storage", ["bf16", "int8"])
def test_readers_of_compact_rows_see_whole_batches(storage: Storage, keep_f32: bool) -> None:
    index = VectorIndex(8, storage=storage, keep_f32=keep_f32)
    ids = np.arange(3_000, dtype=np.uint64)
    index.add(ids, np.full((3_000, 8), 1, np.float32))
    stop = threading.Event()
    torn: list[Floats] = []
    seen: set[float] = set()

    def read(queries: int) -> None:
        while not stop.is_set():
            _, scores = index.search(np.ones((queries, 8), np.float32), 20)
            seen.update(scores[0].tolist())
            if len(np.unique(scores)) != 1:
                torn.append(scores)

    readers = [threading.Thread(target=read, args=(queries,)) for queries in (1, 9)]
    for reader in readers:
        reader.start()
    for value in range(2, 40):
        index.add(ids, np.full((3_000, 8), value, np.float32))
        index.remove(ids[::2])
        index.add(ids[::2], np.full((1_500, 8), value, np.float32))
        index.compact()
    stop.set()
    for reader in readers:
        reader.join()
    assert torn == []
    assert seen
