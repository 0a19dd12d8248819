"""The folder that the name of a base model means."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from backend.errors import InvalidRequest, UnusableModel
from backend.finetuning import model_folder
from backend.finetuning.model_folder import CONFIG
from backend.finetuning.needs import Shape

SAMPLE: Final = "smollm2-135m-instruct"
SAMPLE_SHAPE: Final = Shape(parameters=134_515_008, adapted=305_280, layers=30, width=576, vocabulary=49_152)
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")


def require_allowed(base_model: str, roots: Sequence[Path] | None) -> None:
    """Raises `InvalidRequest` for a path that leads out of the `roots`, whether something is there or not: who may
    train must not learn what is on the server. None allows every folder."""
    path = Path(base_model)
    if roots is None or not path.is_absolute():
        return
    if ".." in path.parts or not any(path.is_relative_to(root) and path != root for root in roots):
        raise InvalidRequest(
            f"base_model: {base_model!r} is in none of the folders that base models are taken from; have it put into "
            "the folder of models (NEXUS_MODELS_DIR), or its folder listed in NEXUS_BASE_MODEL_DIRS, or name one of "
            "the Hugging Face cache"
        )


def shape(folder: Path) -> Shape:
    """Raises `UnusableModel` for weights that are cut or damaged."""
    config = model_folder.config(folder)
    names = ("num_hidden_layers", "hidden_size", "vocab_size")
    sizes = [int(str(config[name])) if name in config else 0 for name in names]
    return Shape.of(model_folder.tensors(folder), *sizes)


def folder_of(base_model: str, hub: Path) -> Path:
    """Of an absolute path, or of a Hugging Face id that is in the cache `hub`. Nothing is downloaded.

    Raises `UnusableModel` for what is not on this machine.
    """
    path = Path(base_model)
    if path.is_absolute():
        if not path.is_dir():
            raise UnusableModel(f"the base model {base_model!r} is no folder of this machine; give one with {CONFIG!r}")
        return path
    if not _ID.fullmatch(base_model) or ".." in base_model:
        raise UnusableModel(
            f"the base model {base_model!r} is neither {SAMPLE!r} nor a whole path nor a Hugging Face id"
        )
    cached = hub / f"models--{base_model.replace('/', '--')}"
    main = cached / "refs" / "main"
    snapshot = cached / "snapshots" / main.read_text(encoding="ascii").strip() if main.is_file() else cached
    if snapshot.parent.name != "snapshots" or not snapshot.is_dir():
        raise UnusableModel(
            f"the base model {base_model!r} is not in this machine's Hugging Face cache, and nothing is downloaded: "
            f"fetch it with `hf download {base_model}`, give the path of its folder, or take {SAMPLE!r}"
        )
    return snapshot
