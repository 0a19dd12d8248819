from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import JsonValue

from contracts.base import Answer, UtcTime
from contracts.problem import Problem

JobKind = Literal["extract_document", "sync_collection", "ingest"]


class JobStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED)


class Job(Answer):
    """A long task. `done` of `total` counts the stage's own units; `progress` is 0..1 over all stages."""

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
