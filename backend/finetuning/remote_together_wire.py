"""What is read of Together's answers about files and jobs."""

from collections.abc import Mapping
from typing import Final

from pydantic import AliasChoices, BaseModel, Field

from backend.finetuning.remote_wire import RemoteEvent, RemoteJob

STEP: Final = "train/global_step"
FIGURES: Final = {"train/loss": "train_loss", "eval/loss": "validation_loss"}


class File(BaseModel):
    """`bytes` is 0 or missing for one that was announced and never sent."""

    id: str
    filename: str | None = None
    bytes: int | None = None
    processed: bool | None = Field(None, validation_alias=AliasChoices("Processed", "processed"))


class FileList(BaseModel):
    data: list[File]


class Event(BaseModel):
    level: str | None = None
    type: str | None = None
    message: str | None = None
    created_at: str | None = None
    step: int | None = None
    total_steps: int | None = None

    @property
    def tells_an_error(self) -> bool:
        return (self.level or "").lower().endswith("error") or (self.type or "").lower().endswith("error")


class EventList(BaseModel):
    data: list[Event]


class Job(BaseModel):
    """Lists and a new job come without `events`. A name is there before its model is."""

    id: str
    status: str = ""
    output_name: str | None = Field(None, validation_alias=AliasChoices("model_output_name", "output_name"))
    training_file: str | None = None
    n_epochs: int | None = None
    steps_completed: int | None = None
    total_steps: int | None = None
    events: list[Event] | None = None

    def remote(self) -> RemoteJob:
        events = self.events or []
        return RemoteJob(
            id=self.id,
            status=self.status,
            fine_tuned_model=self.output_name,
            training_file=self.training_file,
            hyperparameters={"n_epochs": self.n_epochs},
            done=max((self.steps_completed or 0, *(one.step or 0 for one in events))),
            total=max((self.total_steps or 0, *(one.total_steps or 0 for one in events))),
        )


class JobList(BaseModel):
    data: list[Job]


class Metrics(BaseModel):
    """`metrics` in the order in which they were measured: an entry keeps its place."""

    metrics: list[dict[str, float | None]]

    def events(self) -> list[RemoteEvent]:
        return [RemoteEvent(id=str(place), data=_figures(one)) for place, one in enumerate(self.metrics)]


def _figures(told: Mapping[str, float | None]) -> dict[str, object]:
    step = told.get(STEP)
    known: dict[str, object] = {ours: told[theirs] for theirs, ours in FIGURES.items() if theirs in told}
    return known | ({"step": int(step)} if step is not None and step == int(step) else {})
