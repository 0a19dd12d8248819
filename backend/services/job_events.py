"""Live job states: one poller a process feeds every stream, and rests while nobody listens."""

import asyncio
import logging
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from backend.db.engine import Database
from backend.errors import NexusError, NotFound, ShuttingDown
from backend.repositories.jobs import JobLedger
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal
from contracts.jobs import Job

INTERVAL: Final = 0.3
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobState:
    """A snapshot. Ids grow along a stream and name the same state after a reconnect, in any process."""

    id: int
    job: Job


@dataclass(frozen=True, slots=True)
class JobStreamEnd:
    """The stream ends although the job goes on."""

    error: NexusError


class JobStream:
    """States of one job, the newest only: a slow reader skips what it missed. Ends after a final state."""

    def __init__(self, hub: "JobEvents", job_id: UUID, after: int) -> None:
        self.job_id = job_id
        self._hub = hub
        self._sent = after
        self._seen = after
        self._latest: JobState | None = None
        self._error: NexusError | None = None
        self._ended = False
        self._wake = asyncio.Event()

    def offer(self, version: int, job: Job) -> None:
        """A state as it was read; `version` tells states of the job apart."""
        if version == self._seen and not job.status.is_final:
            return
        self._seen = version
        self._latest = JobState(max(version, self._sent + 1), job)
        self._wake.set()

    def end(self, error: NexusError) -> None:
        self._error = error
        self._wake.set()

    def __aiter__(self) -> "JobStream":
        return self

    async def __anext__(self) -> JobState | JobStreamEnd:
        while not self._ended:
            if self._latest is not None:
                state, self._latest = self._latest, None
                self._sent = state.id
                self._ended = state.job.status.is_final
                return state
            if self._error is not None:
                self._ended = True
                return JobStreamEnd(self._error)
            self._wake.clear()
            await self._wake.wait()
        raise StopAsyncIteration

    def close(self) -> None:
        self._ended = True
        self._hub.forget(self)


class JobEvents:
    """`interval` seconds pass between two looks at the jobs that somebody watches. One per event loop."""

    def __init__(self, uow: UnitOfWork, *, interval: float = INTERVAL) -> None:
        self._uow = uow
        self._database: Database = uow.database
        self._interval = interval
        self._streams: set[JobStream] = set()
        self._poller: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def is_polling(self) -> bool:
        return self._poller is not None and not self._poller.done()

    async def open(self, principal: Principal, job_id: UUID, *, last_event_id: str | None = None) -> JobStream:
        """A stream that begins with the state now, unless `last_event_id` names that one and it is not final.

        `close` it. Raises `NotFound`, or `ShuttingDown`.
        """
        if self._closing:
            raise ShuttingDown("the server is stopping; connect again in a moment")
        async with self._uow.read(principal.workspace_id) as tx:
            await tx.jobs.get(job_id)
            snapshot = (await JobLedger(tx.session).snapshots([job_id]))[job_id]
        stream = JobStream(self, job_id, _event_id(last_event_id))
        stream.offer(_version(snapshot[0]), snapshot[1])
        self._streams.add(stream)
        if not self.is_polling:
            self._poller = asyncio.create_task(self._poll(), context=Context())
        return stream

    def forget(self, stream: JobStream) -> None:
        self._streams.discard(stream)

    async def aclose(self) -> None:
        """Ends every stream with `ShuttingDown`; they are still to be read to their end."""
        self._closing = True
        for stream in self._streams:
            stream.end(ShuttingDown("the server is stopping; connect again in a moment"))
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.wait([self._poller])

    async def _poll(self) -> None:
        while self._streams:
            await asyncio.sleep(self._interval)
            try:
                await self._look()
            except NexusError as exc:
                log.warning("job states cannot be read: %s", exc, extra={"code": exc.code})

    async def _look(self) -> None:
        watched = list(self._streams)
        async with self._database.read() as session:
            found = await JobLedger(session).snapshots(list({stream.job_id for stream in watched}))
        for stream in watched:
            snapshot = found.get(stream.job_id)
            if snapshot is None:
                stream.end(NotFound(f"no job {str(stream.job_id)!r}"))
            else:
                stream.offer(_version(snapshot[0]), snapshot[1])


def _version(changed: datetime) -> int:
    return (changed - _EPOCH) // timedelta(microseconds=1)


def _event_id(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= 18 else 0
