"""A small MPNet with random weights and the tokenizer of the real one on a small vocabulary, in the real formats.

Heads have 64 columns and texts up to 384 tokens, as in all-mpnet-base-v2: more than the furthest distance between two
tokens that its biases tell apart.
"""

import string
from pathlib import Path

from tests.rust_accel.tiny_model import Files, Tensors, Weights, put

HIDDEN, HEADS, LAYERS, WIDE, POSITIONS, BUCKETS = 128, 2, 2, 100, 386, 32
_PIECES = [*string.ascii_lowercase, *string.digits, *string.punctuation, "é", "中"]
WORDS = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", *_PIECES, *(f"##{piece}" for piece in _PIECES), "word", "<mask>"]


def tensors(seed: int = 0) -> Tensors:
    weights = Weights(seed, HIDDEN)
    for name, rows in (("word", len(WORDS)), ("position", POSITIONS)):
        weights.table(f"embeddings.{name}_embeddings", rows, HIDDEN)
    weights.norm("embeddings.LayerNorm")
    weights.table("encoder.relative_attention_bias", BUCKETS, HEADS)
    for layer in range(LAYERS):
        block = f"encoder.layer.{layer}"
        for name in "qkvo":
            weights.dense(f"{block}.attention.attn.{name}", HIDDEN, HIDDEN)
        weights.norm(f"{block}.attention.LayerNorm")
        weights.dense(f"{block}.intermediate.dense", WIDE, HIDDEN)
        weights.dense(f"{block}.output.dense", HIDDEN, WIDE)
        weights.norm(f"{block}.output.LayerNorm")
    return weights.made


def config() -> Files:
    return {
        "model_type": "mpnet",
        "hidden_act": "gelu",
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": WIDE,
        "vocab_size": len(WORDS),
        "max_position_embeddings": POSITIONS,
        "relative_attention_num_buckets": BUCKETS,
        "pad_token_id": 1,
        "layer_norm_eps": 1e-5,
    }


def tokenizer() -> Files:
    def added(word: str) -> Files:
        flags = {"single_word": False, "lstrip": word == "<mask>", "rstrip": False, "normalized": False}
        return {"id": WORDS.index(word), "content": word, "special": True, **flags}

    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {word: at for at, word in enumerate(WORDS)},
    }
    normalizer = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True}
    ends = {"sep": ["</s>", 2], "cls": ["<s>", 0]}
    return {
        "version": "1.0",
        "truncation": {"max_length": 128, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": {
            "strategy": "BatchLongest",
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 1,
            "pad_type_id": 0,
            "pad_token": "<pad>",
        },
        "added_tokens": [added(word) for word in ("<s>", "<pad>", "</s>", "[UNK]", "<mask>")],
        "normalizer": {"type": "BertNormalizer", **normalizer},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "RobertaProcessing", "trim_offsets": True, "add_prefix_space": False, **ends},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": model,
    }


def write(folder: Path, *, cls_pooling: bool = False, max_tokens: int | None = 384) -> Path:
    """The folder, ready for `Embedder`."""
    files: Files = {
        "config.json": config(),
        "sentence_bert_config.json": {"max_seq_length": max_tokens},
        "tokenizer.json": tokenizer(),
    }
    return put(folder, files, tensors(), cls_pooling=cls_pooling)
