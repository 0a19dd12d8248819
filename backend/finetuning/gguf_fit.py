"""Whether a model has a place in GGUF, told by its folder alone: without torch, and so before it is trained."""

import json
from pathlib import Path
from typing import Any, Final

from backend.errors import UnusableModel
from backend.finetuning import model_folder
from backend.finetuning.lora_llama import PRE_TOKENIZERS

KIND: Final = "llama"
"""The `model_type` that is written."""


class NotExported(Exception):
    """The model works with transformers; it has no GGUF file, and the message says why."""


def require_place(folder: Path) -> None:
    """Raises `NotExported`, or `UnusableModel` for files that cannot be read. What only the weights tell, and how
    llama.cpp reads the finished file, is not known before it is written."""
    config: dict[str, Any] = dict(model_folder.config(folder))
    require_kind(config)
    kept = tokenizer_of(folder)
    pre_tokenizer(kept)
    if isinstance(size := config.get("vocab_size"), int):
        require_words(kept, size)


def require_kind(config: dict[str, Any]) -> None:
    """Raises `NotExported` for a kind of model, or a setting of it, that is not written."""
    kind = config.get("model_type")
    if kind != KIND:
        raise NotExported(f"only models of the kind {KIND!r} are written as GGUF, and this is one of {kind!r}")
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", rope.get("type", "default")) != "default":
        raise NotExported(f"its positions are scaled ({rope}), which is not written as GGUF")
    for name, usual in (("attention_bias", False), ("mlp_bias", False), ("hidden_act", "silu")):
        if config.get(name, usual) != usual:
            raise NotExported(f"its {name} is {config[name]!r}, which is not written as GGUF")


def tokenizer_of(folder: Path) -> dict[str, Any]:
    """What its file says. Raises `UnusableModel` for one that is no tokenizer."""
    try:
        kept = json.loads((folder / model_folder.TOKENIZER).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        raise UnusableModel(f"the tokenizer of the model cannot be read ({exc}); take another copy of it") from exc
    if not isinstance(kept, dict) or not isinstance(kept.get("model"), dict):
        raise UnusableModel(f"{model_folder.TOKENIZER!r} of the model is no tokenizer; take another copy of it")
    return kept


def pre_tokenizer(kept: dict[str, Any]) -> str:
    """llama.cpp's name of how text is cut before pairs are merged. Raises `NotExported` where it has none here."""
    model = kept["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback") or kept.get("normalizer") is not None:
        raise NotExported("its tokenizer is not a byte-level BPE without changes to the text")
    cut = _plain(kept.get("pre_tokenizer"))
    for name, known in PRE_TOKENIZERS.items():
        if cut == known:
            return name
    raise NotExported(f"its tokenizer cuts text in a way that has no name here: {json.dumps(cut)[:200]}")


def require_words(kept: dict[str, Any], size: int) -> None:
    """Raises `NotExported` for a word that the model, with a vocabulary of this size, has no number for."""
    added = [one["id"] for one in kept.get("added_tokens", [])]
    last = max([*kept["model"].get("vocab", {}).values(), *added], default=-1)
    if last >= size:
        raise NotExported(f"its tokenizer has a word of number {last}, and the model only {size}")


def _plain(value: Any) -> Any:
    """Without what only decides on offsets."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items() if key != "trim_offsets"}
    return [_plain(one) for one in value] if isinstance(value, list) else value
