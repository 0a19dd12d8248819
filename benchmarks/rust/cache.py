"""Where models and vectors that take long to make are kept between runs, outside the repository."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def folder() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    made = base / "ai-nexus-benchmarks"
    made.mkdir(parents=True, exist_ok=True)
    return made


def kept(name: str, make: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
    """The array `name`, mapped from disk, made the first time. A name must say all that its content depends on."""
    path = folder() / f"{name}.npy"
    if not path.exists():
        half = path.with_suffix(f".{os.getpid()}.half")
        with half.open("wb") as file:
            np.save(file, make())
        half.replace(path)
    mapped: NDArray[np.float32] = np.load(path, mmap_mode="r")
    return mapped
