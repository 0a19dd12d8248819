"""A sentence encoder of odd sizes with random weights, written to disk in the real formats."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HIDDEN, HEADS, LAYERS, WIDE, POSITIONS = 72, 3, 2, 100, 40
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(chr(c) for c in range(ord("a"), ord("z") + 1))]

Tensors = dict[str, NDArray[np.float32]]


def tensors(seed: int = 0) -> Tensors:
    rng = np.random.default_rng(seed)
    made: Tensors = {}

    def dense(name: str, outputs: int, inputs: int) -> None:
        made[f"{name}.weight"] = rng.normal(0, 0.2, (outputs, inputs)).astype(np.float32)
        made[f"{name}.bias"] = rng.normal(0, 0.1, outputs).astype(np.float32)

    def norm(name: str) -> None:
        made[f"{name}.weight"] = rng.normal(1, 0.2, HIDDEN).astype(np.float32)
        made[f"{name}.bias"] = rng.normal(0, 0.2, HIDDEN).astype(np.float32)

    for name, rows in (("word", len(WORDS)), ("position", POSITIONS), ("token_type", 2)):
        made[f"embeddings.{name}_embeddings.weight"] = rng.normal(0, 1, (rows, HIDDEN)).astype(np.float32)
    norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        block = f"encoder.layer.{layer}"
        for name in ("query", "key", "value"):
            dense(f"{block}.attention.self.{name}", HIDDEN, HIDDEN)
        dense(f"{block}.attention.output.dense", HIDDEN, HIDDEN)
        dense(f"{block}.intermediate.dense", WIDE, HIDDEN)
        dense(f"{block}.output.dense", HIDDEN, WIDE)
        norm(f"{block}.attention.output.LayerNorm")
        norm(f"{block}.output.LayerNorm")
    return made


def safetensors(values: Mapping[str, NDArray[np.float32]]) -> bytes:
    header: dict[str, object] = {}
    data = b""
    for name, value in values.items():
        raw = value.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def config() -> dict[str, object]:
    return {
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": WIDE,
        "vocab_size": len(WORDS),
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-6,
    }


def tokenizer() -> dict[str, object]:
    special = {token: {"id": token, "ids": [WORDS.index(token)], "tokens": [token]} for token in ("[CLS]", "[SEP]")}
    cls, sep = ({"SpecialToken": {"id": token, "type_id": 0}} for token in ("[CLS]", "[SEP]"))
    text = {"Sequence": {"id": "A", "type_id": 0}}
    return {
        "version": "1.0",
        "truncation": {"max_length": 5, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [cls, text, sep],
            "pair": [cls, text, sep],
            "special_tokens": special,
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {w: i for i, w in enumerate(WORDS)}, "unk_token": "[UNK]"},
    }


def write(folder: Path, *, cls_pooling: bool = False, max_tokens: int | None = 32) -> Path:
    """The folder, ready for `Embedder`."""
    (folder / "1_Pooling").mkdir(exist_ok=True)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds]
    pooling = {"pooling_mode_cls_token": cls_pooling, "pooling_mode_mean_tokens": not cls_pooling}
    files: dict[str, object] = {
        "modules.json": modules,
        "config.json": config(),
        "1_Pooling/config.json": pooling,
        "sentence_bert_config.json": {"max_seq_length": max_tokens},
        "tokenizer.json": tokenizer(),
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    (folder / "model.safetensors").write_bytes(safetensors(tensors()))
    return folder
