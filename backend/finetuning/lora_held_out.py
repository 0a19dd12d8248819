"""Answers that training never saw: how unlikely the model finds each, before the training and after it."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import safetensors.numpy
import torch
from pydantic import BaseModel

from backend.comparison.means import grouped_difference
from backend.finetuning.base import write_whole
from backend.finetuning.lora_conversations import Example
from backend.finetuning.lora_run import HELD_OUT_LOSS, Run
from backend.finetuning.lora_sft import Sft

LOSSES: Final = "held_out.safetensors"
"""Of each held-out answer, `before` and `after`: float64[n], in the order of the dataset."""
BEFORE: Final = "held_out_before.json"
ASKED: Final = 200
"""Answers at most: those of a large dataset would take longer than its training."""


class Losses(BaseModel):
    values: list[float]


def ask_before(run: Run, trainer: Sft) -> None:
    """Asks the base model, once: `trainer` holds it until it trains, also where that goes on from a checkpoint."""
    path = run.folder / BEFORE
    if run.held_out.examples and not path.exists():
        write_whole(path, Losses(values=_losses(run, trainer)))


def changes(run: Run, trainer: Sft) -> dict[str, list[float]]:
    """The mean loss as [before, after], and behind them the ends of the 95 % interval of the difference, where there
    is more than one answer: questions of one answer are drawn together. `questions` says of how many. The losses of
    each are written as `LOSSES`. Nothing where no row was held out."""
    if not run.held_out.examples:
        return {}
    before = np.array(Losses.model_validate_json((run.folder / BEFORE).read_bytes()).values)
    after = np.array(_losses(run, trainer))
    safetensors.numpy.save_file({"before": before, "after": after}, run.folder / LOSSES)
    groups = [example.completion.content for example in asked(run)]
    ends = grouped_difference(after.tolist(), before.tolist(), groups).interval
    interval = [ends.low, ends.high] if ends is not None else []
    return {"questions": [float(len(after))], HELD_OUT_LOSS: [float(before.mean()), float(after.mean()), *interval]}


def asked(run: Run) -> Sequence[Example]:
    """The held-out answers, or `ASKED` of them at equal distances."""
    found = run.held_out.examples
    if len(found) <= ASKED:
        return found
    return [found[at * len(found) // ASKED] for at in range(ASKED)]


def _losses(run: Run, trainer: Sft) -> list[float]:
    model = trainer.model
    was_training = model.training
    model.eval()
    with torch.no_grad(), trainer.compute_loss_context_manager():
        found = [_loss(model, run.tokenizer, example, run.parameters.max_length) for example in asked(run)]
    model.train(was_training)
    return found


def _loss(model: Any, tokenizer: Any, example: Example, limit: int) -> float:
    """The mean over the tokens of the answer, as training has it: of `limit` tokens at most."""
    question = _tokens(tokenizer, example.row["prompt"], answer_follows=True)
    whole = torch.tensor([_tokens(tokenizer, example.turns, answer_follows=False)[:limit]], device=model.device)
    scores = model(input_ids=whole).logits[0, len(question) - 1 : -1].float()
    return float(torch.nn.functional.cross_entropy(scores, whole[0, len(question) :]))


def _tokens(tokenizer: Any, turns: list[dict[str, str]], *, answer_follows: bool) -> list[int]:
    told = tokenizer.apply_chat_template(turns, add_generation_prompt=answer_follows, return_dict=True)
    found: list[int] = told["input_ids"]
    return found
