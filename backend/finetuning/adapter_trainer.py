"""Tuned retrieval as a training method: its parameters and its trainer."""

from dataclasses import asdict
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from backend.finetuning import MAKES, Means, Method, adapter_task
from backend.finetuning.adapter import AdapterParameters
from backend.finetuning.base import SPEC_KEY, TrainingOrder
from backend.finetuning.child_trainer import ChildTrainer
from backend.jobs.children import MIB, ChildLimits

LIMITS: Final = ChildLimits(cpu_seconds=7_200, wall_seconds=7_200.0, memory_bytes=8 * 1024 * MIB)

_DEFAULT: Final = AdapterParameters()


class AdapterOptions(BaseModel):
    """What somebody may choose of `AdapterParameters`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Annotated[int, Field(ge=1, le=500)] = _DEFAULT.epochs
    learning_rate: Annotated[float, Field(gt=0, le=0.1)] = _DEFAULT.learning_rate
    temperature: Annotated[float, Field(ge=0.005, le=1)] = _DEFAULT.temperature
    weight_decay: Annotated[float, Field(ge=0, le=10)] = _DEFAULT.weight_decay
    batch: Annotated[int, Field(ge=8, le=1024)] | None = _DEFAULT.batch
    patience: Annotated[int, Field(ge=1, le=500)] = _DEFAULT.patience
    seed: Annotated[int, Field(ge=0, le=2**31)] = _DEFAULT.seed


def _arguments(order: TrainingOrder) -> adapter_task.Arguments:
    chosen = AdapterOptions.model_validate({key: value for key, value in order.parameters.items() if key != SPEC_KEY})
    parameters = AdapterParameters(**{**asdict(_DEFAULT), **chosen.model_dump()})
    return adapter_task.Arguments(
        folder=order.folder.resolve(), spec_key=str(order.parameters[SPEC_KEY]), parameters=parameters
    )


def _trainer(means: Means) -> ChildTrainer:
    return ChildTrainer(means.children, adapter_task.__name__, _arguments, LIMITS)


METHOD: Final = Method(MAKES["adapter"], AdapterOptions, _trainer)
