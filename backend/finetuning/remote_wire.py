"""What is sent to a server's fine-tuning API and read of it, without its SDK, which is slow to import."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import BaseModel

from backend.errors import ProviderRejected

MOST: Final = 10_000
"""Files, jobs or events that are looked through. A server that repeats its pages must not be read for ever."""


class NotThere(ProviderRejected):
    """404 or 405: the server has no such file or job, or no such call."""


class Failure(BaseModel):
    message: str | None = None


class RemoteJob(BaseModel):
    """What is read of a job; other servers send less than OpenAI. `done` of `total` steps, 0 where it does not say;
    `percent` is how much of the training that is, 0..100, where it says that instead."""

    id: str
    status: str = ""
    fine_tuned_model: str | None = None
    error: Failure | None = None
    trained_tokens: int | None = None
    training_file: str | None = None
    metadata: dict[str, Any] | None = None
    hyperparameters: dict[str, Any] | None = None
    done: int = 0
    total: int = 0
    percent: int = 0

    @property
    def epochs(self) -> int | None:
        """That the server chose, or was told."""
        found = (self.hyperparameters or {}).get("n_epochs")
        return found if isinstance(found, int) else None


class RemoteEvent(BaseModel):
    """`data` has the figures of a step where the event is of that kind."""

    id: str
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to create under our `name`, from `files` by their split. What is left out is the server's choice."""

    name: str
    model: str
    files: Mapping[str, str]
    hyperparameters: Mapping[str, int | float] = field(default_factory=dict)
    seed: int | None = None
    suffix: str | None = None


class FineTuningApi(Protocol):
    """A server that trains, in its own dialect: `like` says whose, as in "OpenAI's".

    Every method raises the `ProviderError` family; `NotThere` for what the server does not have.
    """

    base_url: str
    like: str

    async def upload(self, path: Path, name: str) -> str:
        """The id that the file gets there. Raises `OutboundRefused` for a place that must not be called."""
        ...

    async def find_file(self, name: str, size: int) -> str | None:
        """The id of an uploaded file of this name and so many bytes; what is there of one that did not get to its end
        is deleted, so that nothing of it stays."""
        ...

    async def delete_file(self, file_id: str) -> None: ...

    async def create(self, new: NewJob) -> RemoteJob: ...

    async def find_job(self, name: str, training_file: str) -> RemoteJob | None:
        """The job that was created under our name, or that learns from a file that is ours alone."""
        ...

    async def job(self, job_id: str) -> RemoteJob: ...

    def events(self, job_id: str) -> AsyncGenerator[RemoteEvent]:
        """The newest first. Whoever has seen the rest stops reading."""
        ...

    async def cancel(self, job_id: str) -> RemoteJob:
        """The job as it is afterwards."""
        ...
