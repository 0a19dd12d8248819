"""Durable jobs: what a service submits and all that a workflow sees."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, JsonValue

from backend.db.tx import Tx
from contracts.jobs import JobKind

M = TypeVar("M", bound=BaseModel)
JsonObject = dict[str, JsonValue]
QueueName = Literal["jobs", "trainings", "remote_trainings"]
USUAL: Final[QueueName] = "jobs"


class Queued(BaseModel):
    """The payload of a job that may wait in another queue than the usual one, so that it keeps none there waiting; each
    attempt of it waits in the same."""

    queue: QueueName = USUAL


def queue_of(payload: Mapping[str, JsonValue]) -> QueueName:
    """Where a job of this payload waits."""
    return Queued.model_validate({name: payload[name] for name in Queued.model_fields.keys() & payload.keys()}).queue


@dataclass(frozen=True, slots=True)
class JobRequest:
    """`delay` seconds pass before it starts (debounce). `title` is what a person reads in a list.

    With an `id` submitting is idempotent: a job of that id stays as it is. A step that submits must give one.
    """

    kind: JobKind
    payload: BaseModel
    title: str
    document_id: UUID | None = None
    collection_id: UUID | None = None
    delay: float = 0.0
    id: UUID | None = None


class JobContext(Protocol):
    """A workflow's view of its job.

    `step` runs `fn` at least once and remembers its result: after a crash a finished step is not run again, so every
    write in it must be an upsert under a deterministic id. Steps are numbered by their order, which must not depend on
    anything but earlier results. A step that cannot succeed raises a NexusError, which ends the job as failed.
    """

    @property
    def job_id(self) -> UUID: ...

    @property
    def workspace_id(self) -> UUID: ...

    async def step(self, name: str, result: type[M], fn: Callable[[], Awaitable[M]]) -> M: ...

    async def progress(self, stage: str, *, done: int, total: int, overall: float, message: str = "") -> None:
        """Written at most four times a second. `overall` is 0..1 over all stages."""
        ...

    async def raise_if_cancelled(self) -> None:
        """Raises `JobCancelled` when somebody cancelled the job or a newer attempt took it over."""
        ...


class Workflow(Protocol):
    """One kind of job, given its payload as JSON. The result is stored in the job row; it must be small."""

    async def __call__(self, context: JobContext, payload: Mapping[str, JsonValue]) -> JsonObject: ...


def workflow(model: type[M], run: Callable[[JobContext, M], Awaitable[JsonObject]]) -> Workflow:
    """A workflow whose payload is a model."""

    async def validated(context: JobContext, payload: Mapping[str, JsonValue]) -> JsonObject:
        return await run(context, model.model_validate(payload))

    return validated


class JobRunner(Protocol):
    """`submit` adds the job row and its start to the caller's transaction: both happen or neither."""

    async def submit(self, tx: Tx, request: JobRequest) -> UUID: ...

    async def cancel(self, workspace_id: UUID, job_id: UUID) -> None:
        """Raises `NotFound`, or `Conflict` when the job has already ended."""
        ...

    async def retry(self, workspace_id: UUID, job_id: UUID) -> None:
        """A new attempt of a failed or cancelled job. Raises `NotFound`, or `Conflict` for any other."""
        ...
