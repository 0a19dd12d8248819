"""Sentence encoders in float64 NumPy, written from the papers, sharing no code with `rust_accel`.

Embeddings, post-norm blocks: Devlin et al. 2019. Attention: Vaswani et al. 2017, eq. 1. LayerNorm: Ba et al. 2016,
eq. 4. GELU: Hendrycks and Gimpel 2016, eq. 1 (exact). Mean pooling: Reimers and Gurevych 2019, section 3. MPNet: Song
et al. 2020, with the relative positions of Raffel et al. 2020, section 2.1, as Hugging Face's implementation has them.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]
PADDING = 1
"""MPNet's: the tokens of this id stand at the position of this number, the others from the next one on."""
FURTHEST = 128


def read_safetensors(path: Path) -> dict[str, Real]:
    """Every F32 tensor of a file: 8 bytes of header length, a JSON header, then the data."""
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    tensors: dict[str, Real] = {}
    for name, entry in json.loads(raw[8:start]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = (start + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(raw[begin:end], "<f4").astype(np.float64).reshape(entry["shape"])
    return tensors


def gelu(x: Real) -> Real:
    # `np.vectorize` takes two and a half times as long, and this is most of what a twin does.
    erf = np.fromiter(map(math.erf, (x / math.sqrt(2.0)).ravel().tolist()), np.float64, x.size).reshape(x.shape)
    values: Real = x * (0.5 * (1.0 + erf))
    return values


def softmax(x: Real) -> Real:
    powers: Real = np.exp(x - x.max(axis=-1, keepdims=True))
    normalised: Real = powers / powers.sum(axis=-1, keepdims=True)
    return normalised


def bucket(distance: int, buckets: int) -> int:
    """Of a key so many tokens behind the query. Borders are compared as whole numbers, so that no logarithm rounds."""
    half = buckets // 2
    single = half // 2
    far, large = abs(distance), half - single
    if far >= single:
        steps = sum(FURTHEST**step * single ** (large - step) <= far**large for step in range(1, large))
        far = single + steps
    return far + (half if distance > 0 else 0)


@dataclass(frozen=True)
class Names:
    """What the tensors of a layer are called where the encoders differ."""

    query: str
    key: str
    value: str
    attended: str
    attention_norm: str


NAMES = {
    "bert": Names(
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "attention.output.LayerNorm",
    ),
    "mpnet": Names(
        "attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm"
    ),
}


@dataclass(frozen=True)
class Encoder:
    """`vector(ids)` is the unit embedding of one text's token ids, float64[hidden]."""

    tensors: dict[str, Real]
    layers: int
    heads: int
    epsilon: float
    cls_pooling: bool
    kind: str = "bert"

    @classmethod
    def read(cls, folder: Path) -> "Encoder":
        config = json.loads((folder / "config.json").read_text())
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text())
        return cls(
            tensors=read_safetensors(folder / "model.safetensors"),
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            epsilon=config["layer_norm_eps"],
            cls_pooling=pooling["pooling_mode_cls_token"],
            kind=config["model_type"],
        )

    def dense(self, x: Real, name: str) -> Real:
        return x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def norm(self, x: Real, name: str) -> Real:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = (centred**2).mean(axis=-1, keepdims=True)
        gain, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        normalised: Real = centred / np.sqrt(variance + self.epsilon) * gain + bias
        return normalised

    def embedded(self, ids: Sequence[int]) -> Real:
        """Words and their positions; BERT adds the type of the first of two texts."""
        words, places = (self.tensors[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position"))
        if self.kind == "bert":
            types = self.tensors["embeddings.token_type_embeddings.weight"]
            typed: Real = words[list(ids)] + places[: len(ids)] + types[0]
            return typed
        counted = np.cumsum([one != PADDING for one in ids])
        rows: Real = words[list(ids)] + places[np.where(np.array(ids) == PADDING, PADDING, PADDING + counted)]
        return rows

    def biases(self, length: int) -> Real:
        """[heads, length, length] of each query and key."""
        weight = self.tensors["encoder.relative_attention_bias.weight"]
        rows = [bucket(distance, len(weight)) for distance in range(1 - length, length)]
        tokens = np.arange(length)
        distances: Real = weight[np.array(rows)[tokens - tokens[:, None] + length - 1]]
        return distances.transpose(2, 0, 1)

    def attention(self, x: Real, block: str, biases: Real | float) -> Real:
        names = NAMES[self.kind]

        def split(name: str) -> Real:
            return self.dense(x, f"{block}.{name}").reshape(len(x), self.heads, -1).transpose(1, 0, 2)

        query, key, value = split(names.query), split(names.key), split(names.value)
        weights = softmax(query @ key.transpose(0, 2, 1) / math.sqrt(query.shape[-1]) + biases)
        joined = (weights @ value).transpose(1, 0, 2).reshape(len(x), -1)
        return self.dense(joined, f"{block}.{names.attended}")

    def vector(self, ids: Sequence[int]) -> Real:
        x = self.norm(self.embedded(ids), "embeddings.LayerNorm")
        biases = self.biases(len(ids)) if self.kind == "mpnet" else 0.0
        for layer in range(self.layers):
            block = f"encoder.layer.{layer}"
            attended = x + self.attention(x, block, biases)
            x = self.norm(attended, f"{block}.{NAMES[self.kind].attention_norm}")
            wide = gelu(self.dense(x, f"{block}.intermediate.dense"))
            x = self.norm(x + self.dense(wide, f"{block}.output.dense"), f"{block}.output.LayerNorm")
        pooled = x[0] if self.cls_pooling else x.mean(axis=0)
        unit: Real = pooled / np.linalg.norm(pooled)
        return unit
