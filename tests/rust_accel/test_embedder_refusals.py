"""What the embedder refuses, each by its name: arguments, texts, tokenizers, and models that it does not implement."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rust_accel import Embedder
from tests.rust_accel import tiny_model

Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threads": -1}, ValueError, "threads is -1; it must be 0 or more"),
        ({"threads": 1025}, ValueError, "threads must be at least 1 and at most 1024, not 1025"),
        ({"threads": 10**30}, ValueError, "threads must be at least 1 and at most 1024"),
        ({"threads": 1.5}, TypeError, "threads must be an int, not float"),
        ({"max_tokens": -1}, ValueError, "max_tokens is -1"),
        ({"max_tokens": 10**30}, ValueError, "max_tokens is .* not in 3"),
        ({"max_tokens": "3"}, TypeError, "max_tokens must be an int, not str"),
        ({"precision": 8}, TypeError, "precision: "),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(
    folder: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Embedder(folder, **options)


def test_a_path_that_cannot_be_one_is_named() -> None:
    wrong: Any = 3
    with pytest.raises(TypeError, match="model: "):
        Embedder(wrong)
    with pytest.raises(ValueError, match=r"model is .* NUL"):
        Embedder(Path("a\0b"))


def test_what_is_no_text_is_named_with_its_place_and_type(folder: Path) -> None:
    embedder = Embedder(folder)
    wrong: list[tuple[Any, str]] = [
        (["a", None], "text 1 is not a str but NoneType"),
        ({"a"}, "texts must be a sequence of str, not set"),
        ((text for text in "ab"), "texts must be a sequence of str, not generator"),
        (None, "texts must be a sequence of str, not NoneType"),
        (np.array(["a"]), "texts must be a sequence of str, not ndarray"),
    ]
    for (texts, message), call in itertools.product(wrong, (embedder.embed, embedder.count_tokens, embedder.token_ids)):
        with pytest.raises(TypeError, match=message):
            call(texts)


def changed(path: Path, change: Change) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps(change(content) or content))


BROKEN: dict[str, Change] = {
    "only a second text": lambda file: file["post_processor"].update(single=[{"Sequence": {"id": "B", "type_id": 0}}]),
    "no map": lambda file: file.update(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
    "a map that ends early": lambda file: file.update(
        normalizer={"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAAAA"}
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_tokenizer_on_which_its_library_panics_is_refused_by_its_file(folder: Path, name: str) -> None:
    changed(folder / "tokenizer.json", BROKEN[name])
    with pytest.raises(ValueError, match=r"tokenizer\.json: .*does not fit together"):
        Embedder(folder)


def test_a_text_that_the_tokenizer_refuses_is_named_by_its_place(folder: Path) -> None:
    changed(folder / "tokenizer.json", lambda file: file["model"].update(unk_token="[NOPE]"))
    with pytest.raises(ValueError, match=r"text 1: it cannot be tokenized: .*\[UNK\]"):
        Embedder(folder).embed(["a", "ü"])


def pooled(*modes: str) -> dict[str, bool]:
    return {f"pooling_mode_{mode}": True for mode in modes}


@pytest.mark.parametrize(
    "content",
    [
        pooled("lasttoken"),
        pooled("weightedmean_tokens"),
        pooled("max_tokens"),
        pooled("mean_sqrt_len_tokens"),
        pooled("mean_tokens", "lasttoken"),
        pooled("mean_tokens", "weightedmean_tokens"),
        pooled("mean_tokens", "cls_token"),
        pooled("mean_tokens", "of_tomorrow"),
        {"pooling_mode": "lasttoken"},
        {"pooling_mode_mean_tokens": 1},
        {},
    ],
)
def test_other_poolings_are_refused_by_name(folder: Path, content: dict[str, object]) -> None:
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf"1_Pooling/config\.json: .*{max(content, default='mean')}"):
        Embedder(folder)


def module(kind: str, path: str = "") -> dict[str, str]:
    return {"path": path, "type": f"sentence_transformers.models.{kind}"}


@pytest.mark.parametrize(
    "modules",
    [
        [module("Transformer"), module("Transformer"), module("Pooling", "1_Pooling")],
        [module("Transformer"), module("Pooling", "1_Pooling"), module("Pooling", "1_Pooling")],
        [module("Normalize"), module("Transformer"), module("Pooling", "1_Pooling")],
        [module("Pooling", "1_Pooling"), module("Transformer")],
        [module("Transformer"), module("Pooling", "1_Pooling"), module("LayerNorm")],
        [{"path": "", "type": "elsewhere.Transformer"}, module("Pooling", "1_Pooling")],
        [module("Transformer")],
    ],
)
def test_other_modules_are_refused(folder: Path, modules: list[dict[str, str]]) -> None:
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ValueError, match=r"modules\.json: the module.* implemented"):
        Embedder(folder)


@pytest.mark.parametrize("prompts", [{"query": "query: "}, {}, {"query": None}])
def test_a_prompt_that_every_text_would_get_is_refused(folder: Path, prompts: dict[str, str | None]) -> None:
    path = folder / "config_sentence_transformers.json"
    path.write_text(json.dumps({"prompts": prompts, "default_prompt_name": "query"}))
    with pytest.raises(ValueError, match=r'config_sentence_transformers\.json: default_prompt_name is "query"'):
        Embedder(folder)
    for harmless in (
        {"prompts": prompts, "default_prompt_name": None},
        {"prompts": {"": ""}, "default_prompt_name": ""},
    ):
        path.write_text(json.dumps(harmless))
        assert Embedder(folder).embed(["a"]).shape == (1, tiny_model.HIDDEN)


def test_a_decoder_is_refused(folder: Path) -> None:
    changed(folder / "config.json", lambda file: file.update(is_decoder=True))
    with pytest.raises(ValueError, match=r"config\.json: is_decoder"):
        Embedder(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_word_embeddings_that_are_not_finite_are_refused(folder: Path, value: float) -> None:
    tensors = tiny_model.tensors()
    tensors["embeddings.word_embeddings.weight"][-1, -1] = value
    (folder / "model.safetensors").write_bytes(tiny_model.safetensors(tensors))
    with pytest.raises(ValueError, match=r'word_embeddings.weight" holds a value that is not finite'):
        Embedder(folder)
