"""What is sent to a server's fine-tuning API and read of it, without its SDK, which is slow to import."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from backend.errors import ProviderRejected


class NotThere(ProviderRejected):
    """404 or 405: the server has no such file or job, or no such call."""


class Failure(BaseModel):
    message: str | None = None


class RemoteJob(BaseModel):
    """What is read of a job; other servers send less than OpenAI."""

    id: str
    status: str = ""
    fine_tuned_model: str | None = None
    error: Failure | None = None
    trained_tokens: int | None = None
    training_file: str | None = None
    metadata: dict[str, Any] | None = None
    hyperparameters: dict[str, Any] | None = None

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
