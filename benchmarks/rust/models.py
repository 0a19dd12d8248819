"""The models that the contests run on."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from backend.embeddings.native import SPEC, packaged_model
from benchmarks.figures import Unavailable
from benchmarks.rust import cache

FOLDER = "NEXUS_MPNET"
"""The environment variable with the folder of all-mpnet-base-v2; without it, the folder of that name in the cache."""
MPNET_SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"


@dataclass(frozen=True, slots=True)
class Model:
    """`revision` begins the names of what is kept of it. `texts`: of one run, which takes a second or a few."""

    folder: Path
    revision: str
    dimension: int
    max_tokens: int
    texts: int


def minilm() -> Model:
    """all-MiniLM-L6-v2, which the application brings along."""
    return Model(packaged_model(), SPEC.revision, SPEC.dimension, 256, 128)


def mpnet() -> Model:
    """all-mpnet-base-v2. Raises `Unavailable`."""
    folder = mpnet_folder()
    with (folder / "model.safetensors").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != MPNET_SHA256:
        raise Unavailable(f"{str(folder)!r} holds other weights: sha256 {found!r}, not {MPNET_SHA256!r}")
    return Model(folder, MPNET_SHA256[:12], 768, 384, 12)


def mpnet_folder() -> Path:
    """Where all-mpnet-base-v2 is, its weights not looked at. Raises `Unavailable`."""
    folder = Path(os.environ.get(FOLDER) or cache.folder() / "all-mpnet-base-v2")
    if not (folder / "model.safetensors").is_file():
        raise Unavailable(f"no all-mpnet-base-v2 in {str(folder)!r}; put it there, or its folder into {FOLDER}")
    return folder


NAMED = {"minilm": minilm, "mpnet": mpnet}
