"""The index where something goes wrong around it: forks, no memory, arrays that change, files that are none."""

import errno
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rust_accel import VectorIndex
from tests.rust_accel.test_vector_index import ids_of

Floats = NDArray[np.float32]

ROWS = """
import errno, os, resource, signal, stat, sys, threading
import numpy as np
from rust_accel import VectorIndex

def filled(n, dimension, **options):
    index = VectorIndex(dimension, **options)
    rows = np.random.default_rng(0).normal(size=(n, dimension)).astype(np.float32)
    index.add(np.arange(n, dtype=np.uint64), rows)
    return index, rows
"""


def run(script: str, *arguments: str, limit: float = 100) -> str:
    """What a script prints in a process of its own, within `limit` seconds."""
    command = [sys.executable, "-W", "ignore", "-c", ROWS + script, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


FORKED = """
index, rows = filled(100_000, 16)
small, _ = filled(2_000, 16)
before = index.search(rows[:40], 5), small.pairs(12.0)
for generation in range(3):
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        after = index.search(rows[:40], 5), small.pairs(12.0)
        same = all((a == b).all() for old, new in zip(before, after) for a, b in zip(old, new))
        sys.exit(status or not same)
    after = index.search(rows[:40], 5), small.pairs(12.0)
    assert all((a == b).all() for old, new in zip(before, after) for a, b in zip(old, new))
index.add(np.array([7], np.uint64), rows[:1] * 2)
assert index.search(rows[:1], 1)[0].tolist() == [[7]]
"""


def test_a_forked_process_searches_with_threads_of_its_own() -> None:
    run(FORKED)


FORKED_IN_A_CALL = """
index, rows = filled(100_000, 16)
queries = np.repeat(rows[:40], 40, axis=0)
busy, stop = threading.Event(), threading.Event()
def search():
    while not stop.is_set():
        busy.set()
        index.search(queries, 10)
thread = threading.Thread(target=search)
thread.start()
busy.wait()
codes = []
while 3 not in codes and len(codes) < 200:
    child = os.fork()
    if child == 0:
        try:
            for _ in range(2):
                index.search(queries[:40], 10)
                index.add(np.array([7], np.uint64), rows[:1])
        except RuntimeError as error:
            assert "forked" in str(error)
            os._exit(3)
        os._exit(0)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
stop.set()
thread.join()
assert set(codes) <= {0, 3} and 3 in codes, codes
"""


def test_a_fork_during_another_threads_call_is_an_error_in_the_child_and_no_hang() -> None:
    run(FORKED_IN_A_CALL)


SHORT_OF_MEMORY = """
def limited(megabytes, action):
    used = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (used + (megabytes << 20), resource.RLIM_INFINITY))
    try:
        action()
        print("done")
    except MemoryError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

columns = np.ones((384, 100_000), np.float32)
ids = np.arange(100_000, dtype=np.uint64)
many = np.zeros(20_000_000, np.uint64)
few, _ = filled(9_000, 2)
index, rows = filled(300_000, 2)
index.search(rows[:40], 3)  # starts the threads, whose own memory counts as well
if sys.argv[1:]:
    saved = VectorIndex(384)
    saved.add(ids[:60_000], columns.T[:60_000])
    saved.save(sys.argv[1])
    del saved

"""
SCARCE = {
    # The index needs 38 MB, a copy of the array would need 154.
    "no copy": ("100, lambda: VectorIndex(384, keep_f32=False).add(ids, columns.T)", "done"),
    "add": ("100, lambda: VectorIndex(384).add(ids, columns.T)", "no memory"),
    "hits": ("100, lambda: index.search(rows[:64], 300_000)", "no memory"),
    # As two tables, the hits need 115 MB.
    "heaps": ("120, lambda: index.search(rows[:32], 300_000)", "no memory"),
    "pairs": ("150, lambda: few.pairs(-1e9, limit=10**9)", "no memory"),
    "codes": ("60, lambda: few.search(rows[:1], 1, where=[(0, range(20_000_000))])", "no memory"),
    "allowed": ("60, lambda: few.search(rows[:1], 1, allowed=many)", "no memory"),
    "remove": ("60, lambda: few.remove(many)", "no memory"),
    "load": ("60, lambda: VectorIndex.load(sys.argv[1])", "no memory"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not limited so")
@pytest.mark.parametrize("what", SCARCE)
def test_what_finds_no_memory_is_an_error_and_not_the_end(tmp_path: Path, what: str) -> None:
    call, words = SCARCE[what]
    file = [str(tmp_path / "index")] if what == "load" else []
    assert words in run(SHORT_OF_MEMORY + f"limited({call})", *file)


def test_equal_ids_of_a_batch_take_the_memory_of_one() -> None:
    index = VectorIndex(384)
    vectors = np.zeros((20_000, 384), np.float32)
    vectors[:, 0] = np.arange(20_000)
    index.add(np.zeros(20_000, np.uint64), vectors)
    assert (len(index), index.dead) == (1, 0)
    assert index.nbytes < 20_000
    assert index.search(vectors[1:2], 1)[1].tolist() == [[19_999]]


def test_an_array_that_changes_while_it_is_added_leaves_an_index_that_can_be_saved(tmp_path: Path) -> None:
    refused = 0
    while refused < 3:
        vectors, ids = np.ones((20_000, 64), np.float32), np.arange(20_000, dtype=np.uint64)
        index, stop = VectorIndex(64), threading.Event()
        changer = threading.Thread(target=spoil, args=(vectors, ids, stop))
        changer.start()
        try:
            index.add(ids, vectors)
        except ValueError:
            refused += 1
            assert len(index) == 0
        stop.set()
        changer.join()
        assert np.isfinite(index.search(np.ones((1, 64), np.float32), 1)[1]).all()
        index.save(tmp_path / "index")
        assert len(VectorIndex.load(tmp_path / "index")) == len(index)


def spoil(vectors: Floats, ids: NDArray[np.uint64], stop: threading.Event) -> None:
    while not stop.is_set():
        vectors[10_000:, 3] = np.nan
        ids[15_000:] += np.uint64(1)
        vectors[10_000:, 3] = 1
        time.sleep(0)


def test_pairs_below_the_threshold_as_it_is_in_float64_are_not_found() -> None:
    index = VectorIndex(1)
    index.add(ids_of([1, 2]), np.array([[1], [0.9]], np.float32))
    score = float(np.float32(0.9))
    assert score < 0.9
    assert [len(index.pairs(threshold)[1]) for threshold in (0.9, score, score - 1e-9)] == [0, 1, 1]


def test_conditions_on_one_column_must_all_hold_however_often_it_was_asked() -> None:
    index = VectorIndex(2, columns=1)
    codes = (np.arange(100, dtype=np.uint32) % 10)[:, None]
    index.add(np.arange(100, dtype=np.uint64), np.ones((100, 2), np.float32), codes)
    wheres = [([1], [2]), ([1], []), ([], [1]), ([1, 2], [3, 2, 2]), ([2, 1, 1], [1])]
    for _ in range(40):
        for first, second in wheres:
            ids, scores = index.search(np.ones((1, 2), np.float32), 100, where=[(0, first), (0, second)])
            assert (ids[scores > 0] % np.uint64(10)).tolist() == sorted(set(first) & set(second)) * 10


@pytest.fixture
def index() -> VectorIndex:
    index = VectorIndex(3, columns=1)
    index.add(ids_of([1, 2]), np.ones((2, 3), np.float32), np.zeros((2, 1), np.uint32))
    return index


ONE = np.ones((1, 3), np.float32)
CODES = np.zeros((1, 1), np.uint32)
LONG = np.repeat(ONE, 40, axis=0)
LONG[39] = 1e30
REFUSED: list[tuple[str, type[Exception], str]] = [
    ("VectorIndex(-1)", ValueError, "dimension is -1; it must be 0 or more"),
    ("VectorIndex(2**70)", ValueError, "dimension is .*, not in 1..=65536"),
    ("VectorIndex(3, columns=-1)", ValueError, "columns is -1"),
    ("VectorIndex(3, columns=None)", TypeError, "columns must be an int, not NoneType"),
    ("index.search(ONE, -1)", ValueError, "k is -1; it must be 0 or more"),
    ("index.search(ONE, -(2**70))", ValueError, "k is -1180591620717411303424"),
    ("index.search(ONE, 1.5)", TypeError, "k must be an int, not float"),
    (
        "index.search(ONE.astype(float), 1)",
        TypeError,
        r"queries must be a float32 array of 2 axes, not float64\[1, 3\]",
    ),
    ("index.search(ONE.astype('>f4'), 1)", TypeError, "queries must be a float32 array of 2 axes, not >f4"),
    ("index.search(ONE[0], 1)", TypeError, r"queries must be .* not float32\[3\]"),
    ("index.search([[1, 1, 1]], 1)", TypeError, "queries must be .* not list"),
    ("index.search(ONE * np.nan, 1)", ValueError, "query 0 has NaN at position 0"),
    ("index.search(LONG, 1)", ValueError, "query 39 is too long"),
    ("index.search(ONE, 1, allowed=np.array([1]))", TypeError, "allowed must be a uint64 array of 1 axis, not int64"),
    ("index.search(ONE, 1, where=[(-1, [1])])", ValueError, "a column of where is -1"),
    ("index.search(ONE, 1, where=[(0, [-1])])", ValueError, "-1 in where is no code of column 0"),
    ("index.search(ONE, 1, where=[(0, [2**32])])", ValueError, "4294967296 in where is no code of column 0"),
    ("index.search(ONE, 1, where=[(0, 'ab')])", TypeError, "the codes of column 0 in where must be"),
    ("index.search(ONE, 1, where=[(0, 1)])", TypeError, "the codes of column 0 .* not int"),
    ("index.search(ONE, 1, where={0: [1]})", TypeError, r"where must be .* \(column, codes\)"),
    ("index.search(ONE, 1, where=None)", TypeError, "where must be .* not NoneType"),
    ("index.add(np.array([1]), ONE, CODES)", TypeError, "ids must be a uint64 array of 1 axis, not int64"),
    ("index.add(ids_of([1]), ONE.astype(float), CODES)", TypeError, "vectors must be a float32 array of 2 axes"),
    ("index.add(ids_of([1]), ONE, CODES.astype(int))", TypeError, "codes must be a uint32 array of 2 axes"),
    ("index.add(ids_of([1, 2]), ONE, CODES)", ValueError, "2 ids and 1 rows of vectors"),
    ("index.add(ids_of([1]), ONE, CODES.repeat(3, axis=0))", ValueError, "1 ids and 3 rows of codes"),
    ("VectorIndex(3).add(ids_of([1]), ONE, np.zeros((7, 0), np.uint32))", ValueError, "1 ids and 7 rows of codes"),
    ("index.remove([1])", TypeError, "ids must be a uint64 array"),
    ("index.pairs('x')", TypeError, "threshold: must be real number, not str"),
    ("index.save(3)", TypeError, "path: expected str, .* not int"),
    ("index.pairs(0.5, limit=-1)", ValueError, "limit is -1"),
]


@pytest.mark.parametrize(("call", "error", "words"), REFUSED, ids=[call for call, _, _ in REFUSED])
def test_what_cannot_be_used_is_refused_by_the_name_of_its_argument(
    index: VectorIndex, call: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        eval(call, {**globals(), "index": index})
    assert len(index) == 2


def test_any_count_is_taken_and_any_array_however_it_lies(index: VectorIndex) -> None:
    unaligned = np.zeros(13, np.uint8)[1:].view(np.float32)[None]
    unaligned[:] = 1
    assert not unaligned.flags.aligned
    for queries in (ONE, unaligned, np.asfortranarray(LONG)[:1], ONE[:, ::-1]):
        for k in (2, 2**64, 2**200):
            assert index.search(queries, k)[0].tolist() == [[1, 2]]
    assert index.search(ONE, np.uint8(5))[0].tolist() == [[1, 2]]  # type: ignore[arg-type]  # it is an index, as ints are
    assert len(index.pairs(0.5, limit=2**70)[1]) == 1


@pytest.mark.parametrize("name", ["mmx", "\udcff"])
def test_a_forced_instruction_set_is_no_fault_of_the_file(
    index: VectorIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    index.save(tmp_path / "index")
    monkeypatch.setenv("NEXUS_ISA", name)
    with pytest.raises(ValueError, match=r"^NEXUS_ISA=.* is not possible here"):
        VectorIndex.load(tmp_path / "index")
    with pytest.raises(ValueError, match="is not possible here"):
        VectorIndex(3)


def test_an_error_of_the_system_says_what_and_where(index: VectorIndex, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, error, number in [
        (tmp_path / "missing" / "index", FileNotFoundError, errno.ENOENT),
        (tmp_path / "file" / "index", NotADirectoryError, errno.ENOTDIR),
        (tmp_path, IsADirectoryError, errno.EISDIR),
        (tmp_path / ("x" * 300), OSError, errno.ENAMETOOLONG),
    ]:
        for call in (index.save, VectorIndex.load):
            with pytest.raises(error) as caught:
                call(path)
            assert (caught.value.errno, caught.value.filename) == (number, str(path))
    for call in (index.save, VectorIndex.load):
        with pytest.raises(ValueError, match="NUL"):
            call("a\0b")
    assert os.listdir(tmp_path) == ["file"]


SPECIAL = """
index, _ = filled(5, 3)
for path in (sys.argv[1], "/dev/zero", "/dev/null"):
    kind = stat.S_IFMT(os.stat(path).st_mode)
    for call in (index.save, VectorIndex.load):
        try:
            call(path)
        except ValueError as error:
            assert path in str(error) and "not a regular file" in str(error)
        else:
            sys.exit(path)
    assert stat.S_IFMT(os.stat(path).st_mode) == kind
"""


def test_a_pipe_or_a_device_is_neither_replaced_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    run(SPECIAL, str(tmp_path / "pipe"))
    assert os.listdir(tmp_path) == ["pipe"]


AS_NOBODY = """
index, _ = filled(5, 3)
folder = sys.argv[1]
if os.geteuid() == 0:
    for path in (folder, folder + "/hidden", folder + "/fixed"):
        os.chown(path, 65534, 65534)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
os.chmod(folder + "/hidden", 0o300)
os.chmod(folder + "/fixed", 0o500)
for count in (1, 2):
    index.save(folder + "/hidden/index")
    assert len(VectorIndex.load(folder + "/hidden/index")) == 5
try:
    index.save(folder + "/fixed/index")
except PermissionError as error:
    assert error.filename == folder + "/fixed/index" and error.errno == errno.EACCES
else:
    sys.exit("saved")
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
old = open(folder + "/hidden/index", "rb").read()
try:
    index.save(folder + "/hidden/index")
except OSError as error:
    assert error.errno == errno.EFBIG
assert open(folder + "/hidden/index", "rb").read() == old
os.chmod(folder + "/hidden", 0o700)
assert os.listdir(folder + "/hidden") == ["index"] and os.listdir(folder + "/fixed") == []
"""


def test_a_folder_that_may_not_be_read_takes_a_file_and_one_that_may_not_be_written_refuses_it() -> None:
    # Not in `tmp_path`, which only its owner can enter.
    with tempfile.TemporaryDirectory() as folder:
        for name in ("hidden", "fixed"):
            Path(folder, name).mkdir()
        run(AS_NOBODY, folder)
