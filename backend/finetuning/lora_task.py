"""A model that answers is trained in a limited child process, by trl and peft: conversations in, a model out.

The run's folder has `train.jsonl` and `validation.jsonl`; it gets `checkpoints/`, then `model/` (safetensors, merged,
with tokenizer and chat template), `adapter/` (what LoRA alone learnt) and `model.gguf` (for llama.cpp).
"""

import os
import resource
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from pydantic import BaseModel

from backend.errors import InvalidRequest, UnusableModel
from backend.finetuning import lora_base, lora_checkpoints, lora_needs
from backend.finetuning.base import PointLog, write_result
from backend.finetuning.lora_conversations import TRAIN, VALIDATION, fitting, read
from backend.finetuning.lora_failures import explained, loading
from backend.finetuning.lora_needs import Plan, Shape
from backend.finetuning.lora_run import Arguments, Run
from backend.jobs.child_main import Report


def main(arguments: Arguments, report: Report) -> Iterable[BaseModel]:
    offline()
    with explained():
        run = _prepared(arguments, report)
        _require_resources(run)

        from backend.finetuning.lora_output import result
        from backend.finetuning.lora_training import trained

        found = result(run, trained(run))
    write_result(arguments.folder, found)
    shutil.rmtree(arguments.folder / lora_checkpoints.FOLDER, ignore_errors=True)
    return []


def offline() -> None:
    """Before any of the libraries is imported: no network, one GPU, no bars."""
    os.environ.update(
        HF_HUB_OFFLINE="1",
        TRANSFORMERS_OFFLINE="1",
        HF_DATASETS_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        TRANSFORMERS_VERBOSITY="error",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
        TQDM_DISABLE="1",
    )
    os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]


def _prepared(arguments: Arguments, report: Report) -> Run:
    base = _base(arguments)
    lora_base.check(base)
    tokenizer = load_tokenizer(base)

    def tokens(turns: list[dict[str, str]], answer_follows: bool) -> int:
        try:
            told = tokenizer.apply_chat_template(turns, add_generation_prompt=answer_follows, return_dict=True)
        except TemplateError as exc:
            raise UnusableModel(
                f"the base model's chat template refuses a conversation of the dataset ({exc}); choose another base "
                "model, or leave out what it refuses"
            ) from exc
        return len(told["input_ids"])

    limit = arguments.parameters.max_length
    train, validation = (fitting(read(arguments.folder / name), tokens, limit) for name in (TRAIN, VALIDATION))
    if not train.examples:
        raise InvalidRequest(
            f"nothing to train on: of {train.dropped} answers none leaves room in max_length ({limit} tokens); approve "
            "more FAQs, or raise it"
        )
    run = Run(arguments, base, tokenizer, train, validation, PointLog(arguments.folder), report)
    if dropped := train.dropped + validation.dropped:
        run.notes.append(f"{dropped} conversations are longer than max_length ({limit} tokens) and were left out.")
    if not validation.examples:
        run.notes.append("There were no conversations to validate with, so that nothing says whether it became better.")
    return run


def _base(arguments: Arguments) -> Path:
    if arguments.base_model == lora_base.SAMPLE:
        from backend.finetuning.lora_sample import sample

        return sample(arguments.models)
    return lora_base.folder_of(arguments.base_model, arguments.hub)


def load_tokenizer(folder: Path) -> Any:
    """transformers' tokenizer of a folder that was checked. Raises `UnusableModel` for one without a chat template."""
    from transformers import AutoTokenizer

    with loading("tokenizer"):
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if not tokenizer.chat_template:
        raise UnusableModel(
            "the base model has no chat template, so that nothing says how its conversations are written; choose one "
            "that was tuned for instructions"
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _require_resources(run: Run) -> None:
    import torch

    from backend.finetuning.lora_training import frozen_bytes

    on_gpu = torch.cuda.is_available()
    given = run.parameters
    shape = _shape(run.base)
    rank = given.rank if given.kind == "lora" else None
    plan = Plan(rank, given.batch, max(run.train.longest, run.validation.longest), frozen_bytes(given))
    free = torch.cuda.mem_get_info()[0] if on_gpu else lora_needs.free_memory()
    lora_needs.require_memory(lora_needs.memory_needed(shape, plan), run.arguments.memory or free)
    lora_needs.require_disk(lora_needs.disk_needed(shape, plan), shutil.disk_usage(run.folder).free)
    if not on_gpu and sys.platform == "linux":
        _limit_memory(run.arguments.memory or free)


def _shape(base: Path) -> Shape:
    config = lora_base.config(base)
    names = ("num_hidden_layers", "hidden_size", "vocab_size")
    sizes = [int(str(config[name])) if name in config else 0 for name in names]
    return Shape.of(lora_base.tensors(base), *sizes)


def _limit_memory(free: int | None) -> None:
    """Of this process: to what it has now, and what was free. Beyond it an allocation fails, and nothing is killed."""
    if free is None:
        return
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + free, hard))
