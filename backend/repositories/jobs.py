"""Job rows: what a workspace sees of its jobs, and what the runners write to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.models import Job, JobInput, UtcDateTime, utc_now
from backend.errors import Conflict, InvalidRequest, JobCancelled, NotFound
from backend.repositories.paging import Keyset, Slice, page_of
from contracts import jobs as wire
from contracts.jobs import JobStatus
from contracts.page import Page
from contracts.problem import Problem

MAX_PAGE = 200
MIN_PROGRESS = 0.05
UNFINISHED = (JobStatus.PENDING, JobStatus.RUNNING)
RETRYABLE = (JobStatus.FAILED, JobStatus.CANCELLED)
_ORDERS: Final[dict[wire.JobOrder, Keyset]] = {
    "newest": Keyset.by(Job.created_at, Job.id, descending=True),
    "oldest": Keyset.by(Job.created_at, Job.id),
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a job. What it writes hits the row only while the row still has this number."""

    job_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    attempt: Attempt
    version: str


@dataclass(frozen=True, slots=True)
class JobFilter:
    """None means any."""

    status: JobStatus | None = None
    kind: wire.JobKind | None = None
    document_id: UUID | None = None
    collection_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    stage: str
    done: int
    total: int
    overall: float
    message: str = ""


class JobRepository:
    """The jobs of one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def add(self, job: Job) -> None:
        self._session.add(job)
        await self._session.flush()

    async def find(self, job_id: UUID) -> Job | None:
        return await self._session.scalar(self._own().where(Job.id == job_id))

    async def is_unwanted(self, job_id: UUID) -> bool:
        """Whether somebody asked to cancel it."""
        wanted = sa.select(Job.cancel_requested).where(Job.workspace_id == self._workspace_id, Job.id == job_id)
        return bool(await self._session.scalar(wanted))

    async def row(self, job_id: UUID) -> Job:
        """The row, locked until the transaction ends where the database can. Raises `NotFound`."""
        job = await self._session.scalar(self._own().where(Job.id == job_id).with_for_update())
        if job is None:
            raise NotFound(f"no job {str(job_id)!r}")
        return job

    async def get(self, job_id: UUID) -> wire.Job:
        """Raises `NotFound`."""
        job = await self.find(job_id)
        if job is None:
            raise NotFound(f"no job {str(job_id)!r}")
        return to_job(job)

    async def those(self, job_ids: Sequence[UUID]) -> dict[UUID, wire.Job]:
        """By their ids; without those that there are not."""
        rows = await self._session.scalars(self._own().where(Job.id.in_(job_ids)))
        return {row.id: to_job(row) for row in rows}

    async def list(self, wanted: JobFilter, slice_: Slice, *, order: wire.JobOrder = "newest") -> Page[wire.Job]:
        """By the time they were added. Raises `InvalidRequest` for a limit outside 1..200 or a foreign cursor."""
        if not 1 <= slice_.limit <= MAX_PAGE:
            raise InvalidRequest(f"limit is {slice_.limit!r}; ask for 1 to {MAX_PAGE}")
        rows, cursor = await page_of(self._session, _filtered(self._own(), wanted), _ORDERS[order], slice_)
        return Page[wire.Job](items=[to_job(row) for row in rows], next_cursor=cursor)

    async def unfinished(
        self,
        kind: wire.JobKind,
        *,
        title: str | None = None,
        document_id: UUID | None = None,
        collection_id: UUID | None = None,
    ) -> UUID | None:
        """A job of that kind that goes on, about that title, document or collection."""
        about = JobFilter(kind=kind, document_id=document_id, collection_id=collection_id)
        query = _filtered(self._own(), about).with_only_columns(Job.id).where(Job.status.in_(UNFINISHED))
        if title is not None:
            query = query.where(Job.title == title)
        return await self._session.scalar(query.limit(1))

    async def counts(self) -> dict[JobStatus, int]:
        """How many jobs have each status; scans the workspace's jobs."""
        query = sa.select(Job.status, sa.func.count()).where(Job.workspace_id == self._workspace_id)
        found = dict((await self._session.execute(query.group_by(Job.status))).all())
        return {status: found.get(status.value, 0) for status in JobStatus}

    async def work(self, wanted: JobFilter, since: datetime | None) -> wire.JobCounts:
        """See `JobCounts`; scans the workspace's jobs."""
        mine = _filtered(self._own(), wanted).with_only_columns
        if since is None:
            # A job that was begun again has not waited since it was added.
            begun = sa.func.coalesce(Job.started_at, Job.updated_at)
            oldest = sa.func.min(sa.case((Job.attempt == 1, Job.created_at), else_=begun), type_=UtcDateTime())
            since = await self._session.scalar(mine(oldest).where(Job.status.in_(UNFINISHED)))
        found: dict[str, tuple[int, float]] = {}
        if since is not None:
            counted = sa.or_(Job.status.in_(UNFINISHED), Job.finished_at >= since)
            query = mine(Job.status, sa.func.count(), sa.func.sum(Job.progress)).where(counted).group_by(Job.status)
            found = {status: (count, done) for status, count, done in await self._session.execute(query)}
        counts = {status.value: found.get(status.value, (0, 0.0))[0] for status in JobStatus}
        every = sum(counts.values())
        done = sum(found.get(status, (0, 0.0))[1] for status in UNFINISHED)
        done += every - sum(counts[status] for status in UNFINISHED)
        return wire.JobCounts(**counts, progress=done / every if every else 1.0, since=since)

    async def statuses(self, job_ids: Sequence[UUID]) -> dict[UUID, JobStatus]:
        """Of those that exist; at most 500 ids."""
        query = sa.select(Job.id, Job.status).where(Job.workspace_id == self._workspace_id, Job.id.in_(job_ids))
        return {job_id: JobStatus(status) for job_id, status in await self._session.execute(query)}

    async def request_cancel(self, job_id: UUID) -> Job:
        """A pending job ends at once, a running one is asked to. Raises `NotFound`, or `Conflict` when it has ended or
        its result is there."""
        job = await self.row(job_id)
        status = JobStatus(job.status)
        if status.is_final:
            raise Conflict(f"the job {str(job_id)!r} has ended, as {status.value!r}; there is nothing to cancel")
        if job.result is not None:
            raise Conflict(f"the job {str(job_id)!r} has made what it was to make; there is nothing to cancel")
        now = utc_now()
        job.cancel_requested = True
        job.updated_at = now
        if status is JobStatus.PENDING:
            job.status, job.finished_at = JobStatus.CANCELLED.value, now
        await self._session.flush()
        return job

    async def keep_result(self, job_id: UUID, result: Mapping[str, object]) -> None:
        """In the transaction that makes it; from here on the job is not cancelled any more. Raises `JobCancelled` where
        somebody asked before."""
        wanted = sa.update(Job).where(
            Job.workspace_id == self._workspace_id, Job.id == job_id, Job.cancel_requested.is_(False)
        )
        kept = await self._session.execute(wanted.values(result=dict(result)))
        assert isinstance(kept, CursorResult), "an UPDATE without RETURNING"
        if kept.rowcount != 1:
            raise JobCancelled("it was cancelled before its result was there")

    async def begin_attempt(self, job_id: UUID, version: str) -> Attempt:
        """Starts a failed or cancelled job over. Raises `NotFound`, or `Conflict` for any other."""
        job = await self.row(job_id)
        if JobStatus(job.status) not in RETRYABLE:
            raise Conflict(
                f"the job {str(job_id)!r} has the status {job.status!r}; only a failed or cancelled one can be retried"
            )
        fresh = {**_FRESH, "attempt": job.attempt + 1, "version": version, "updated_at": utc_now()}
        for name, value in fresh.items():
            setattr(job, name, value)
        await self._session.flush()
        return Attempt(job_id, job.attempt)

    def _own(self) -> sa.Select[Job]:
        return sa.select(Job).where(Job.workspace_id == self._workspace_id)


