"""Folders of base models as their files say it: no weight in them is learnt, and no torch is needed."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors.numpy

LLAMA: Final[dict[str, Any]] = {
    "model_type": "llama",
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "vocab_size": 16,
}
BYTES: Final = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
TOKENIZER: Final[dict[str, Any]] = {
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []},
    "normalizer": None,
    "pre_tokenizer": BYTES,
    "added_tokens": [{"id": 2, "content": "<|end|>", "special": True}],
}


def write(folder: Path, *, config: dict[str, Any] | None = None, tokenizer: dict[str, Any] | None = None) -> Path:
    """What is given is changed of `LLAMA` and `TOKENIZER`."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({**LLAMA, **(config or {})}))
    (folder / "tokenizer.json").write_text(json.dumps({**TOKENIZER, **(tokenizer or {})}))
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    weights = {"model.embed_tokens.weight": np.ones((16, 8), np.float32), "q": np.ones((8, 8), np.float32)}
    safetensors.numpy.save_file(weights, folder / "model.safetensors")
    return folder
