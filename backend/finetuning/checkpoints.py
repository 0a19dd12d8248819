"""Checkpoints: a folder that is whole or not there, with a list of its files that is checked before one is opened.

They consist of safetensors and JSON alone, the states of the optimizer and of chance included: nothing in them can run
code, whoever wrote them. The list tells what is cut or was changed.
"""

import os
import shutil
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from backend.errors import UnusableModel
from backend.finetuning.base import ModelFile
from backend.finetuning.files import described, verify

FOLDER: Final = "checkpoints"
MANIFEST: Final = "manifest.json"
KEPT: Final = 2
_DRAFT: Final = ".part"


class Manifest(BaseModel):
    step: int
    files: list[ModelFile]


def begin(root: Path) -> Path:
    """An empty folder to write a checkpoint into; what an earlier attempt left there is gone."""
    draft = root / f"next{_DRAFT}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    return draft


def seal(draft: Path, step: int) -> Path:
    """From here on it is there, and whole. Older ones than the last `KEPT` are removed.

    Raises `UnusableModel` for a file of a kind that is not read.
    """
    files = described(draft, *sorted(path.name for path in draft.iterdir()))
    (draft / MANIFEST).write_text(Manifest(step=step, files=files).model_dump_json(), encoding="utf-8")
    for path in (*draft.iterdir(), draft):
        _sync(path)
    whole = at(draft.parent, step)
    shutil.rmtree(whole, ignore_errors=True)
    os.replace(draft, whole)
    _sync(whole.parent)
    for old in _sealed(whole.parent)[:-KEPT]:
        shutil.rmtree(old)
    return whole


def newest(root: Path) -> tuple[Path, int] | None:
    """The last one that is whole, and its step. Those behind it that are damaged are removed."""
    for path in reversed(_sealed(root)):
        try:
            return path, _verified(path).step
        except UnusableModel:
            shutil.rmtree(path)
    return None


def at(root: Path, step: int) -> Path:
    """Where the one of a step is, or would be."""
    return root / f"step-{step:08d}"


def steps(root: Path) -> list[int]:
    """Of those that are there, the first first; whether they are whole is not looked at."""
    return [int(path.name.partition("-")[2]) for path in _sealed(root)]


def _verified(path: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json((path / MANIFEST).read_bytes())
    except (OSError, ValidationError) as exc:
        raise UnusableModel(f"the checkpoint {path.name!r} has no list of its files") from exc
    verify(path, manifest.files)
    if {one.name for one in path.iterdir()} != {MANIFEST, *(file.path for file in manifest.files)}:
        raise UnusableModel(f"the checkpoint {path.name!r} holds files that training did not write")
    return manifest


def _sealed(root: Path) -> list[Path]:
    return sorted(path for path in root.glob("step-*") if path.is_dir())


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
