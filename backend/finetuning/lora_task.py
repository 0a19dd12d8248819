"""A model that answers is trained in a limited child process, by trl and peft: conversations in, a model out.

The run's folder has `train.jsonl`, `validation.jsonl` and `held_out.jsonl`; it gets `checkpoints/` and `best/`, then
`model/` (safetensors, merged, with tokenizer and chat template), `adapter/` (what LoRA alone learnt), `model.gguf` (for
llama.cpp) and `held_out.safetensors` (the loss of each held-out answer).
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from jinja2 import TemplateError
from pydantic import BaseModel

from backend.errors import InvalidRequest, UnusableModel
from backend.finetuning import checkpoints, lora_base, machine, model_folder
from backend.finetuning.base import CONVERSATIONS, HELD_OUT, PointLog, write_result
from backend.finetuning.failures import explained, loading
from backend.finetuning.lora_conversations import fitting, read
from backend.finetuning.lora_run import Arguments, LoraParameters, Run
from backend.finetuning.needs import FLOAT, Plan
from backend.finetuning.torch_run import has_bf16, require_resources
from backend.jobs.child_main import Report

LESS_MEMORY: Final = "lower batch (and raise accumulation), lower max_length, or choose a smaller base model"


def main(arguments: Arguments, report: Report) -> Iterable[BaseModel]:
    report(0, None)
    machine.offline()
    with explained(LESS_MEMORY):
        run = _prepared(arguments, report)
        require_resources(run, lora_base.shape(run.base), _plan(run))

        from backend.finetuning.lora_best import BEST
        from backend.finetuning.lora_output import result
        from backend.finetuning.lora_training import trained

        found = result(run, trained(run))
    write_result(arguments.folder, found)
    for name in (checkpoints.FOLDER, BEST):
        shutil.rmtree(arguments.folder / name, ignore_errors=True)
    return []


def _prepared(arguments: Arguments, report: Report) -> Run:
    base = _base(arguments)
    model_folder.check(base)
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
    names = (*CONVERSATIONS.values(), HELD_OUT)
    train, validation, held_out = (fitting(read(arguments.folder / name), tokens, limit) for name in names)
    if not train.examples:
        raise InvalidRequest(
            f"nothing to train on: of {train.dropped} answers none leaves room in max_length ({limit} tokens); approve "
            "more FAQs, or raise it"
        )
    run = Run(
        arguments=arguments,
        points=PointLog(arguments.folder),
        report=report,
        base=base,
        tokenizer=tokenizer,
        train=train,
        validation=validation,
        held_out=held_out,
    )
    splits = (train, validation, held_out)
    if dropped := sum(one.dropped for one in splits):
        run.notes.append(f"{dropped} questions are longer than max_length ({limit} tokens) and were left out.")
    if cut := sum(one.cut for one in splits):
        run.notes.append(
            f"{cut} answers reach beyond max_length ({limit} tokens) and were cut there: how they end was not learnt. "
            "Raise max_length, or shorten them."
        )
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


def _plan(run: Run) -> Plan:
    given = run.parameters
    rank = given.rank if given.kind == "lora" else None
    return Plan(rank, given.batch, max(run.train.longest, run.validation.longest), frozen_bytes(given))


def frozen_bytes(parameters: LoraParameters) -> int:
    """Of a number of the base model that training leaves as it is."""
    return 2 if parameters.kind == "lora" and has_bf16() else FLOAT
