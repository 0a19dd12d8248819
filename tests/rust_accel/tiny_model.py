"""A sentence encoder of odd sizes with random weights, written to disk in the real formats."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HIDDEN, HEADS, LAYERS, WIDE, POSITIONS = 72, 3, 2, 100, 40
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *(chr(c) for c in range(ord("a"), ord("z") + 1))]

Tensors = dict[str, NDArray[np.float32]]
Files = dict[str, object]


class Weights:
    """Random tensors, by name."""

    def __init__(self, seed: int, hidden: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.hidden = hidden
        self.made: Tensors = {}

    def table(self, name: str, rows: int, columns: int) -> None:
        self.made[f"{name}.weight"] = self.rng.normal(0, 1, (rows, columns)).astype(np.float32)

    def dense(self, name: str, outputs: int, inputs: int) -> None:
        self.made[f"{name}.weight"] = self.rng.normal(0, 0.2, (outputs, inputs)).astype(np.float32)
        self.made[f"{name}.bias"] = self.rng.normal(0, 0.1, outputs).astype(np.float32)

    def norm(self, name: str) -> None:
        self.made[f"{name}.weight"] = self.rng.normal(1, 0.2, self.hidden).astype(np.float32)
        self.made[f"{name}.bias"] = self.rng.normal(0, 0.2, self.hidden).astype(np.float32)


def tensors(seed: int = 0) -> Tensors:
    weights = Weights(seed, HIDDEN)
    for name, rows in (("word", len(WORDS)), ("position", POSITIONS), ("token_type", 2)):
        weights.table(f"embeddings.{name}_embeddings", rows, HIDDEN)
    weights.norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        block = f"encoder.layer.{layer}"
        for name in ("query", "key", "value"):
            weights.dense(f"{block}.attention.self.{name}", HIDDEN, HIDDEN)
        weights.dense(f"{block}.attention.output.dense", HIDDEN, HIDDEN)
        weights.dense(f"{block}.intermediate.dense", WIDE, HIDDEN)
        weights.dense(f"{block}.output.dense", HIDDEN, WIDE)
        weights.norm(f"{block}.attention.output.LayerNorm")
        weights.norm(f"{block}.output.LayerNorm")
    return weights.made


def safetensors(values: Mapping[str, NDArray[np.float32]]) -> bytes:
    header: dict[str, object] = {}
    data = b""
    for name, value in values.items():
        raw = value.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def config() -> Files:
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


def tokenizer() -> Files:
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
    files: Files = {
        "config.json": config(),
        "sentence_bert_config.json": {"max_seq_length": max_tokens},
        "tokenizer.json": tokenizer(),
    }
    return put(folder, files, tensors(), cls_pooling=cls_pooling)


def put(folder: Path, files: Files, values: Tensors, *, cls_pooling: bool = False) -> Path:
    """The files, the weights, and what all encoders have beside them."""
    (folder / "1_Pooling").mkdir(exist_ok=True)
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [{"path": path, "type": f"sentence_transformers.models.{kind}"} for path, kind in kinds]
    pooling = {"pooling_mode_cls_token": cls_pooling, "pooling_mode_mean_tokens": not cls_pooling}
    for name, content in (files | {"modules.json": modules, "1_Pooling/config.json": pooling}).items():
        (folder / name).write_text(json.dumps(content))
    (folder / "model.safetensors").write_bytes(safetensors(values))
    return folder
