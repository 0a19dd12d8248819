"""The folder that the name of a base model means."""

import re
from pathlib import Path
from typing import Final

from backend.errors import UnusableModel
from backend.finetuning.model_folder import CONFIG

SAMPLE: Final = "smollm2-135m-instruct"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")


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
