"""What this machine gives a training: memory, disk, one GPU, and no network."""

import os
import resource
import sys
from pathlib import Path
from typing import Final

from backend.errors import StorageFull, TrainingOutOfMemory

MIB: Final = 1024 * 1024
_MEMINFO: Final = Path("/proc/meminfo")
_CGROUP: Final = Path("/sys/fs/cgroup")
_GPU_DRIVERS: Final = tuple(map(Path, ("/proc/driver/nvidia/gpus", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")))


def offline() -> None:
    """Before any of the libraries is imported: no network, one GPU, no bars."""
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_DATASETS_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        TRANSFORMERS_VERBOSITY="error",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
        TQDM_DISABLE="1",
    )
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]


def peak_memory() -> float:
    """Megabytes that this process, or its GPU, held at most."""
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated()) / MIB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else MIB)


def require_memory(needed: int, free: int | None) -> None:
    """Raises `TrainingOutOfMemory`; where it is not known what is free, the training may try."""
    if free is not None and needed > free:
        raise TrainingOutOfMemory(
            f"the training needs about {needed // MIB} MB of memory, and {free // MIB} MB are free; lower batch or "
            "max_length, choose a smaller base model, or end other programs"
        )


def require_disk(needed: int, free: int) -> None:
    """Raises `StorageFull`."""
    if needed > free:
        raise StorageFull(
            f"the training needs about {needed // MIB} MB of disk for its checkpoints and its model, and "
            f"{free // MIB} MB are free; free some and try again"
        )


def free_memory() -> int | None:
    """Bytes that this machine, or the container that this is, can still give; None where that is not known."""
    if not _MEMINFO.exists():
        return None
    lines = dict(line.split(":", 1) for line in _MEMINFO.read_text(encoding="ascii").splitlines())
    free = int(lines["MemAvailable"].split()[0]) * 1024
    try:
        limit, used = (
            (_CGROUP / name).read_text(encoding="ascii").strip() for name in ("memory.max", "memory.current")
        )
    except OSError:
        return free
    return free if limit == "max" else max(min(free, int(limit) - int(used)), 0)


def all_memory() -> int | None:
    """Bytes that this machine, or the container that this is, has at most; None where that is not known."""
    if not _MEMINFO.exists():
        return None
    lines = dict(line.split(":", 1) for line in _MEMINFO.read_text(encoding="ascii").splitlines())
    whole = int(lines["MemTotal"].split()[0]) * 1024
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
    except OSError:
        return whole
    return whole if limit == "max" else min(whole, int(limit))


def may_have_gpu() -> bool:
    """Whether a driver of one is loaded: what it has is told by torch alone."""
    return any(path.exists() for path in _GPU_DRIVERS)


def limit_memory(free: int | None) -> None:
    """Of this process: to what it has now, and what was free. Beyond it an allocation fails, and nothing is killed."""
    if free is None:
        return
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + free, hard))
