from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from contracts.base import Answer, UtcTime
from contracts.problem import Problem

JobKind = Literal[
    "extract_document",
    "draft_document",
    "sync_collection",
    "ingest",
    "fetch_model",
    "switch_model",
    "make_dataset",
    "finetune",
    "compare",
]
JobOrder = Literal["newest", "oldest"]


class JobStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED)


class JobCounts(Answer):
    """How far the work is: all jobs that go on, and those that ended at `since` or later.

    Without a time asked for, `since` is when the oldest job that goes on was added: what ended meanwhile was waiting
    or running beside it. It is null, and nothing is counted, when no job goes on. `progress` is 0..1 over all of them.
    """

    pending: int
    running: int
    succeeded: int
    failed: int
    cancelled: int
    progress: float
    since: UtcTime | None

    @property
    def unfinished(self) -> int:
        return self.pending + self.running

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.cancelled


class Job(Answer):
    """A long task. `done` of `total` counts the stage's own units; `progress` is 0..1 over all stages. One that has a
    `result` is not cancelled any more."""

    id: UUID
    kind: JobKind
    status: JobStatus
    stage: str
    progress: float
    done: int
    total: int
    message: str
    seconds_left: float | None = None
    error: Problem | None = None
    result: dict[str, JsonValue] | None = None
    attempt: int
    document_id: UUID | None = None
    collection_id: UUID | None = None
    title: str = ""
    created_at: UtcTime
    started_at: UtcTime | None = None
    finished_at: UtcTime | None = None
