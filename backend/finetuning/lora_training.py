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
from backend.finetuning.failures import loading
from backend.finetuning.lora_run import VALIDATION_LOSS, LoraParameters, Run
from backend.finetuning.lora_sft import Sft
from backend.finetuning.lora_task import frozen_bytes
from backend.finetuning.torch_run import TRAIN_LOSS, settings
from backend.finetuning.trainer_checkpoints import Reporter

LOGGED: Final = {"loss": TRAIN_LOSS, "eval_loss": VALIDATION_LOSS}
"""Our names of what the trainer logs."""


def trained(run: Run) -> Sft:
    """The trainer, once it is through."""
    found = checkpoints.newest(run.folder / checkpoints.FOLDER)
    run.points.cut(after_step=found[1] if found else -1)
    reporter = Reporter(run.advance, lambda state, logs: _logged(run, state, logs), time.monotonic)
    trainer = _trainer(run, reporter)
    run.advance(0, 0)
    if run.validation.examples and found is None:
        trainer.evaluate()
    trainer.train(resume_from_checkpoint=str(found[0]) if found else None)
    run.seconds = reporter.seconds
    if run.validation.examples and run.last(VALIDATION_LOSS) != trainer.state.global_step:
        trainer.evaluate()
    return trainer


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
        callbacks=[reporter],
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
