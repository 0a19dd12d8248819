"""Where uploaded files live: `<root>/<workspace>/<document>`, and `<root>/incoming` while they arrive.

Names are ids made by us. A name that a user gave is never part of a path.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4


class FileStore:
    """A directory. Creating, moving and deleting are atomic; a crash leaves at most files that `sweep` removes."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    def prepare(self) -> None:
        self._incoming.mkdir(parents=True, exist_ok=True)

    def new_incoming(self) -> Path:
        """A path for a file that is arriving; `keep` or unlink it."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        return self._incoming / uuid4().hex

    def path(self, workspace_id: UUID, document_id: UUID) -> Path:
        return self._root / workspace_id.hex / document_id.hex

    def keep(self, incoming: Path, workspace_id: UUID, document_id: UUID) -> None:
        target = self.path(workspace_id, document_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(incoming, target)

    def delete(self, workspace_id: UUID, document_id: UUID) -> None:
        self.path(workspace_id, document_id).unlink(missing_ok=True)

    def all(self, *, since: float = 0.0) -> Iterator[tuple[UUID, UUID]]:
        """(workspace, document) of every file stored after `since`, seconds of the epoch."""
        for folder in self._root.iterdir():
            if folder == self._incoming or not folder.is_dir():
                continue
            for file in folder.iterdir():
                if file.stat().st_ctime >= since:
                    yield UUID(folder.name), UUID(file.name)

    def sweep_incoming(self) -> None:
        """Removes what an earlier process was receiving when it died. Only at start, before any upload."""
        for leftover in self._incoming.iterdir():
            leftover.unlink(missing_ok=True)

    def size(self) -> int:
        """Bytes of all files. Walks the directory."""
        return sum(entry.stat().st_size for entry in self._root.rglob("*") if entry.is_file())
