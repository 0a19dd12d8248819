"""What is read of Fireworks' answers about accounts, datasets and jobs, and of the file of a job's figures."""

import json
from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, Field, JsonValue, TypeAdapter

from backend.finetuning.remote_wire import Failure, RemoteEvent, RemoteJob

STATE: Final = "JOB_STATE_"
FIGURES: Final = {
    "loss": "train_loss",
    "train/ce_loss": "train_loss",
    "train/loss": "train_loss",
    "eval/loss": "validation_loss",
}
"""The name of a figure there, and here; of two names the later one counts."""
_ID: Final = r"[A-Za-z0-9_-]+"
_LINE: Final = TypeAdapter(dict[str, JsonValue])


class Account(BaseModel):
    name: str = Field(pattern=rf"^accounts/{_ID}$")


class AccountList(BaseModel):
    accounts: list[Account] = []


class Status(BaseModel):
    """Of gRPC; a `code` other than OK comes with a reason."""

    code: str = "OK"
    message: str | None = None


class Dataset(BaseModel):
    """Its rows may be learned from once its `state` is READY."""

    state: str = ""
    status: Status = Status()


class Uploaded(BaseModel):
    """Nothing of it is needed but that it is an object."""


class Progress(BaseModel):
    percent: int = 0


class Job(BaseModel):
    """`output_model` has a name before there is a model. `figures` is a URL that lets everyone read them."""

    name: str = Field(pattern=rf"^accounts/{_ID}/supervisedFineTuningJobs/{_ID}$")
    state: str = ""
    status: Status = Status()
    dataset: str | None = None
    output_model: str | None = Field(None, validation_alias="outputModel")
    epochs: int | None = None
    progress: Progress = Field(Progress(), validation_alias="jobProgress")
    figures: str | None = Field(None, validation_alias="metricsFileSignedUrl")

    def remote(self) -> RemoteJob:
        return RemoteJob(
            id=self.name,
            status=self.state.removeprefix(STATE).lower(),
            fine_tuned_model=self.output_model,
            error=Failure(message=self.status.message),
            training_file=self.dataset,
            hyperparameters={"n_epochs": self.epochs},
            percent=self.progress.percent,
        )


def events_of(lines: str) -> list[RemoteEvent]:
    """Of JSON lines, in the order in which they were measured: a line keeps its place. Raises `ValueError`."""
    told = [_LINE.validate_python(json.loads(line)) for line in lines.splitlines() if line.strip()]
    return [RemoteEvent(id=str(place), data=_figures(one)) for place, one in enumerate(told)]


def _figures(line: Mapping[str, JsonValue]) -> dict[str, object]:
    """Beside the step, or in an object `data` of their own."""
    step, data = line.get("step"), line.get("data")
    told = data if isinstance(data, dict) else line
    known: dict[str, object] = {ours: told[theirs] for theirs, ours in FIGURES.items() if theirs in told}
    return known | ({"step": int(step)} if isinstance(step, int | float) and step == int(step) else {})
