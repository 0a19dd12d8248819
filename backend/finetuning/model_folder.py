"""What of a model's folder is refused before anything in it is opened, and what its files say.

No code of a model is ever run: weights come from safetensors alone, and a configuration that names code, by
`auto_map` or as the implementation of attention, is refused, whatever a library would do with it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import safetensors
from pydantic import JsonValue

from backend.errors import UnusableModel

CONFIG: Final = "config.json"
TOKENIZER: Final = "tokenizer.json"
TEMPLATE: Final = "chat_template.jinja"
_SETTINGS: Final = "tokenizer_config.json"
INDEX: Final = "model.safetensors.index.json"
WEIGHTS: Final = "*.safetensors"
RUNS_CODE: Final = frozenset(
    {".bin", ".ckpt", ".dll", ".dylib", ".h5", ".joblib", ".keras", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth"}
    | {".py", ".pyc", ".so"}
)
"""Pickles by their usual names, and code."""
NAMES_CODE: Final = frozenset(
    {"auto_map", "trust_remote_code", "custom_generate", "attn_implementation", "experts_implementation"}
    | {"_attn_implementation", "_experts_implementation"}
    | {"_attn_implementation_internal", "_experts_implementation_internal"}
)
"""Keys by which a library fetches or imports code that a model names."""
LONGEST_CONFIG: Final = 16 * 1024 * 1024
_VOCABULARIES: Final = frozenset({TOKENIZER, "vocab.json", "added_tokens.json"})
"""Keys in these are words."""


@dataclass(frozen=True, slots=True)
class Tensor:
    name: str
    shape: tuple[int, ...]


def check(folder: Path) -> None:
    """Raises `UnusableModel` for a folder that holds anything which could run code, or that is not whole."""
    for name in (CONFIG, TOKENIZER):
        if not (folder / name).is_file():
            raise UnusableModel(f"the model has no {name!r}; give the folder of a whole Hugging Face model")
    _refuse_code(folder)
    for path in sorted(folder.rglob("*.json")):
        if path.name not in _VOCABULARIES:
            _refuse_named_code(path)
    _check_index(folder / INDEX)
    if not list(folder.glob(WEIGHTS)):
        raise UnusableModel(f"the model has no {WEIGHTS} file; export its weights as safetensors")


def require_template(folder: Path) -> None:
    """Raises `UnusableModel` for a model that nobody can chat with."""
    kept = folder / TEMPLATE
    if kept.is_file() and kept.read_text(encoding="utf-8", errors="replace").strip():
        return
    settings = folder / _SETTINGS
    told = read_json(settings) if settings.is_file() else None
    if not (isinstance(told, dict) and told.get("chat_template")):
        raise UnusableModel(
            "the model has no chat template, so that nothing says how its conversations are written; choose one that "
            "was tuned for instructions"
        )


def config(folder: Path) -> dict[str, JsonValue]:
    found = read_json(folder / CONFIG)
    if not isinstance(found, dict):
        raise UnusableModel(f"{CONFIG!r} of the model is no JSON object; take another copy of the model")
    return found


def tensors(folder: Path) -> list[Tensor]:
    """Names and shapes, from the headers. Raises `UnusableModel` for a file that is cut or is no safetensors."""
    found: list[Tensor] = []
    for path in sorted(folder.glob(WEIGHTS)):
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                found += [Tensor(name, tuple(file.get_slice(name).get_shape())) for name in file.keys()]  # noqa: SIM118 - not a mapping
        except (OSError, safetensors.SafetensorError) as exc:
            raise UnusableModel(f"{path.name!r} of the model is cut or damaged ({exc}); take another copy") from exc
    return found


def read_json(path: Path) -> JsonValue:
    if path.stat().st_size > LONGEST_CONFIG:
        raise UnusableModel(f"{path.name!r} of the model has more than {LONGEST_CONFIG // 1024**2} MB; it is not read")
    try:
        found: JsonValue = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as exc:
        raise UnusableModel(f"{path.name!r} of the model is no JSON ({exc}); take another copy of the model") from exc
    return found


def _refuse_code(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in RUNS_CODE:
            raise UnusableModel(
                f"the model is refused: its file {path.name!r} can run code when it is opened; remove it, or "
                "export the weights as safetensors"
            )


def _refuse_named_code(path: Path) -> None:
    for key in _keys(read_json(path)):
        if key in NAMES_CODE:
            raise UnusableModel(
                f"the model is refused: {path.name!r} has {key!r}, by which a model names code to run; take a "
                "model without code of its own"
            )


def _keys(value: JsonValue) -> Iterator[str]:
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield from found
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)


def _check_index(path: Path) -> None:
    """An index says in which file each tensor is: only in safetensors beside it."""
    if not path.exists():
        return
    found = read_json(path)
    names = found.get("weight_map") if isinstance(found, dict) else None
    for name in names.values() if isinstance(names, dict) else ():
        if not isinstance(name, str) or PurePosixPath(name).name != name or not name.endswith(".safetensors"):
            raise UnusableModel(f"{path.name!r} of the model names the file {name!r}; only safetensors are read")
