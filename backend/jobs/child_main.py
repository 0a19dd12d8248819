"""The child's side of `backend.jobs.children`: `python -I child_main.py <task module> <folder> <fd> <parent pid>`.

A task module is importable by name and has

    def main(arguments: Arguments, report: Report) -> Iterable[BaseModel]

`Arguments` is the Pydantic model that annotates the parameter. Every record that is yielded is written as one JSON
line to `<folder>/<class of the record>.jsonl`, in order. `report(done, total)` tells how far it is, as often as it
likes. A `NexusError` that is raised reaches the parent as the same error; anything else as `ChildFailed`.
Task modules keep their imports few: they are paid at each start.
"""

import errno
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from pydantic import BaseModel

Report = Callable[[int, int | None], None]

REPORTS_PER_SECOND = 10
MESSAGE_LENGTH = 2_000
_PR_SET_PDEATHSIG = 1


def limit_self(limits: dict[str, int], parent: int) -> None:
    """Take the limits before any package is imported, and die with the parent."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _lower(resource.RLIMIT_AS, limits["memory_bytes"])
    if os.getppid() != parent:
        os._exit(1)
    _lower(resource.RLIMIT_CPU, limits["cpu_seconds"])
    _lower(resource.RLIMIT_FSIZE, limits["output_bytes"])
    _lower(resource.RLIMIT_CORE, 0)
    os.nice(10)


def _lower(kind: int, value: int) -> None:
    soft, hard = resource.getrlimit(kind)
    known = [limit for limit in (soft, hard, value) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(kind, (min(known), hard))


class Spooler:
    """Writes records into one file per class and progress lines to the parent."""

    def __init__(self, folder: Path, channel: IO[str]) -> None:
        self._folder = folder
        self._channel = channel
        self._files: dict[type[Any], IO[str]] = {}
        self._stack = ExitStack()
        self._next_report = 0.0
        self._total: int | None = None

    def write(self, records: "Iterable[BaseModel]") -> None:
        with self._stack:
            for record in records:
                kind = type(record)
                out = self._files.get(kind)
                if out is None:
                    path = self._folder / f"{kind.__name__}.jsonl"
                    out = self._stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
                    self._files[kind] = out
                out.write(record.model_dump_json())
                out.write("\n")

    def report(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now >= self._next_report or done == total or total != self._total:
            self._next_report = now + 1 / REPORTS_PER_SECOND
            self._total = total
            self.say(done=done, total=total)

    def say(self, **message: object) -> None:
        self._channel.write(json.dumps(message) + "\n")
        self._channel.flush()


def run_task(task: str, arguments: str, spooler: Spooler) -> None:
    main = import_module(task).main
    model: type[BaseModel] = get_type_hints(main)["arguments"]
    spooler.write(main(model.model_validate_json(arguments), spooler.report))


def failure(error: BaseException) -> dict[str, str]:
    """What the parent is told. Only a `NexusError`'s own words go out: other messages may hold paths."""
    from backend.errors import NexusError

    if isinstance(error, NexusError):
        return {"error": error.code, "message": str(error)[:MESSAGE_LENGTH]}
    if isinstance(error, MemoryError):
        return {"limit": "memory"}
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return {"limit": "output"}
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return {"error": "storage_full", "message": "the disk has no room for the results; free some and try again"}
    return {"error": "child_failed", "message": f"the child failed with {type(error).__name__}"}


def serve(task: str, folder: Path, channel: IO[str], parent: int) -> int:
    order = json.loads((folder / "order.json").read_text(encoding="utf-8"))
    limit_self(order["limits"], parent)
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    spooler = Spooler(folder, channel)
    try:
        run_task(task, order["arguments"], spooler)
    except Exception as error:  # noqa: BLE001  the boundary: every failure becomes a line to the parent
        told = failure(error)
        traceback.print_exc()
        spooler.say(**told)
        return 1
    spooler.say(finished=True)
    return 0


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[3]), "w", encoding="utf-8") as parent_channel:
        code = serve(sys.argv[1], Path(sys.argv[2]), parent_channel, int(sys.argv[4]))
    # Skips the interpreter's teardown: native libraries take up to 0.1 s there, and all files are closed.
    os._exit(code)
