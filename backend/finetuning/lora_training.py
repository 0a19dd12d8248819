"""The training itself: trl's, from the last whole checkpoint on, its curves written as they come."""

import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM
from trl import SFTConfig

from backend.errors import TrainingDiverged
from backend.finetuning import checkpoints
from backend.finetuning.base import Point
from backend.finetuning.failures import loading
from backend.finetuning.lora_run import TRAIN_LOSS, VALIDATION_LOSS, LoraParameters, Run
from backend.finetuning.lora_sft import Sft
from backend.finetuning.trainer_checkpoints import Reporter


def trained(run: Run) -> Sft:
    """The trainer, once it is through."""
    found = checkpoints.newest(run.folder / checkpoints.FOLDER)
    run.points.cut(after_step=found[1] if found else -1)
    reporter = Reporter(lambda state, logs: _logged(run, state, logs), time.monotonic)
    trainer = _trainer(run, reporter)
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
    on_gpu = torch.cuda.is_available()
    rounds = 1 / given.evaluations
    return SFTConfig(
        output_dir=str(run.folder / checkpoints.FOLDER),
        num_train_epochs=given.epochs,
        max_steps=given.max_steps or -1,
        per_device_train_batch_size=given.batch,
        per_device_eval_batch_size=given.batch,
        gradient_accumulation_steps=given.accumulation,
        learning_rate=given.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=given.warmup,
        max_length=given.max_length,
        completion_only_loss=True,
        seed=given.seed,
        bf16=has_bf16(),
        use_cpu=not on_gpu,
        dataloader_pin_memory=on_gpu,
        gradient_checkpointing=False,
        eval_strategy="steps" if run.validation.examples else "no",
        eval_steps=rounds,
        save_strategy="steps",
        save_steps=rounds,
        logging_steps=1,
        logging_nan_inf_filter=False,
        report_to="none",
        disable_tqdm=True,
    )


def _logged(run: Run, state: Any, logs: dict[str, float]) -> None:
    for theirs, ours in (("loss", TRAIN_LOSS), ("eval_loss", VALIDATION_LOSS)):
        value = logs.get(theirs)
        if value is None:
            continue
        if not value - value == 0:
            raise TrainingDiverged(
                f"the loss became {value} in step {state.global_step}; lower learning_rate "
                f"({run.parameters.learning_rate:g})"
            )
        run.points.add(Point(name=ours, step=state.global_step, epoch=state.epoch or 0.0, value=value))
    run.report(state.global_step, state.max_steps)


def frozen_bytes(parameters: LoraParameters) -> int:
    return 2 if parameters.kind == "lora" and has_bf16() else 4


def has_bf16() -> bool:
    """On a GPU alone. On a processor that multiplies bf16 (AVX512-BF16), float32 took 20 % longer a step on one thread,
    but after six steps of SmolLM2 its loss was 2.42 and that of bf16 2.59: per second they learnt about the same."""
    return bool(torch.cuda.is_available() and torch.cuda.is_bf16_supported())
