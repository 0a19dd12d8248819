"""Fine-tuning: trainings, their curves, and the models that come out."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue, StringConstraints

from contracts.base import Answer, Name, Request, Storable, UtcTime
from contracts.datasets import RowSource
from contracts.jobs import Job

BaseModelName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Storable]
MethodName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), Storable]


class MethodParameter(Answer):
    """A number that a training may be given. Without a default the method finds one itself."""

    name: str
    default: float | None
    least: float | None
    most: float | None
    is_whole: bool


class MethodChoice(Answer):
    """A parameter of a training that is one of `options`."""

    name: str
    default: str
    options: list[str]


class TrainingProvider(Answer):
    """A provider that is set up and may train. Its `base_url` is where the dataset's rows would go. `lacks` are the
    method's parameters that it does not take, and why; `note` is what to know before rows are sent there."""

    name: str
    label: str
    base_url: str
    lacks: dict[str, str] = Field({})
    note: str = ""


Makes = Literal["retrieval", "answers", "embeddings"]


class BaseModelChoice(Answer):
    """A model that a training may begin with."""

    name: str
    label: str
    note: str


class TrainingMethod(Answer):
    """A way to train. `makes` tells what comes out: a collection's retrieval, a model that answers, or an embedding
    model, which begins with one of `base_models`.

    `missing` says what to install or set up first; without its packages its parameters and `choices` are not
    known. One that trains at a provider takes its name as the parameter `provider`: one of `providers`. A model that
    nobody names is called by its dataset and `model_name`.
    """

    name: str
    label: str
    makes: Makes
    model_name: str = ""
    missing: str
    parameters: list[MethodParameter]
    choices: list[MethodChoice] = Field([])
    providers: list[TrainingProvider] = Field([])
    base_models: list[BaseModelChoice] = Field([])
    needs_base_model: bool = False


class NewTraining(Request):
    """`method` names the trainer. `adapter` is tuned retrieval: it has no `base_model`, and is trained for a
    collection, that of the default agent where none is given. `retriever` trains an embedding model of this machine,
    MiniLM where no `base_model` is given, to find that collection's entries. `remote` trains at the provider that its
    parameter `provider` names: rows of the dataset leave this machine. `parameters` are the method's; what is left out
    has its default.

    `name` is the model's; without one it is made from the dataset's.
    """

    dataset_id: UUID
    method: MethodName = "adapter"
    base_model: BaseModelName = ""
    name: Name | None = None
    collection_id: UUID | None = None
    parameters: dict[str, JsonValue] = Field(default={}, max_length=50)


class TrainingEstimate(Answer):
    """What a training would read: about so many `tokens` in each of `epochs`, null where the provider chooses them.

    `cost_usd` is that of all epochs, or of one where their number is not known. It is 0 for what is trained on this
    machine, and null where `parameters.price_per_million` does not say what a provider asks.

    `memory_mb` and `disk_mb` are about what it needs of this machine, beside what that has in all and what is free of
    it now; null where that is not known: memory also where a GPU may train. `obstacle` is why it cannot begin, with
    which to start it is refused; `warnings` are what to know of it and of its model before.
    """

    tokens: int
    epochs: int | None
    cost_usd: Decimal | None
    memory_mb: int | None = None
    machine_memory_mb: int | None = None
    free_memory_mb: int | None = None
    disk_mb: int | None = None
    free_disk_mb: int | None = None
    warnings: list[str] = Field([])
    obstacle: str = ""


class Training(Answer):
    """A training with its job, whose id it has. `model_id` is the model that came out."""

    id: UUID
    name: str
    method: str
    base_model: str
    parameters: dict[str, JsonValue]
    dataset_id: UUID
    dataset_name: str
    dataset_version: int
    collection_id: UUID | None
    model_id: UUID | None
    author: str
    created_at: UtcTime
    job: Job


class CurvePoint(Answer):
    """A value after so many steps and epochs: `train_loss`, `validation_loss`, `mrr` and `hit_at_1` (0..1)."""

    name: str
    step: int
    epoch: float
    value: float


class Change(Answer):
    """A figure on the held-out questions before and after training. `low` and `high` are the ends of the 95 % interval
    of `after` less `before`, null where there are too few questions to tell."""

    name: str
    before: float
    after: float
    low: float | None = None
    high: float | None = None


class ModelFile(Answer):
    path: str
    size: int
    sha256: str


class TunedModel(Answer):
    """A model that was trained here. One that `makes` embeddings is asked by no name: a collection is switched to it,
    as the embedding model `tuned/` and its name. `held_out` counts the questions behind `changes`; they were in no
    training, but for those of `validation_loss`, which chose the state that is kept. `took` says what the training
    took, as far as it was measured: `seconds_per_step`, `peak_memory_mb`.

    `state` is `unusable` with a `reason` when it no longer fits: the collection is gone or has other vectors, or the
    provider that keeps it as `remote_id` is not set up any more.
    """

    id: UUID
    name: str
    method: str
    makes: Makes
    base_model: str
    parameters: dict[str, JsonValue]
    changes: list[Change]
    held_out: int
    took: dict[str, float] = Field(default_factory=dict)
    notes: list[str]
    files: list[ModelFile]
    remote_id: str | None
    dataset_id: UUID
    dataset_name: str
    dataset_version: int
    dataset_hash: str
    collection_id: UUID | None
    training_id: UUID
    state: Literal["usable", "unusable"]
    reason: str = ""
    author: str
    created_at: UtcTime


class LearntFrom(Answer):
    """A row that a model was trained on."""

    question: str
    source: RowSource
