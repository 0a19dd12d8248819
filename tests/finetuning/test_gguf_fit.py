"""Whether a model has a place in GGUF is told before it is trained."""

from pathlib import Path
from typing import Any

import pytest

from backend.errors import UnusableModel
from backend.finetuning.gguf_fit import NotExported, require_place
from tests.finetuning import bases


def test_a_llama_with_a_byte_level_tokenizer_has_one(tmp_path: Path) -> None:
    require_place(bases.write(tmp_path / "bytes"))
    digits = {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": True}, bases.BYTES]}
    require_place(bases.write(tmp_path / "digits", tokenizer={"pre_tokenizer": digits}))


@pytest.mark.parametrize(
    ("config", "tokenizer", "reason"),
    [
        ({"model_type": "qwen2"}, {}, "one of 'qwen2'"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, {}, "positions are scaled"),
        ({"mlp_bias": True}, {}, "mlp_bias is True"),
        ({}, {"model": {"type": "BPE", "byte_fallback": True, "vocab": {}}}, "not a byte-level BPE"),
        ({}, {"model": {"type": "Unigram", "vocab": []}}, "not a byte-level BPE"),
        ({}, {"pre_tokenizer": {"type": "Whitespace"}}, "Whitespace"),
        ({"vocab_size": 2}, {}, "a word of number 2, and the model only 2"),
    ],
)
def test_another_kind_of_model_or_tokenizer_has_none(
    tmp_path: Path, config: dict[str, Any], tokenizer: dict[str, Any], reason: str
) -> None:
    with pytest.raises(NotExported, match=reason):
        require_place(bases.write(tmp_path / "base", config=config, tokenizer=tokenizer))


def test_a_tokenizer_that_is_none_is_said(tmp_path: Path) -> None:
    folder = bases.write(tmp_path / "base")
    for text in ("[]", "{", "{}"):
        (folder / "tokenizer.json").write_text(text)
        with pytest.raises(UnusableModel, match="another copy"):
            require_place(folder)
