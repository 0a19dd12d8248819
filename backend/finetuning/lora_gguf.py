"""The finished model as a GGUF file for the provider `local`: of the Llama family with a byte-level tokenizer.

What cannot be written, or would be read otherwise than it was trained, is refused: `NotExported` says why. llama.cpp
itself, where it is installed, is asked for the tokens of whole conversations before the file counts.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import gguf
import httpx
import numpy as np
import safetensors

from backend.agents.providers.local_models.servers import ModelServer
from backend.errors import ProviderError
from backend.finetuning import model_folder
from backend.finetuning.gguf_fit import KIND, NotExported, pre_tokenizer, require_kind, require_words, tokenizer_of
from backend.finetuning.lora_llama import Weights, heads_of, interleaved, to_llama_cpp

ANSWER_SECONDS: Final = 60.0
Turns = Sequence[dict[str, str]]


def export(folder: Path, tokenizer: Any, file: Path) -> None:
    """Writes `file`, float16, from a folder with safetensors. `tokenizer` is transformers', as it trained.

    Raises `NotExported`.
    """
    config: dict[str, Any] = dict(model_folder.config(folder))
    require_kind(config)
    draft = file.with_suffix(".part")
    with _temporary_files_in(file.parent):
        _write(draft, folder, tokenizer, config)
    os.replace(draft, file)


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """The writer keeps what it was given in an unnamed file; where this one goes there is room for it too."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _write(draft: Path, folder: Path, tokenizer: Any, config: dict[str, Any]) -> None:
    writer = gguf.GGUFWriter(draft, KIND, use_temp_file=True)
    try:
        _describe(writer, config)
        _add_tokenizer(writer, folder, tokenizer, config["vocab_size"])
        for name, weight in _weights(folder, config):
            writer.add_tensor(name, weight)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    finally:
        writer.close()


def check_tokens(file: Path, tokenizer: Any, conversations: Sequence[Turns]) -> bool:
    """Whether llama.cpp could be asked. Raises `NotExported` where it writes or reads a conversation otherwise."""
    if find_spec("xllamacpp") is None:
        return False
    server = ModelServer(file, file.stem)
    try:
        served = server.acquire()
        key = {"authorization": f"Bearer {served.key.get_secret_value()}"}
        with httpx.Client(base_url=served.url, headers=key, timeout=ANSWER_SECONDS, trust_env=False) as client:
            for turns in conversations:
                _compare(client, tokenizer, turns)
        server.release()
    except (ProviderError, httpx.HTTPError) as exc:
        raise NotExported(f"llama.cpp cannot serve it: {exc}") from exc
    finally:
        server.stop()
    return True


def _compare(client: httpx.Client, tokenizer: Any, turns: Turns) -> None:
    ours: str = tokenizer.apply_chat_template(list(turns), add_generation_prompt=True, tokenize=False)
    theirs = client.post("/apply-template", json={"messages": list(turns)}).raise_for_status().json()["prompt"]
    if theirs != ours:
        raise NotExported(f"llama.cpp writes a conversation as {theirs[:200]!r}, and training as {ours[:200]!r}")
    asked = {"content": ours, "add_special": True, "parse_special": True}
    tokens = client.post("/tokenize", json=asked).raise_for_status().json()["tokens"]
    if tokens != tokenizer(ours, add_special_tokens=False)["input_ids"]:
        raise NotExported(f"llama.cpp reads {ours[:200]!r} as other tokens than training did")


def _describe(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    heads = config["num_attention_heads"]
    head = config.get("head_dim") or config["hidden_size"] // heads
    rope = config.get("rope_parameters") or {}
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(rope.get("rope_theta") or config.get("rope_theta") or 10_000.0))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)


def _add_tokenizer(writer: gguf.GGUFWriter, folder: Path, tokenizer: Any, size: int) -> None:
    kept = tokenizer_of(folder)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre_tokenizer(kept))
    words, kinds = _vocabulary(kept, size)
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    merges = (merge if isinstance(merge, str) else " ".join(merge) for merge in kept["model"]["merges"])
    writer.add_token_merges(list(merges))
    # The template writes what a conversation begins with; training adds nothing before it.
    writer.add_add_bos_token(False)
    for add, token in (
        (writer.add_bos_token_id, tokenizer.bos_token_id),
        (writer.add_eos_token_id, tokenizer.eos_token_id),
        (writer.add_unk_token_id, tokenizer.unk_token_id),
        (writer.add_pad_token_id, tokenizer.pad_token_id),
    ):
        if token is not None:
            add(token)
    writer.add_chat_template(tokenizer.chat_template)


def _vocabulary(kept: dict[str, Any], size: int) -> tuple[list[str], list[int]]:
    """Words by number, and what each is; numbers that no word has are filled up."""
    words = [f"[PAD{number}]" for number in range(size)]
    kinds = [int(gguf.TokenType.UNUSED)] * size
    found = [(word, number, gguf.TokenType.NORMAL) for word, number in kept["model"]["vocab"].items()]
    for added in kept["added_tokens"]:
        kind = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
        found.append((added["content"], added["id"], kind))
    require_words(kept, size)
    for word, number, kind in found:
        words[number], kinds[number] = word, int(kind)
    return words, kinds


def _weights(folder: Path, config: dict[str, Any]) -> Iterator[tuple[str, Weights]]:
    heads = config["num_attention_heads"]
    key_heads = config.get("num_key_value_heads") or heads
    for path in sorted(folder.glob(model_folder.WEIGHTS)):
        with safetensors.safe_open(path, framework="pt") as file:
            for ours in file.keys():  # noqa: SIM118 - not a mapping
                name = to_llama_cpp(ours)
                if name is None:
                    raise NotExported(f"its tensor {ours!r} has no place in GGUF")
                weight = file.get_tensor(ours).float().numpy()
                of_heads = heads_of(name, heads, key_heads)
                yield name, _stored(weight if of_heads is None else interleaved(weight, of_heads), ours)


def _stored(weight: Weights, name: str) -> Weights:
    """Vectors stay float32, as llama.cpp wants them."""
    if weight.ndim == 1:
        return np.ascontiguousarray(weight, dtype=np.float32)
    with np.errstate(over="ignore"):
        half = np.ascontiguousarray(weight, dtype=np.float16)
    if not np.isfinite(half).all():
        raise NotExported(f"its tensor {name!r} has numbers that float16 cannot hold")
    return half
