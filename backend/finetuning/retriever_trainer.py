"""Training a whole embedding model with sentence-transformers, as a training method: its parameters and its trainer."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from backend.finetuning import MAKES, Means, Method, reservations, retriever_task
from backend.finetuning.base import BASE, TrainingOrder
from backend.finetuning.child_trainer import LONG, ChildTrainer, learning
from backend.finetuning.retriever_run import Arguments, Base, RetrieverParameters

_DEFAULT: Final = RetrieverParameters()


class RetrieverOptions(BaseModel):
    """What somebody may choose of `RetrieverParameters`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Annotated[int, Field(ge=1, le=100)] = _DEFAULT.epochs
    learning_rate: Annotated[float, Field(gt=0, le=0.1)] = _DEFAULT.learning_rate
    temperature: Annotated[float, Field(ge=0.005, le=1)] = _DEFAULT.temperature
    warmup: Annotated[float, Field(ge=0, le=0.5)] = _DEFAULT.warmup
    batch: Annotated[int, Field(ge=2, le=1024)] = _DEFAULT.batch
    max_length: Annotated[int, Field(ge=16, le=512)] = _DEFAULT.max_length
    evaluations: Annotated[int, Field(ge=1, le=100)] = _DEFAULT.evaluations
    patience: Annotated[int, Field(ge=1, le=100)] = _DEFAULT.patience
    seed: Annotated[int, Field(ge=0, le=2**31)] = _DEFAULT.seed


def arguments(order: TrainingOrder) -> Arguments:
    chosen = {key: value for key, value in order.parameters.items() if key in RetrieverOptions.model_fields}
    return Arguments(
        folder=order.folder.resolve(),
        reservations=reservations.folder(),
        base=Base.model_validate(order.parameters[BASE]),
        parameters=RetrieverParameters(**RetrieverOptions.model_validate(chosen).model_dump()),
    )


def _trainer(means: Means) -> ChildTrainer:
    return ChildTrainer(means.children, retriever_task.__name__, arguments, LONG, learning)


METHOD: Final = Method(MAKES["retriever"], RetrieverOptions, _trainer, queue="trainings")
