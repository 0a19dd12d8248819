"""One process per executor id and data directory: recovery takes over what an id left, so nobody may share it."""

import fcntl
import os
import re
from pathlib import Path

from backend.errors import StartRefused

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class ExecutorLock:
    """Held from construction until `release` or the end of the process. Raises `StartRefused` when another has it."""

    def __init__(self, data_dir: Path, executor_id: str) -> None:
        self.executor_id = executor_id
        self._directory = data_dir / "executors"
        self._directory.mkdir(parents=True, exist_ok=True)
        self._file = os.open(_path(self._directory, executor_id), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise StartRefused(
                f"another process already runs as {executor_id!r} on {str(data_dir)!r}; "
                "stop it, or set NEXUS_EXECUTOR_ID or NEXUS_DATA_DIR"
            ) from None

    def is_gone(self, executor_id: str | None) -> bool:
        """Whether nobody else runs under this id. An id that left no lock file here may run on another machine."""
        if executor_id is None or executor_id == self.executor_id:
            return True
        try:
            file = os.open(_path(self._directory, executor_id), os.O_RDWR | os.O_CLOEXEC)
        except (FileNotFoundError, StartRefused):
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(file)

    def release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _path(directory: Path, executor_id: str) -> Path:
    if not _ID.fullmatch(executor_id):
        raise StartRefused(
            f"the executor id {executor_id!r} is not usable; "
            "set NEXUS_EXECUTOR_ID to lower-case letters, digits, - and _"
        )
    return directory / f"{executor_id}.lock"