class JobLedger:
    """The rows of all workspaces, as a runner writes them: every write is fenced by its attempt."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def waiting(self) -> dict[str, int]:
        """How many jobs of each kind wait for a runner."""
        query = sa.select(Job.kind, sa.func.count()).where(Job.status == JobStatus.PENDING.value).group_by(Job.kind)
        return {row[0]: row[1] for row in await self._session.execute(query)}

    async def start(self, attempt: Attempt) -> Job | None:
        """The row, now running. None when this attempt has ended, is stale or must not start any more."""
        now = utc_now()
        statement = (
            _unfinished(attempt)
            .where(Job.cancel_requested.is_(False))
            .values(status=JobStatus.RUNNING.value, started_at=sa.func.coalesce(Job.started_at, now), updated_at=now)
            .returning(Job)
        )
        return (await self._session.execute(statement)).scalar_one_or_none()

    async def payload(self, job_id: UUID) -> Mapping[str, JsonValue]:
        """What the job works on."""
        return (await self._session.scalars(sa.select(JobInput.payload).where(JobInput.job_id == job_id))).one()

    async def finish(
        self,
        attempt: Attempt,
        status: JobStatus,
        *,
        result: Mapping[str, object] | None = None,
        error: Problem | None = None,
    ) -> bool:
        """Whether this attempt ended the job just now."""
        now = utc_now()
        values: dict[str, object] = {"status": status.value, "finished_at": now, "updated_at": now}
        if status is JobStatus.SUCCEEDED:
            values |= {"progress": 1.0, "result": dict(result or {})}
        if error is not None:
            values["error"] = error.model_dump(mode="json")
        return await self._hits(_unfinished(attempt).values(values))

    async def note(self, attempt: Attempt, progress: Progress) -> bool:
        """Whether the attempt is still the running one."""
        statement = _unfinished(attempt).where(Job.status == JobStatus.RUNNING.value)
        return await self._hits(
            statement.values(
                stage=progress.stage,
                done=progress.done,
                total=progress.total,
                message=progress.message,
                progress=min(max(progress.overall, 0.0), 1.0),
                updated_at=utc_now(),
            )
        )

    async def still_wanted(self, attempts: Sequence[Attempt]) -> set[Attempt]:
        """Those that may go on: the row's attempt, running, and nobody asked to cancel it."""
        query = sa.select(Job.id, Job.attempt).where(
            Job.id.in_([attempt.job_id for attempt in attempts]),
            Job.status == JobStatus.RUNNING.value,
            Job.cancel_requested.is_(False),
        )
        rows = await self._session.execute(query)
        return {Attempt(job_id, number) for job_id, number in rows} & set(attempts)

    async def unfinished(self, *, after: UUID | None, limit: int) -> list[Unfinished]:
        """Pending and running jobs in the order of their ids."""
        query = sa.select(Job.id, Job.attempt, Job.version).where(Job.status.in_(UNFINISHED))
        if after is not None:
            query = query.where(Job.id > after)
        rows = await self._session.execute(query.order_by(Job.id).limit(limit))
        return [Unfinished(Attempt(job_id, number), version) for job_id, number, version in rows]

    async def settle_cancelled(self, attempt: Attempt) -> bool:
        """Ends an attempt that somebody asked to cancel before it started."""
        now = utc_now()
        statement = _unfinished(attempt).where(Job.cancel_requested.is_(True))
        return await self._hits(statement.values(status=JobStatus.CANCELLED.value, finished_at=now, updated_at=now))

    async def take_over(self, attempt: Attempt, version: str) -> Attempt | None:
        """The next attempt of an unfinished job in place of `attempt`; None when that is no longer the row's."""
        following = Attempt(attempt.job_id, attempt.number + 1)
        statement = _unfinished(attempt).values(
            attempt=following.number,
            version=version,
            status=JobStatus.PENDING.value,
            started_at=None,
            updated_at=utc_now(),
        )
        return following if await self._hits(statement) else None

    async def snapshots(self, job_ids: Sequence[UUID]) -> dict[UUID, tuple[datetime, wire.Job]]:
        """The jobs that still exist, with the time of their last change."""
        rows = await self._session.scalars(sa.select(Job).where(Job.id.in_(job_ids)))
        return {row.id: (row.updated_at, to_job(row)) for row in rows}

    async def _hits(self, statement: sa.Update) -> bool:
        result = await self._session.execute(statement)
        assert isinstance(result, CursorResult), "an UPDATE without RETURNING"
        return result.rowcount == 1


