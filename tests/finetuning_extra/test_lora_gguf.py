"""A finished model is read by the real llama.cpp as it was trained: the same tokens, the same words."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.agents.providers.local_models.servers import ModelServer
from backend.finetuning import gguf_fit
from backend.finetuning.gguf_fit import NotExported
from backend.finetuning.lora_gguf import check_tokens, export
from backend.finetuning.lora_llama import PRE_TOKENIZERS
from backend.finetuning.lora_task import load_tokenizer
from tests.finetuning_extra.building import conversations, train, write_base
from tests.finetuning_extra.running import SECONDS, Training

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(2 * SECONDS)]
QUESTIONS = [row["messages"][:1] for row in conversations(12)]
TEXTS = [
    [{"role": "user", "content": text}]
    for text in (
        "In 2024, 1,234,567 of them.",
        " two  spaces\n\n\tand more ",
        "naïve Ωmega 漢字 🙂",
        "don't <|im_end|> x",
        "",
    )
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Training:
    folder = tmp_path_factory.mktemp("gguf")
    base = write_base(folder / "tiny")
    one, status = train(
        folder / "run", base, {"kind": "full", "learning_rate": 5e-3, "max_steps": 80, "evaluations": 1}
    )
    assert status.result is not None
    assert ["is kept" in note for note in status.result.notes] == [True]
    return one


@contextmanager
def served(file: Path) -> Iterator[httpx.Client]:
    server = ModelServer(file, "test")
    try:
        found = server.acquire()
        key = {"authorization": f"Bearer {found.key.get_secret_value()}"}
        with httpx.Client(base_url=found.url, headers=key, timeout=60) as client:
            yield client
    finally:
        server.stop()


def greedy(folder: Path, tokenizer: Any, turns: list[dict[str, str]], count: int) -> list[int]:
    """The answer's first tokens by transformers."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    asked = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.no_grad():
        told = model.generate(**asked, max_new_tokens=count, do_sample=False)
    found: list[int] = told[0][asked["input_ids"].shape[1] :].tolist()
    return found


def test_llama_cpp_makes_the_tokens_of_training(trained: Training) -> None:
    tokenizer = load_tokenizer(trained.folder / "model")
    assert check_tokens(trained.folder / "model.gguf", tokenizer, [*QUESTIONS, *TEXTS])


def test_llama_cpp_answers_with_the_words_of_transformers(trained: Training) -> None:
    tokenizer = load_tokenizer(trained.folder / "model")
    with served(trained.folder / "model.gguf") as client:
        for turns in QUESTIONS[:4]:
            ours = greedy(trained.folder / "model", tokenizer, turns, 12)
            prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
            asked = {"prompt": prompt, "n_predict": len(ours), "temperature": 0, "top_k": 1, "return_tokens": True}
            theirs = client.post("/completion", json=asked).raise_for_status().json()["tokens"]
            ends = [token for token in ours if token != tokenizer.eos_token_id]
            assert len(ends) >= 5
            assert theirs[: len(ends)] == ends


@pytest.mark.parametrize("digits", [True, False])
def test_both_kinds_of_tokenizer_are_written(tmp_path: Path, digits: bool) -> None:
    base = write_base(tmp_path / "base", digits=digits)
    tokenizer = load_tokenizer(base)
    export(base, tokenizer, tmp_path / "model.gguf")
    assert check_tokens(tmp_path / "model.gguf", tokenizer, TEXTS)


def test_a_file_that_llama_cpp_reads_otherwise_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = write_base(tmp_path / "base", digits=False)
    tokenizer = load_tokenizer(base)
    monkeypatch.setattr(gguf_fit, "PRE_TOKENIZERS", {"smollm": PRE_TOKENIZERS["gpt-2"]})
    export(base, tokenizer, tmp_path / "model.gguf")
    with pytest.raises(NotExported, match="other tokens than training did"):
        check_tokens(tmp_path / "model.gguf", tokenizer, [[{"role": "user", "content": "room 10, 20, 30"}]])


def test_a_template_that_llama_cpp_writes_otherwise_is_found_out(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    tokenizer = load_tokenizer(base)
    export(base, tokenizer, tmp_path / "model.gguf")
    tokenizer.chat_template = tokenizer.chat_template.replace("assistant", "helper")
    with pytest.raises(NotExported, match=r"llama\.cpp writes a conversation as"):
        check_tokens(tmp_path / "model.gguf", tokenizer, QUESTIONS)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_type": "qwen2"}, "one of 'qwen2'"),
        ({"rope_parameters": {"rope_type": "llama3", "factor": 8.0}}, "positions are scaled"),
        ({"attention_bias": True}, "attention_bias is True"),
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
    ],
)
def test_what_has_no_place_in_gguf_is_refused_by_name(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    base = write_base(tmp_path / "base")
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, **changes}))
    with pytest.raises(NotExported, match=reason):
        export(base, load_tokenizer(trained_tokenizer(base)), tmp_path / "model.gguf")
    assert list(tmp_path.glob("model.*")) == []


def trained_tokenizer(base: Path) -> Path:
    """The tokenizer alone, which another kind of model may have too."""
    folder = base.with_name("tokenizer")
    shutil.copytree(base, folder, ignore=shutil.ignore_patterns("config.json", "*.safetensors"))
    return folder


def test_a_tokenizer_that_has_no_name_there_is_refused(tmp_path: Path) -> None:
    base = write_base(tmp_path / "base")
    tokenizer = load_tokenizer(base)
    kept = json.loads((base / "tokenizer.json").read_text())
    kept["pre_tokenizer"] = {"type": "Whitespace"}
    (base / "tokenizer.json").write_text(json.dumps(kept))
    with pytest.raises(NotExported, match="Whitespace"):
        export(base, tokenizer, tmp_path / "model.gguf")
    assert list(tmp_path.glob("model.*")) == []
