"""The finished model as a folder that transformers is asked by: it reads as training did, and its answers end."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend.errors import UnusableModel
from backend.finetuning.lora_gguf import Turns
from backend.finetuning.lora_task import load_tokenizer


def add_end(model: Any, tokenizer: Any, turns: Turns) -> None:
    """Tells `generate` the token that the template ends an answer with: a base model may know that of texts alone."""
    end = end_of(tokenizer, turns)
    known = model.generation_config.eos_token_id
    ends = [known] if isinstance(known, int) else list(known or ())
    if end is not None and end not in ends:
        model.generation_config.eos_token_id = [*ends, end]


def end_of(tokenizer: Any, turns: Turns) -> int | None:
    """The first token after the last turn's words that is none of words; None where the template writes none."""
    whole: str = tokenizer.apply_chat_template(list(turns), tokenize=False)
    _, _, rest = whole.rpartition(turns[-1]["content"].strip())
    return next(
        (
            token
            for token in tokenizer(rest, add_special_tokens=False)["input_ids"]
            if token in tokenizer.added_tokens_decoder
        ),
        None,
    )


def check_folder(folder: Path, tokenizer: Any, conversations: Sequence[Turns]) -> None:
    """Raises `UnusableModel` where the tokenizer of the folder reads a conversation otherwise than training did."""
    saved = load_tokenizer(folder)
    for turns in conversations:
        ours, theirs = (
            one.apply_chat_template(list(turns), add_generation_prompt=True, return_dict=True)["input_ids"]
            for one in (tokenizer, saved)
        )
        if ours != theirs:
            raise UnusableModel(
                f"the saved tokenizer reads {turns[-1]['content'][:200]!r} as other tokens than training did, so that "
                "the model would not be asked as it was trained; choose another base model"
            )
