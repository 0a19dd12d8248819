"""Writes a tiny Llama model with random weights as a GGUF file (version 3): 400 KB that a real llama.cpp loads.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
Value = int | float | str | list[int] | list[float] | list[bytes]

_WIDTH, _LAYERS, _INNER, _HEADS, _KEY_HEADS = 64, 2, 128, 4, 2
_UINT32, _INT32, _FLOAT32, _STRING, _ARRAY = 4, 5, 6, 8, 9
_ALIGNMENT = 32
_UNKNOWN, _CONTROL, _NORMAL, _BYTE = 2, 3, 1, 6
_WORDS = "the a of and to in is you that it he was for on are as with his they at".split()  # noqa: SIM905 - a sentence
_TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"


def write(file: Path) -> Path:
    tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(256))]
    tokens += [f"\u2581{word}".encode() for word in _WORDS]
    tokens.append("\u2581".encode())
    words = len(_WORDS) + 1
    kinds = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * words]
    scores = [0.0] * 259 + [-float(n) for n in range(words)]
    facts: dict[str, Value] = {
        "general.architecture": "llama",
        "general.name": "tiny-random",
        "llama.context_length": 512,
        "llama.embedding_length": _WIDTH,
        "llama.block_count": _LAYERS,
        "llama.feed_forward_length": _INNER,
        "llama.attention.head_count": _HEADS,
        "llama.attention.head_count_kv": _KEY_HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": _WIDTH // _HEADS,
        "llama.vocab_size": len(tokens),
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": scores,
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.chat_template": _TEMPLATE,
    }
    file.write_bytes(_model(facts, dict(_tensors(len(tokens)))))
    return file


def _tensors(vocabulary: int) -> Iterator[tuple[str, Weights]]:
    random = np.random.default_rng(0)

    def noise(*shape: int) -> Weights:
        return (random.standard_normal(shape) * 0.05).astype(np.float32)

    ones = np.ones(_WIDTH, np.float32)
    keys = _WIDTH // _HEADS * _KEY_HEADS
    yield "token_embd.weight", noise(vocabulary, _WIDTH)
    yield "output_norm.weight", ones
    yield "output.weight", noise(vocabulary, _WIDTH)
    for layer in range(_LAYERS):
        block = f"blk.{layer}."
        yield f"{block}attn_norm.weight", ones
        yield f"{block}ffn_norm.weight", ones
        yield f"{block}attn_q.weight", noise(_WIDTH, _WIDTH)
        yield f"{block}attn_k.weight", noise(keys, _WIDTH)
        yield f"{block}attn_v.weight", noise(keys, _WIDTH)
        yield f"{block}attn_output.weight", noise(_WIDTH, _WIDTH)
        yield f"{block}ffn_gate.weight", noise(_INNER, _WIDTH)
        yield f"{block}ffn_up.weight", noise(_INNER, _WIDTH)
        yield f"{block}ffn_down.weight", noise(_WIDTH, _INNER)


def _model(facts: Mapping[str, Value], tensors: Mapping[str, Weights]) -> bytes:
    head = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(facts))]
    head += [_text(name.encode()) + _value(value) for name, value in facts.items()]
    body = b""
    for name, weights in tensors.items():
        shape = struct.pack(f"<I{weights.ndim}Q", weights.ndim, *reversed(weights.shape))
        head.append(_text(name.encode()) + shape + struct.pack("<IQ", 0, len(body)))  # 0 is float32
        body += _padded(weights.tobytes())
    return _padded(b"".join(head)) + body


def _value(value: Value) -> bytes:
    if isinstance(value, int):
        return struct.pack("<II", _UINT32, value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT32, value)
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value.encode())
    return struct.pack("<I", _ARRAY) + _array(value)


def _array(values: list[int] | list[float] | list[bytes]) -> bytes:
    kind = {int: _INT32, float: _FLOAT32, bytes: _STRING}[type(values[0])]
    head = struct.pack("<IQ", kind, len(values))
    if kind == _STRING:
        return head + b"".join(_text(value) for value in values if isinstance(value, bytes))
    return head + struct.pack(f"<{len(values)}{'i' if kind == _INT32 else 'f'}", *values)


def _text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def _padded(data: bytes) -> bytes:
    return data + b"\x00" * (-len(data) % _ALIGNMENT)
