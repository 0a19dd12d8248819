"""Who uses a data directory: any number of processes together, or one alone."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final

from backend.errors import StartRefused

LOCK_FILE: Final = ".lock"
PATIENCE: Final = 10.0
"""Seconds that a starting process waits for another one that starts or restores."""
_PAUSE: Final = 0.1


class DataLock:
    """Held from construction until `release` or the end of the process, however it ends."""

    def __init__(self, data_dir: Path, *, alone: bool = False) -> None:
        """Raises `StartRefused` when `alone` is wanted and others are there, or when another stays alone."""
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            self._file = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as exc:
            raise StartRefused(
                f"the data directory {str(data_dir)!r} cannot be used ({exc.strerror}); check its owner and mode"
            ) from exc
        self.is_alone = self._try(fcntl.LOCK_EX)
        if self.is_alone:
            return
        if alone:
            self.release()
            raise StartRefused(f"AI Nexus runs on {str(data_dir)!r}; stop it first")
        deadline = time.monotonic() + PATIENCE
        while not self._try(fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                self.release()
                raise StartRefused(f"another process keeps {str(data_dir)!r} to itself; wait for it to end")
            time.sleep(_PAUSE)

    def share(self) -> None:
        """Lets others in."""
        fcntl.flock(self._file, fcntl.LOCK_SH)
        self.is_alone = False

    def release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _try(self, kind: int) -> bool:
        try:
            fcntl.flock(self._file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
