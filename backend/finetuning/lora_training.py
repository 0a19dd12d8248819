"""The training itself: trl's, from the last whole checkpoint on, its curves written as they come."""

import time
from pathlib import Path
from typing import Any, Final

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl import SFTConfig

from backend.finetuning import checkpoints
from backend.finetuning.base import Point
from backend.finetuning.failures import loading
from backend.finetuning.lora_best import BestKept, best_of, go_back, kept
from backend.finetuning.lora_held_out import ask_before
from backend.finetuning.lora_run import VALIDATION_LOSS, LoraParameters, Run
from backend.finetuning.lora_sft import Sft
from backend.finetuning.lora_task import frozen_bytes
from backend.finetuning.torch_run import TRAIN_LOSS, settings
from backend.finetuning.trainer_checkpoints import Reporter

LOGGED: Final = {"loss": TRAIN_LOSS, "eval_loss": VALIDATION_LOSS}
"""Our names of what the trainer logs."""


def trained(run: Run) -> Sft:
    """The trainer, once it is through; its model is in the state that is kept."""
    found = checkpoints.newest(run.folder / checkpoints.FOLDER)
    run.points.cut(after_step=found[1] if found else -1)
    go_back(run, found)
    reporter = Reporter(run.advance, lambda state, logs: _logged(run, state, logs), time.monotonic)
    trainer = _trainer(run, reporter)
    run.advance(0, 0)
    ask_before(run, trainer)
    if run.validation.examples and found is None:
        trainer.evaluate()
    trainer.train(resume_from_checkpoint=str(found[0]) if found else None)
    run.seconds = reporter.seconds
    if run.validation.examples:
        _take_best(run, trainer)
    return trainer


def _take_best(run: Run, trainer: Sft) -> None:
    """The state of the best validation, or the last one where that is damaged."""
    last = trainer.state.global_step
    if run.validations()[-1].step != last:
        trainer.evaluate()
    end, best = run.validations()[-1], best_of(run)
    run.kept = end
    if best is not None and best.step != last:
        found = kept(run)
        if found is None:
            run.notes.append(f"The best state, after step {best.step}, was damaged: the last one is kept.")
            return
        trainer._load_from_checkpoint(str(found[0]))
        run.kept = best
    run.notes.append(_kept_note(run, run.kept, end))


def _kept_note(run: Run, best: Point, end: Point) -> str:
    first = run.validations()[0]
    text = (
        f"The state after step {best.step} of {end.step} is kept, whose validation loss ({best.value:.3f}) was lowest"
    )
    if best.step != end.step:
        text += f"; at the end it was {end.value:.3f}"
    if first.step == 0 and best.value >= first.value:
        return (
            f"{text}. The base model has {first.value:.3f}: nothing that was learnt made it better; lower "
            f"learning_rate ({run.parameters.learning_rate:g}) or epochs, or approve more FAQs."
        )
    return f"{text}."


def _trainer(run: Run, reporter: object) -> Sft:
    given = run.parameters
    lora = LoraConfig(
        r=given.rank,
        lora_alpha=given.alpha,
        lora_dropout=given.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    validation = [example.row for example in run.validation.examples]
    return Sft(
        model=_model(run.base, given),
        args=_settings(run),
        train_dataset=Dataset.from_list([example.row for example in run.train.examples]),
        eval_dataset=Dataset.from_list(validation) if validation else None,
        processing_class=run.tokenizer,
        peft_config=lora if given.kind == "lora" else None,
        callbacks=[reporter, BestKept(run)],
    )


def _model(base: Path, parameters: LoraParameters) -> Any:
    dtype = torch.bfloat16 if frozen_bytes(parameters) == 2 else torch.float32
    with loading("weights"):
        return AutoModelForCausalLM.from_pretrained(
            base, dtype=dtype, use_safetensors=True, local_files_only=True, trust_remote_code=False
        )


def _settings(run: Run) -> Any:
    given = run.parameters
    return SFTConfig(
        **settings(run, given, is_validated=bool(run.validation.examples)),
        max_steps=given.max_steps or -1,
        per_device_eval_batch_size=given.batch,
        gradient_accumulation_steps=given.accumulation,
        lr_scheduler_type="cosine",
        max_length=given.max_length,
        completion_only_loss=True,
        gradient_checkpointing=False,
    )


def _logged(run: Run, state: Any, logs: dict[str, float]) -> None:
    remedy = f"lower learning_rate ({run.parameters.learning_rate:g})"
    run.log(state, logs, LOGGED, remedy=remedy)
