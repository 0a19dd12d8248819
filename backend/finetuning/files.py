"""The files of trained models: their checksums, and which kinds may be opened at all."""

from hashlib import file_digest
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


def verify(folder: Path, files: list[ModelFile]) -> None:
    """Raises `UnusableModel` for a file that is missing or is not what was trained."""
    for file in files:
        path = folder / file.path
        require_readable(path)
        if not path.is_file():
            raise UnusableModel(f"{file.path!r} of the model is missing; train it anew")
        with path.open("rb") as opened:
            if file_digest(opened, "sha256").hexdigest() != file.sha256:
                raise UnusableModel(f"{file.path!r} of the model is not what was trained; train it anew")
