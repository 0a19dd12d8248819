"""Memory that trainings of this machine have been promised and not taken yet: what is free says nothing of it.

Each training keeps a file for as long as it lives, locked, so that one whose process died counts no more. It says how
much the training needs and how much of that it has taken.
"""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from backend.errors import TrainingMustWait
from backend.finetuning.machine import MIB, require_memory

_GATE: Final = "gate"
_SUFFIX: Final = ".held"
_WIDTH: Final = 20


def folder() -> Path:
    """That of this user on this machine."""
    return Path(tempfile.gettempdir()) / f"nexus-{os.getuid()}" / "trainings"


@dataclass(frozen=True, slots=True)
class Others:
    """The trainings that go on: bytes that they have `taken`, and those `promised` them beyond that."""

    count: int
    taken: int
    promised: int


class Reservation:
    """Of one training, until its process ends or `release`. `room` is what it may take beyond what it has, None where
    it is not known what is free. All in bytes."""

    def __init__(self, path: Path, needed: int, taken: int, room: int | None) -> None:
        self.room = room
        self._path = path
        self._needed = needed
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self.took(taken)

    def took(self, size: int) -> None:
        """What it has by now: that is not free any more, and not promised either."""
        os.pwrite(self._file, f"{self._needed:{_WIDTH}d}{size:{_WIDTH}d}".encode("ascii"), 0)

    def release(self) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._file)


def reserve(where: Path, needed: int, *, free: Callable[[], int | None], taken: int = 0) -> Reservation:
    """A promise of what a training needs, of which it has `taken` some already.

    Raises `TrainingOutOfMemory` for what this machine cannot give, and `TrainingMustWait` for what it can give once
    other trainings have ended.
    """
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(where):
        now, others = free(), living(where)
        room = None if now is None else max(now - others.promised, 0)
        if now is not None and needed > now - others.promised:
            if needed > now + others.taken:
                require_memory(needed, now)
            raise TrainingMustWait(
                f"the training needs about {needed // MIB} MB of memory, and {now // MIB} MB are free, "
                f"{others.promised // MIB} MB of them kept for {_named(others)}; start it again once "
                f"{'that has' if others.count == 1 else 'those have'} ended, or lower batch or max_length"
            )
        return Reservation(where / f"{uuid4().hex}{_SUFFIX}", needed, taken, room)


def living(where: Path) -> Others:
    """Files of those that live no more are removed."""
    found = list(_living(where))
    return Others(
        count=len(found),
        taken=sum(taken for _, taken in found),
        promised=sum(max(needed - taken, 0) for needed, taken in found),
    )


def _named(others: Others) -> str:
    if others.count == 1:
        return f"another training, which has {others.taken // MIB} MB already"
    return f"{others.count} other trainings, which have {others.taken // MIB} MB already"


@contextmanager
def _alone(where: Path) -> Iterator[None]:
    """Of two that begin at the same time, the second sees what the first was promised."""
    gate = os.open(where / _GATE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield
    finally:
        os.close(gate)


def _living(where: Path) -> Iterator[tuple[int, int]]:
    for path in where.glob(f"*{_SUFFIX}"):
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            if _is_locked(file):
                told = os.read(file, 2 * _WIDTH)
                yield int(told[:_WIDTH]), int(told[_WIDTH:])
            else:
                path.unlink(missing_ok=True)
        finally:
            os.close(file)


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
