"""Limited child processes: a task module's `main` runs with bounded memory, time and output, off the event loop.

The task's side is described in `backend/jobs/child_main.py`. Records come back as files, one per class, so that the
parent's memory does not grow with them. POSIX only; the memory limit and death with the parent need Linux.
"""

import asyncio
import fcntl
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Generic, Literal, TypeVar
from uuid import uuid4

from pydantic import BaseModel

from backend.db.guard import forbid_in_transaction
from backend.errors import ChildFailed, NexusError
from backend.jobs import child_main

T = TypeVar("T", bound=BaseModel)
Limit = Literal["cpu", "wall", "memory", "output", "crash"]

STDERR_TAIL = 4_096
CHANNEL_LINE = 64 * 1024
MIB = 1024 * 1024
UNLIMITED = 2**62
"""Bytes: more than any machine has."""
_CRASHES = frozenset(
    {signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGSYS}
)
_PASSED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "TZ", "CUDA_VISIBLE_DEVICES")

log = logging.getLogger(__name__)


class LimitReached(ChildFailed):
    """The child used up one of its limits, or crashed in native code: the same input will most likely do so again.

    Native libraries abort when memory is refused to them, so that a crash may be the memory limit.
    """

    def __init__(self, message: str, limit: Limit) -> None:
        super().__init__(message)
        self.limit = limit


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """Seconds of processor and wall time, bytes of address space and of each output file, and threads of a library.

    Where address space says nothing (a GPU's driver reserves all of the machine's), `memory_bytes` is `UNLIMITED`.
    """

    cpu_seconds: int = 60
    wall_seconds: float = 120.0
    memory_bytes: int = 2048 * MIB
    output_bytes: int = 1024 * MIB
    threads: int = 1


@dataclass(frozen=True, slots=True)
class ChildProgress:
    """`done` of `total`; the total is None while unknown."""

    done: int
    total: int | None


class Spool(Generic[T]):
    """Records of one class in a JSON Lines file: may be iterated again, and is read line by line."""

    def __init__(self, path: Path, kind: type[T], *, owner: object = None) -> None:
        self.path = path
        self._kind = kind
        self._owner = owner  # keeps the folder while somebody may still read

    def __iter__(self) -> Iterator[T]:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", newline="\n") as lines:
            for line in lines:
                yield self._kind.model_validate_json(line)

    def batches(self, size: int) -> Iterator[list[T]]:
        records = iter(self)
        while batch := list(islice(records, size)):
            yield batch


