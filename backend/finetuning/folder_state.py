"""What is told of a model's folder by its files, without opening them again while they stay as they are."""

from collections import OrderedDict
from collections.abc import Callable
from copy import copy
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from backend.errors import NexusError
from backend.finetuning.gguf_fit import NotExported
from backend.finetuning.model_folder import CONFIG

T = TypeVar("T")
State = tuple[tuple[str, int, int], ...]

KEPT: Final = 32
"""Folders that are remembered of each kind of question."""


def remembered(read: Callable[[Path], T]) -> Callable[[Path], T]:
    """Reads a folder again once one of its files came, went, or has another size or time of change.

    What `read` refuses, by `NexusError` or `NotExported`, is remembered as well. For what is told before a training,
    not for what guards it: who sets the time of a file back is not noticed.
    """
    kept: OrderedDict[Path, tuple[State, T | Exception]] = OrderedDict()
    lock = Lock()

    def told(folder: Path) -> T:
        if not (folder / CONFIG).is_file():
            return read(folder)
        state = _state(folder)
        with lock:
            known = kept.pop(folder, None)
        found = known[1] if known is not None and known[0] == state else _outcome(read, folder)
        with lock:
            kept[folder] = state, found
            while len(kept) > KEPT:
                kept.popitem(last=False)
        if isinstance(found, Exception):
            raise copy(found)
        return found

    return told


def _outcome(read: Callable[[Path], T], folder: Path) -> T | Exception:
    try:
        return read(folder)
    except (NexusError, NotExported) as exc:
        return exc.with_traceback(None)


def _state(folder: Path) -> State:
    """Name below the folder, nanoseconds of the last change and bytes of each file; -1 for a link to nothing."""
    found: list[tuple[str, int, int]] = []
    for path in folder.rglob("*"):
        try:
            known = path.stat()
            found.append((str(path.relative_to(folder)), known.st_mtime_ns, known.st_size))
        except OSError:
            found.append((str(path.relative_to(folder)), -1, -1))
    return tuple(sorted(found))
