"""One attempt of a job while it runs: the context its workflow sees, and how it is stopped."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel

from backend.db.guard import forbid_in_transaction
from backend.errors import GoesOnElsewhere, JobCancelled
from backend.jobs.base import JsonObject
from backend.jobs.rows import JobRows, patiently
from backend.repositories.jobs import Attempt, Progress

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
StepBody = Callable[[], Coroutine[Any, Any, JsonObject]]

PROGRESS_INTERVAL = 0.25


Memory = Callable[[str, StepBody], Awaitable[JsonObject]]
"""Runs a step under its name, or answers what it returned the last time."""


async def forgetful(_name: str, body: StepBody) -> JsonObject:
    """The memory of a runner that keeps nothing."""
    return await body()


class Halt(Enum):
    CANCELLED = "cancelled"
    STOPPING = "stopping"


class AttemptContext:
    """The `JobContext` of one attempt; made inside the task that runs the workflow."""

    def __init__(self, attempt: Attempt, workspace_id: UUID, rows: JobRows, memory: Memory) -> None:
        self.attempt = attempt
        self._workspace_id = workspace_id
        self._rows = rows
        self._memory = memory
        self._task = asyncio.current_task()
        self._steps: set[asyncio.Future[Any]] = set()
        self._halt: Halt | None = None
        self._stage: str | None = None
        self._next_note = 0.0

    @property
    def job_id(self) -> UUID:
        return self.attempt.job_id

    @property
    def workspace_id(self) -> UUID:
        return self._workspace_id

    async def step(self, name: str, result: type[M], fn: Callable[[], Awaitable[M]]) -> M:
        await self._boundary()

        async def body() -> JsonObject:
            await self._stop_unless_wanted()
            value = await patiently(lambda: self._interruptible(fn))
            return value.model_dump(mode="json")

        return result.model_validate(await self._memory(name, body))

    async def progress(self, stage: str, *, done: int, total: int, overall: float, message: str = "") -> None:
        forbid_in_transaction("JobContext.progress")
        now = time.monotonic()
        if stage == self._stage and now < self._next_note and done < total:
            return
        self._stage, self._next_note = stage, now + PROGRESS_INTERVAL
        await self._rows.note(self.attempt, Progress(stage, done, total, overall, message))

    async def raise_if_cancelled(self) -> None:
        await self._boundary()
        await self._stop_unless_wanted()

    def cancel(self) -> None:
        """Ends the attempt with `JobCancelled`, cutting short the steps that run now."""
        if self._halt is None:
            self._halt = Halt.CANCELLED
        while self._steps:  # each one once: a second cancellation would cut its clean-up short
            self._steps.pop().cancel()

    def stop(self) -> None:
        """Cancels the attempt's task at the next step: the process stops, the job does not end."""
        if self._halt is None:
            self._halt = Halt.STOPPING

    async def _boundary(self) -> None:
        if self._halt is Halt.CANCELLED:
            raise self._cancelled()
        if self._halt is Halt.STOPPING:
            if self._task is not None:
                self._task.cancel()
            await asyncio.Event().wait()  # until the cancellation arrives, also in a task below the workflow's

    async def _stop_unless_wanted(self) -> None:
        if not await self._rows.still_wanted([self.attempt]):
            self._halt = self._halt or Halt.CANCELLED
            raise self._cancelled()

    async def _interruptible(self, fn: Callable[[], Awaitable[T]]) -> T:
        step = asyncio.ensure_future(fn())
        self._steps.add(step)
        try:
            return await step
        except asyncio.CancelledError:
            here = asyncio.current_task()
            if self._halt is Halt.CANCELLED and here is not None and not here.cancelling():
                raise self._cancelled() from None
            raise
        except GoesOnElsewhere:
            raise
        except Exception as exc:
            if self._halt is Halt.CANCELLED:
                raise self._cancelled() from exc
            raise
        finally:
            self._steps.discard(step)

    def _cancelled(self) -> JobCancelled:
        return JobCancelled(f"the job {str(self.job_id)!r} was cancelled or started over")
