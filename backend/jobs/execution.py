"""Runs one attempt from its row's start to its row's end, the same way under every runner."""

import asyncio
import logging
from collections.abc import Mapping
from typing import cast

from backend.errors import GoesOnElsewhere, JobCancelled, NexusError, UnknownStrategy
from backend.jobs.base import JsonObject, Workflow
from backend.jobs.context import AttemptContext, Memory
from backend.jobs.rows import JobRows, Started, problem_of
from backend.repositories.jobs import Attempt
from backend.tracing.context import bound
from contracts.jobs import JobKind

log = logging.getLogger(__name__)


class UnexpectedFailure(NexusError):
    """Stands in the row for an exception whose own words stay in the log."""

    code, title = NexusError.code, NexusError.title


class Executor:
    """What a runner needs to run attempts on one event loop. `running` holds those that run now."""

    def __init__(self, rows: JobRows, workflows: Mapping[JobKind, Workflow], memory: Memory) -> None:
        self._rows = rows
        self._workflows = workflows
        self._memory = memory
        self.running: dict[Attempt, AttemptContext] = {}
        self._stopping = False

    async def run(self, attempt: Attempt) -> None:
        """Safe to repeat: an attempt that has ended, or is stale, is left as it is.

        A cancellation of the calling task passes through and ends nothing: the attempt goes on later.
        """
        started = await self._rows.start(attempt)
        if started is None:
            return
        job = started.job
        context = AttemptContext(attempt, job.workspace_id, self._rows, self._memory)
        if self._stopping:
            context.stop()
        self.running[attempt] = context
        try:
            with bound(job=str(job.id), workspace=str(job.workspace_id)):
                await self._end(started, context)
        finally:
            self.running.pop(attempt, None)

    async def _end(self, started: Started, context: AttemptContext) -> None:
        job = started.job
        try:
            result = await self._workflow(started, context)
        except JobCancelled as exc:
            said = problem_of(exc, context.attempt) if isinstance(exc, GoesOnElsewhere) else None
            await self._rows.cancel(context.attempt, said)
        except NexusError as exc:
            log.warning("job failed: %s", exc, extra={"code": exc.code, "kind": job.kind})
            await self._rows.fail(context.attempt, problem_of(exc, context.attempt))
        except (Exception, asyncio.CancelledError) as exc:
            if isinstance(exc, asyncio.CancelledError) and self._ends_with_us():
                raise
            log.exception("job failed", extra={"code": UnexpectedFailure.code, "kind": job.kind})
            neutral = UnexpectedFailure("the job failed for a reason nobody expected; its id finds it in the log")
            await self._rows.fail(context.attempt, problem_of(neutral, context.attempt))
        else:
            await self._rows.succeed(context.attempt, dict(result))

    async def _workflow(self, started: Started, context: AttemptContext) -> JsonObject:
        kind = started.job.kind
        workflow = self._workflows.get(cast(JobKind, kind))
        if workflow is None:
            raise UnknownStrategy(f"no workflow {kind!r}; known: {sorted(self._workflows)}")
        return await workflow(context, started.payload)

    def _ends_with_us(self) -> bool:
        """Whether a cancellation is a stop of this task or process, and not a stray one from inside the workflow."""
        task = asyncio.current_task()
        return self._stopping or (task is not None and task.cancelling() > 0)

    def stop(self) -> None:
        """Lets no attempt begin another step."""
        self._stopping = True
        for context in self.running.values():
            context.stop()

    async def cancel_unwanted(self) -> None:
        """Cuts short every attempt whose row says so."""
        attempts = list(self.running)
        if not attempts:
            return
        wanted = await self._rows.still_wanted(attempts)
        for attempt in attempts:
            context = self.running.get(attempt)
            if context is not None and attempt not in wanted:
                context.cancel()
