"""The embedder where something goes wrong around it: forks, changed files, no memory, signals."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rust_accel import Embedder
from tests.rust_accel import tiny_model


def run(script: str, folder: Path, limit: float = 100) -> str:
    """What a script prints in a process of its own, within `limit` seconds; its `folder` is that of the model."""
    head = (
        "import os, resource, signal, sys, threading, time\nfrom pathlib import Path\nfrom rust_accel import Embedder\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", f"{head}folder = Path(sys.argv[1])\n{script}", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


FORKED = """
embedder, fresh = Embedder(folder, threads=2), Embedder(folder, threads=2)
texts = ["a b c", "", "z " * 30] * 40
before = embedder.embed(texts)
for generation in range(3):
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.exit(status or not (embedder.embed(texts) == before).all())
    assert (embedder.embed(texts) == before).all() and (fresh.embed(texts) == before).all()
    assert embedder.count_tokens(texts).tolist() == [len(ids) for ids in embedder.token_ids(texts)]
"""


def test_a_forked_process_embeds_with_threads_of_its_own(folder: Path) -> None:
    run(FORKED, folder)


FORKED_IN_A_CALL = """
embedder = Embedder(folder, threads=2)
texts = ["a b c d e f", "g é"] * 200
before, stop = embedder.embed(texts), threading.Event()
def busy():
    while not stop.is_set():
        embedder.embed(texts)
thread = threading.Thread(target=busy)
thread.start()
for _ in range(30):
    child = os.fork()
    if child == 0:
        os._exit(not (embedder.embed(texts) == before).all())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop.set()
thread.join()
"""


def test_a_fork_during_another_threads_call_leaves_the_child_a_whole_embedder(folder: Path) -> None:
    run(FORKED_IN_A_CALL, folder)


CHANGED = """
embedder, path = Embedder(folder), folder / "model.safetensors"
before, content = embedder.embed(["a b"]), path.read_bytes()
{change}
try:
    after = embedder.embed(["a b"])
    print((after == before).all())
except RuntimeError as error:
    print(error)
"""


@pytest.mark.parametrize("change", ["os.truncate(path, 100)", "path.write_bytes(bytes(len(content)))"])
def test_weights_that_are_changed_in_place_are_an_error_and_kill_nothing(folder: Path, change: str) -> None:
    assert "model.safetensors was changed after it was opened; load the model anew" in run(
        CHANGED.format(change=change), folder
    )


@pytest.mark.parametrize(
    "change", ["path.unlink()", "other = folder / 'x'; other.write_bytes(b'x'); other.replace(path)"]
)
def test_weights_that_are_removed_or_replaced_by_another_file_stay_those_that_were_loaded(
    folder: Path, change: str
) -> None:
    assert run(CHANGED.format(change=change), folder) == "True\n"


LOADED_WHILE_CUT = """
path = folder / "model.safetensors"
content, stop = path.read_bytes(), threading.Event()
def cut():
    while not stop.is_set():
        os.truncate(path, len(content) // 2)
        path.write_bytes(content)
thread = threading.Thread(target=cut)
thread.start()
until = time.monotonic() + 3
while time.monotonic() < until:
    try:
        Embedder(folder, threads=1).embed(["a"])
    except (ValueError, RuntimeError, OSError):
        pass
stop.set()
thread.join()
"""


def test_weights_that_are_cut_while_they_are_loaded_kill_nothing(folder: Path) -> None:
    run(LOADED_WHILE_CUT, folder)


SCARCE = {
    # 72 values of four bytes each: the vectors alone have 115 MB.
    "vectors": "embedder.embed(many)",
    "lists of ids": "embedder.token_ids(many)",
    "tokens of a long text": "embedder.token_ids(['é ' * 1_000_000])",
    "count of a long text": "embedder.count_tokens(['é ' * 1_000_000])",
}
SHORT_OF_MEMORY = """
embedder, many = Embedder(folder, threads=1), ["a b"] * 400_000
embedder.embed(["a", "é"])
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + ({megabytes} << 20), resource.RLIM_INFINITY))
try:
    {action}
    print("done")
except MemoryError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert embedder.embed(["a"]).shape == (1, 72)
"""


@pytest.mark.parametrize("what", SCARCE)
def test_what_grows_with_a_call_is_a_memory_error_and_the_embedder_goes_on(folder: Path, what: str) -> None:
    printed = run(SHORT_OF_MEMORY.format(megabytes=30, action=SCARCE[what]), folder)
    assert "done" not in printed
    assert "memory" in printed.lower() or printed == "\n"


LOADED_SHORT_OF_MEMORY = """
embedder = Embedder(folder, threads=1)
failed = 0
for megabytes in (*range(0, 40, 2), 400):
    used = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (used + (megabytes << 20), resource.RLIM_INFINITY))
    try:
        embedder = Embedder(folder, threads=1)
    except MemoryError as error:
        failed += 1
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert embedder.embed(["a"]).shape[0] == 1
print(failed)
"""


def test_weights_for_which_there_is_no_memory_are_a_memory_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("HIDDEN", 512), ("HEADS", 8), ("WIDE", 2048)):
        monkeypatch.setattr(tiny_model, name, size)
    # Packed as f32, 26 MB.
    assert int(run(LOADED_SHORT_OF_MEMORY, tiny_model.write(tmp_path))) > 5


INTERRUPTED = """
# A process in the background may have been started to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
embedder = Embedder(folder, threads=1)
texts = ["a b c d e f g h i j k l m n o p"] * 400_000
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
began = time.monotonic()
try:
    embedder.embed(texts)
    print("finished", time.monotonic() - began)
except KeyboardInterrupt:
    print("ended")
assert embedder.embed(["a"]).shape == (1, 72)
"""


def test_a_signal_ends_a_call(folder: Path) -> None:
    assert run(INTERRUPTED, folder) == "ended\n"


def test_a_pipe_instead_of_the_weights_is_refused_and_not_waited_for(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.unlink()
    os.mkfifo(path)
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"model\.safetensors: no regular file"):
        Embedder(folder)
    assert time.monotonic() - began < 10