class ChildOutput:
    """What a child wrote. `close` removes it; so does the end of the last reference, or of the process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def records(self, kind: type[T]) -> Spool[T]:
        return Spool(self.folder / f"{kind.__name__}.jsonl", kind, owner=self)

    def close(self) -> None:
        self._remove()

    def __enter__(self) -> "ChildOutput":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Children:
    """Runs tasks in limited children, at most `at_once` together (default: one per core). One per event loop.

    `spool` is the directory for results (default: the system's temporary one). Folders that a killed process left
    there are removed when the next one starts.
    """

    def __init__(self, *, at_once: int | None = None, spool: Path | None = None) -> None:
        self._slots = asyncio.Semaphore(at_once or os.cpu_count() or 1)
        base = spool or Path(tempfile.gettempdir()) / f"nexus-{os.getuid()}"
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._root, lock = _claim_root(base)
        self._close = weakref.finalize(self, _release_root, self._root, lock)

    def close(self) -> None:
        """Remove every result that is still there."""
        self._close()

    async def run(
        self,
        task: str,
        arguments: BaseModel,
        *,
        limits: ChildLimits | None = None,
        on_progress: Callable[[ChildProgress], None] | None = None,
    ) -> ChildOutput:
        """Run `main` of the module `task`. Raises the task's own `NexusError`, `LimitReached` or `ChildFailed`.

        Cancelling kills the child before the cancellation goes on.
        """
        forbid_in_transaction("Children.run")
        limits = limits or ChildLimits()
        folder = self._root / uuid4().hex
        async with self._slots:
            output = ChildOutput(folder)
            try:
                folder.mkdir(mode=0o700)
                order = {"arguments": arguments.model_dump_json(), "limits": _numbers(limits)}
                (folder / "order.json").write_text(json.dumps(order), encoding="utf-8")
                await _Run(task, folder, limits, on_progress).wait()
            except BaseException:
                output.close()
                raise
        return output


class _Run:
    """One child from start to verdict."""

    def __init__(
        self, task: str, folder: Path, limits: ChildLimits, on_progress: Callable[[ChildProgress], None] | None
    ) -> None:
        self._task = task
        self._folder = folder
        self._limits = limits
        self._on_progress = on_progress
        self._verdict: dict[str, object] = {}
        self._stderr = b""

    async def wait(self) -> None:
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                returncode = await self._communicate()
        except TimeoutError:
            raise LimitReached(
                f"the child {self._task} was stopped after {self._limits.wall_seconds:g} s; "
                "the input is too slow to work through",
                "wall",
            ) from None
        if self._verdict.get("finished") is True and returncode == 0:
            return
        error = self._failure(returncode)
        if isinstance(error, ChildFailed):
            told = {"code": error.code, "task": self._task, "returncode": returncode, "stderr": self._tail()}
            log.warning("a child failed", extra=told)
        raise error

    async def _communicate(self) -> int:
        async with _channel() as (reader, write_fd):
            process = await self._start(write_fd)
            try:
                await asyncio.gather(self._listen(reader), self._keep_tail(process.stderr))
                return await process.wait()
            finally:
                # Also after success: nothing the child started may stay behind.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await asyncio.shield(process.wait())

    async def _start(self, write_fd: int) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                str(child_main.__file__),
                self._task,
                str(self._folder),
                str(write_fd),
                str(os.getpid()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(write_fd,),
                env=child_environment(self._folder, self._limits.threads),
                cwd=self._folder,
                start_new_session=True,
            )
        finally:
            os.close(write_fd)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            async for line in reader:
                self._hear(json.loads(line))
        except ValueError:  # a line over the limit, or not JSON: the child is not to be trusted any more
            self._verdict = {}

    def _hear(self, message: dict[str, object]) -> None:
        done, total = message.get("done"), message.get("total")
        if not isinstance(done, int):
            self._verdict = message
        elif self._on_progress is not None:
            self._on_progress(ChildProgress(done, total if isinstance(total, int) else None))

    async def _keep_tail(self, stderr: asyncio.StreamReader | None) -> None:
        assert stderr is not None, "stderr is always piped"
        while piece := await stderr.read(STDERR_TAIL):
            self._stderr = (self._stderr + piece)[-STDERR_TAIL:]

    def _tail(self) -> str:
        return self._stderr.decode("utf-8", "replace")

    def _failure(self, returncode: int) -> NexusError:
        said = self._verdict
        if returncode < 0:
            return self._death(signal.Signals(-returncode))
        if said.get("limit") == "memory":
            memory = self._limits.memory_bytes // MIB
            return LimitReached(f"the child {self._task} needs more memory than its {memory} MiB", "memory")
        if said.get("limit") == "output":
            size = self._limits.output_bytes // MIB
            return LimitReached(f"the results of {self._task} are larger than {size} MiB", "output")
        kind = errors_by_code().get(str(said.get("error")), ChildFailed)
        return kind(str(said.get("message") or f"the child {self._task} ended without an answer"))

    def _death(self, by: signal.Signals) -> ChildFailed:
        if by is signal.SIGXCPU:
            seconds = self._limits.cpu_seconds
            return LimitReached(f"the child {self._task} used up its {seconds} s of processor time", "cpu")
        if by in _CRASHES:
            return LimitReached(f"the child {self._task} crashed with {by.name}", "crash")
        return ChildFailed(f"the child {self._task} was killed by {by.name}")


def child_environment(home: Path, threads: int = 1) -> dict[str, str]:
    """All that a child sees of the environment: no settings, no keys. Few threads, since each takes address space."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return passed | {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home),
        "OMP_NUM_THREADS": str(threads),
        # Threads that spin for their turn are slow where another process wants a core: on two busy ones a step of
        # SmolLM2 took 5.3 s spinning (10.7 s another time) and 2.1 s passive.
        "OMP_WAIT_POLICY": "passive",
        "RAYON_NUM_THREADS": "1",
        "TOKIO_WORKER_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "MALLOC_ARENA_MAX": "2",
    }


@cache
def errors_by_code() -> dict[str, type[NexusError]]:
    """Every error that a child may raise by name."""
    found: dict[str, type[NexusError]] = {}
    queue: list[type[NexusError]] = [NexusError]
    while queue:
        kind = queue.pop()
        found.setdefault(kind.code, kind)
        queue.extend(sub for sub in kind.__subclasses__() if sub.__module__ == NexusError.__module__)
    return found


@asynccontextmanager
async def _channel() -> AsyncIterator[tuple[asyncio.StreamReader, int]]:
    """A pipe: its reading end as a stream, its writing end as a descriptor that the user closes."""
    read_fd, write_fd = os.pipe()
    reader = asyncio.StreamReader(limit=CHANNEL_LINE)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_fd, "rb", buffering=0)
    )
    try:
        yield reader, write_fd
    finally:
        transport.close()


def _numbers(limits: ChildLimits) -> dict[str, int]:
    return {name: int(value) for name, value in asdict(limits).items()}


def _claim_root(base: Path) -> tuple[Path, int]:
    """A folder of our own under `base`, held by a lock; folders whose holder is gone are removed."""
    gate = os.open(base / "children.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        _sweep(base.glob("children-*"))
        root = base / f"children-{uuid4().hex}"
        root.mkdir(mode=0o700)
        lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return root, lock
    finally:
        os.close(gate)


def _sweep(roots: Iterable[Path]) -> None:
    for root in roots:
        try:
            lock = os.open(root / "lock", os.O_RDWR)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(root, ignore_errors=True)
        finally:
            os.close(lock)


def _release_root(root: Path, lock: int) -> None:
    shutil.rmtree(root, ignore_errors=True)
    os.close(lock)
