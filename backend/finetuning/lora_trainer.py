"""Training a model that answers, with trl and peft, as a training method: its parameters and its trainer."""

from pathlib import Path
from typing import Annotated, Final, Literal

from huggingface_hub.constants import HF_HUB_CACHE
from pydantic import BaseModel, ConfigDict, Field

from backend.finetuning import MAKES, Means, Method, lora_task, reservations
from backend.finetuning.base import MODELS, TrainingOrder
from backend.finetuning.child_trainer import LONG, ChildTrainer, learning
from backend.finetuning.lora_base import SAMPLE
from backend.finetuning.lora_outlook import outlook
from backend.finetuning.lora_run import Arguments, LoraParameters

LEARNING_RATES: Final = {"lora": 2e-4, "full": 2e-5}
"""LoRA takes about ten times that of full training: a rule of thumb, not measured here."""

_DEFAULT: Final = LoraParameters()


class LoraOptions(BaseModel):
    """What somebody may choose of `LoraParameters`. Without a learning rate, the one of `LEARNING_RATES`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["lora", "full"] = _DEFAULT.kind
    rank: Annotated[int, Field(ge=1, le=256)] = _DEFAULT.rank
    alpha: Annotated[int, Field(ge=1, le=512)] = _DEFAULT.alpha
    dropout: Annotated[float, Field(ge=0, le=0.5)] = _DEFAULT.dropout
    epochs: Annotated[int, Field(ge=1, le=100)] = _DEFAULT.epochs
    max_steps: Annotated[int, Field(ge=0, le=1_000_000)] = _DEFAULT.max_steps
    learning_rate: Annotated[float, Field(gt=0, le=0.1)] | None = None
    warmup: Annotated[float, Field(ge=0, le=0.5)] = _DEFAULT.warmup
    batch: Annotated[int, Field(ge=1, le=128)] = _DEFAULT.batch
    accumulation: Annotated[int, Field(ge=1, le=256)] = _DEFAULT.accumulation
    max_length: Annotated[int, Field(ge=32, le=32_768)] = _DEFAULT.max_length
    evaluations: Annotated[int, Field(ge=1, le=100)] = _DEFAULT.evaluations
    seed: Annotated[int, Field(ge=0, le=2**31)] = _DEFAULT.seed


def arguments(order: TrainingOrder) -> Arguments:
    given = {key: value for key, value in order.parameters.items() if key in LoraOptions.model_fields}
    chosen = LoraOptions.model_validate(given).model_dump()
    chosen["learning_rate"] = chosen["learning_rate"] or LEARNING_RATES[chosen["kind"]]
    folder = order.folder.resolve()
    models = order.parameters.get(MODELS)
    return Arguments(
        folder=folder,
        base_model=order.base_model or SAMPLE,
        models=Path(str(models)) if models else folder.parent / MODELS,
        hub=Path(HF_HUB_CACHE),
        reservations=reservations.folder(),
        parameters=LoraParameters(**chosen),
    )


def _trainer(means: Means) -> ChildTrainer:
    return ChildTrainer(means.children, lora_task.__name__, arguments, LONG, learning)


METHOD: Final = Method(MAKES["lora"], LoraOptions, _trainer, queue="trainings", outlook=outlook)