_FRESH: dict[str, object] = {
    "status": JobStatus.PENDING.value,
    "stage": "",
    "progress": 0.0,
    "done": 0,
    "total": 0,
    "message": "",
    "error": None,
    "result": None,
    "cancel_requested": False,
    "started_at": None,
    "finished_at": None,
}


def _unfinished(attempt: Attempt) -> sa.Update:
    return sa.update(Job).where(Job.id == attempt.job_id, Job.attempt == attempt.number, Job.status.in_(UNFINISHED))


def _filtered(query: sa.Select[Job], wanted: JobFilter) -> sa.Select[Job]:
    if wanted.status is not None:
        query = query.where(Job.status == wanted.status.value)
    if wanted.kind is not None:
        query = query.where(Job.kind == wanted.kind)
    if wanted.document_id is not None:
        query = query.where(Job.document_id == wanted.document_id)
    if wanted.collection_id is not None:
        query = query.where(Job.collection_id == wanted.collection_id)
    return query


def to_job(row: Job, now: datetime | None = None) -> wire.Job:
    return wire.Job.model_validate(
        {name: getattr(row, name) for name in wire.Job.model_fields if name != "seconds_left"}
        | {"seconds_left": seconds_left(row, now or utc_now())}
    )


def seconds_left(row: Job, now: datetime) -> float | None:
    """A straight line through the attempt's start and its last progress, run down since then.

    None when the job does not run, below 5 %, while its stage has done nothing that would tell its pace, and when the
    time is over although the job is not.
    """
    if row.status != JobStatus.RUNNING.value or row.started_at is None:
        return None
    if row.progress < MIN_PROGRESS or not row.done:
        return None
    taken = (row.updated_at - row.started_at).total_seconds()
    left = taken * (1 - row.progress) / row.progress - (now - row.updated_at).total_seconds()
    return round(left, 1) if left >= 0 and taken >= 0 else None
