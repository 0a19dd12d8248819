"""How a model of the Llama family is named and laid out by transformers and by llama.cpp.

As llama.cpp's convert_hf_to_gguf.py does it; checked by the tests against llama.cpp itself.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.floating[Any]]

_WHOLE: Final = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_OF_LAYER: Final = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_TRANSFORMERS: Final = re.compile(r"model\.layers\.(\d+)\.(.+)\.weight")
_LLAMA_CPP: Final = re.compile(r"blk\.(\d+)\.(.+)\.weight")

_BYTES: Final = {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}
PRE_TOKENIZERS: Final[Mapping[str, Mapping[str, object]]] = {
    "gpt-2": _BYTES,
    "smollm": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, _BYTES]},
}
"""By llama.cpp's name: how text is cut before pairs are merged, as in tokenizer.json."""


def to_llama_cpp(name: str) -> str | None:
    """None for a tensor that the family has not."""
    if found := _TRANSFORMERS.fullmatch(name):
        part = _OF_LAYER.get(found[2])
        return f"blk.{found[1]}.{part}.weight" if part else None
    return _WHOLE.get(name)


def to_transformers(name: str) -> str | None:
    if found := _LLAMA_CPP.fullmatch(name):
        part = {theirs: ours for ours, theirs in _OF_LAYER.items()}.get(found[2])
        return f"model.layers.{found[1]}.{part}.weight" if part else None
    return {theirs: ours for ours, theirs in _WHOLE.items()}.get(name)


def heads_of(name: str, heads: int, key_heads: int) -> int | None:
    """Of a llama.cpp tensor whose rows are laid out in another order there, for rotating positions; else None."""
    if name.endswith("attn_q.weight"):
        return heads
    return key_heads if name.endswith("attn_k.weight") else None


def interleaved(weight: Weights, heads: int) -> Weights:
    """float[rows, columns], from transformers' order (halves of a head) to llama.cpp's (pairs)."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def halved(weight: Weights, heads: int) -> Weights:
    """The way back."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)
