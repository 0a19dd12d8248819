"""What a training leaves: the merged model, what LoRA alone learnt, a GGUF file, and their figures."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch

from backend.finetuning import model_folder
from backend.finetuning.base import ModelFile, TrainingResult
from backend.finetuning.files import described
from backend.finetuning.gguf_fit import NotExported
from backend.finetuning.lora_conversations import Example
from backend.finetuning.lora_folder import add_end, check_folder
from backend.finetuning.lora_gguf import Turns, check_tokens, export
from backend.finetuning.lora_held_out import LOSSES, changes
from backend.finetuning.lora_run import VALIDATION_LOSS, Run
from backend.finetuning.lora_sft import Sft
from backend.finetuning.machine import peak_memory

MODEL: Final = "model"
ADAPTER: Final = "adapter"
GGUF: Final = "model.gguf"
CHECKED: Final = 50
"""Conversations whose tokens are compared with those of what the model is asked by."""


def result(run: Run, trainer: Sft) -> TrainingResult:
    """Written, and described."""
    held_out = changes(run, trainer)
    _save(run, trainer)
    metrics = {**_metrics(run, _losses(run)), **held_out}
    return TrainingResult(files=_files(run), metrics=metrics, notes=run.notes)


def _losses(run: Run) -> list[float]:
    """Of validation: before the training and in the state that is kept; none without validation."""
    return [run.validations()[0].value, run.kept.value] if run.kept is not None else []


def _save(run: Run, trainer: Sft) -> None:
    """Adapter, merged model and GGUF file. What an earlier attempt left of them is gone."""
    for name in (MODEL, ADAPTER):
        shutil.rmtree(run.folder / name, ignore_errors=True)
    model = trainer.model
    if run.parameters.kind == "lora":
        model.save_pretrained(run.folder / ADAPTER)
        (run.folder / ADAPTER / "README.md").unlink(missing_ok=True)
        model = model.merge_and_unload()
    merged = run.folder / MODEL
    some: list[Example] = [*run.train.examples, *run.validation.examples][:CHECKED]
    add_end(model, run.tokenizer, some[0].turns)
    model.to(_kept_dtype(run.base)).save_pretrained(merged)
    run.tokenizer.save_pretrained(merged)
    _export(run, merged, [example.row["prompt"] for example in some])


def _kept_dtype(base: Path) -> Any:
    """The base model's own: more digits than it had say nothing."""
    config = model_folder.config(base)
    named = config.get("dtype") or config.get("torch_dtype")
    return {"float16": torch.float16, "bfloat16": torch.bfloat16}.get(str(named), torch.float32)


def _export(run: Run, merged: Path, conversations: Sequence[Turns]) -> None:
    """Raises `UnusableModel` for a model without a GGUF file whose folder is read otherwise than it was trained."""
    file = run.folder / GGUF
    file.unlink(missing_ok=True)
    try:
        export(merged, run.tokenizer, file)
        if not check_tokens(file, run.tokenizer, conversations):
            run.notes.append("llama.cpp is not installed, so that its reading of the model was not compared.")
    except NotExported as exc:
        file.unlink(missing_ok=True)
        check_folder(merged, run.tokenizer, conversations)
        run.notes.append(f"The model is asked by transformers, since it has no GGUF file for llama.cpp: {exc}.")


def _files(run: Run) -> list[ModelFile]:
    found = [path for name in (MODEL, ADAPTER) for path in sorted((run.folder / name).glob("*"))]
    names = [
        str(path.relative_to(run.folder)) for path in (*found, run.folder / GGUF, run.folder / LOSSES) if path.is_file()
    ]
    return described(run.folder, *names)


def _metrics(run: Run, losses: list[float]) -> dict[str, list[float]]:
    figures = {"peak_memory_mb": [peak_memory()]}
    if losses:
        figures[VALIDATION_LOSS] = losses
    if run.seconds:
        figures["seconds_per_step"] = [sum(run.seconds) / len(run.seconds)]
    return figures
