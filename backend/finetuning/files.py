"""The files of trained models: their checksums, and which kinds may be opened at all."""

from collections.abc import Sequence
from hashlib import file_digest
from os import stat_result
from pathlib import Path
from typing import Final

from backend.errors import UnusableModel
from backend.finetuning.base import ModelFile

READ: Final = frozenset({".safetensors", ".gguf", ".json", ".txt", ".jinja"})
"""What a model may consist of. Weights in any other form (.pt, .bin, .pkl, .ckpt) can run code when they are opened."""


def described(folder: Path, *names: str) -> list[ModelFile]:
    """The files of these names below the folder. Raises `UnusableModel` for a kind that is not read."""
    return [_described(folder, name) for name in names]


def _described(folder: Path, name: str) -> ModelFile:
    path = folder / name
    require_readable(path)
    with path.open("rb") as file:
        return ModelFile(path=name, size=path.stat().st_size, sha256=file_digest(file, "sha256").hexdigest())


def require_readable(path: Path) -> None:
    """Raises `UnusableModel`, without opening the file."""
    if path.suffix.lower() not in READ:
        raise UnusableModel(
            f"{path.name!r} is refused: of models only {', '.join(sorted(READ))} are read, since other forms can run "
            "code; export the weights as safetensors"
        )


class CheckedFiles:
    """Remembers the sha256 of files, each until its size or time changes: 300 MB take a quarter of a second to read."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, int, str]] = {}

    def look(self, folder: Path, files: Sequence[ModelFile]) -> None:
        """Raises `UnusableModel` for a file that is missing, has another size than what was trained, or was read since
        and is not that; reads none."""
        for file in files:
            self._require(file, _found(folder, file), folder / file.path)

    def verify(self, folder: Path, files: Sequence[ModelFile]) -> None:
        """As `look`, and reads those that are not known yet; blocks."""
        for file in files:
            path, found = folder / file.path, _found(folder, file)
            if self._sha256(path, found) is None:
                with path.open("rb") as opened:
                    digest = file_digest(opened, "sha256").hexdigest()
                self._known[path] = (found.st_size, found.st_mtime_ns, digest)
            self._require(file, found, path)

    def _require(self, file: ModelFile, found: stat_result, path: Path) -> None:
        if found.st_size != file.size or self._sha256(path, found) not in (None, file.sha256):
            raise UnusableModel(f"{file.path!r} of the model is not what was trained; train it anew")

    def _sha256(self, path: Path, found: stat_result) -> str | None:
        size, time, sha256 = self._known.get(path, (0, 0, None))
        return sha256 if (size, time) == (found.st_size, found.st_mtime_ns) else None


def verify(folder: Path, files: Sequence[ModelFile]) -> None:
    """Raises `UnusableModel` for a file that is missing or is not what was trained; reads all of them."""
    CheckedFiles().verify(folder, files)


def _found(folder: Path, file: ModelFile) -> stat_result:
    path = folder / file.path
    require_readable(path)
    if not path.is_file():
        raise UnusableModel(f"{file.path!r} of the model is missing; train it anew")
    return path.stat()
