"""A finished model's folder is read as training did, and its answers end where the template ends them."""

from pathlib import Path
from typing import Any

import pytest

from backend.errors import UnusableModel
from backend.finetuning.lora_folder import add_end, check_folder, end_of
from backend.finetuning.lora_task import load_tokenizer
from tests.finetuning_extra.building import END, conversations, write_base

pytestmark = [pytest.mark.finetune]
TURNS = conversations(1)[0]["messages"]
QUESTIONS = [row["messages"][:1] for row in conversations(12)]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("folder") / "tiny")


@pytest.fixture
def tokenizer(base: Path) -> Any:
    return load_tokenizer(base)


def model(base: Path) -> Any:
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(base)


@pytest.mark.parametrize(("known", "ends"), [(2, 2), (0, [0, 2]), ([0, 1], [0, 1, 2]), (None, [2])])
def test_the_token_that_the_template_ends_an_answer_with_ends_it(
    base: Path, tokenizer: Any, known: object, ends: object, tmp_path: Path
) -> None:
    """Also where the base model knows only that of texts, as Qwen2 does."""
    assert end_of(tokenizer, TURNS) == tokenizer.convert_tokens_to_ids(END) == 2
    trained = model(base)
    trained.generation_config.eos_token_id = known
    add_end(trained, tokenizer, TURNS)
    trained.save_pretrained(tmp_path)
    assert model(tmp_path).generation_config.eos_token_id == ends


def test_a_template_without_such_a_token_adds_none(tokenizer: Any) -> None:
    tokenizer.chat_template = (
        "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n' }}{% endfor %}"
    )
    assert end_of(tokenizer, TURNS) is None


def test_a_folder_that_is_read_as_training_did_passes_and_another_does_not(
    base: Path, tokenizer: Any, tmp_path: Path
) -> None:
    check_folder(base, tokenizer, QUESTIONS)
    other = write_base(tmp_path / "other", digits=False)
    with pytest.raises(UnusableModel, match="as other tokens than training did"):
        check_folder(other, tokenizer, [[{"role": "user", "content": "room 10, 20, 30"}]])
    tokenizer.chat_template = tokenizer.chat_template.replace("assistant", "helper")
    with pytest.raises(UnusableModel, match="the saved tokenizer reads"):
        check_folder(base, tokenizer, QUESTIONS)
