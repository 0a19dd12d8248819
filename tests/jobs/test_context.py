import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from backend.db.engine import Database
from backend.db.models import Job
from backend.errors import DatabaseBusy, JobCancelled
from backend.jobs import rows as rows_module
from backend.jobs.base import JobRequest
from backend.jobs.context import AttemptContext, forgetful
from backend.jobs.rows import JobRows
from backend.jobs.runner import new_job
from backend.repositories.jobs import Attempt, JobLedger, Progress
from backend.repositories.uow import UnitOfWork
from tests.jobs.site import WORKSPACE, Number, Script, make_database


class CountingRows(JobRows):
    """Real rows that remember what was noted."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.notes: list[Progress] = []

    async def note(self, attempt: Attempt, progress: Progress) -> None:
        self.notes.append(progress)
        await super().note(attempt, progress)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(make_database(tmp_path)[0])
    yield database
    await database.aclose()


@pytest.fixture
async def rows(database: Database) -> CountingRows:
    return CountingRows(database)


@pytest.fixture
async def context(database: Database, rows: CountingRows) -> AttemptContext:
    """Of a job that runs."""
    job = new_job(JobRequest("ingest", Script(name="it"), "it"), WORKSPACE, "1")
    async with UnitOfWork(database)(job.workspace_id) as tx:
        await tx.jobs.add(job)
    attempt = Attempt(job.id, 1)
    assert await rows.start(attempt) is not None
    return AttemptContext(attempt, job.workspace_id, rows, forgetful)


async def row_of(database: Database, context: AttemptContext) -> Job:
    async with database.read() as session:
        return (await session.scalars(sa.select(Job).where(Job.id == context.job_id))).one()


async def test_progress_is_written_at_most_four_times_a_second_and_the_end_of_a_stage_always(
    context: AttemptContext, rows: CountingRows, database: Database
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for done in range(1, 301):
        await context.progress("reading", done=done, total=300, overall=done / 600, message=f"page {done}")
    seconds = loop.time() - began
    assert rows.notes[0].done == 1
    assert rows.notes[-1] == Progress("reading", 300, 300, 0.5, "page 300")
    assert len(rows.notes) <= 2 + seconds * 4
    row = await row_of(database, context)
    assert (row.stage, row.done, row.total, row.progress, row.message) == ("reading", 300, 300, 0.5, "page 300")


async def test_a_new_stage_is_written_at_once(context: AttemptContext, rows: CountingRows) -> None:
    await context.progress("reading", done=1, total=9, overall=0.1)
    await context.progress("writing", done=1, total=9, overall=0.5)
    assert [note.stage for note in rows.notes] == ["reading", "writing"]


async def test_progress_outside_0_to_1_is_kept_within(context: AttemptContext, database: Database) -> None:
    await context.progress("reading", done=9, total=9, overall=1.7)
    assert (await row_of(database, context)).progress == 1.0


async def test_progress_inside_a_transaction_is_a_mistake(context: AttemptContext, database: Database) -> None:
    async with database.read():
        with pytest.raises(RuntimeError, match="inside a transaction"):
            await context.progress("reading", done=1, total=9, overall=0.1)


async def test_a_step_of_a_stale_attempt_does_not_run(context: AttemptContext, database: Database) -> None:
    async with database.write() as session:
        assert await JobLedger(session).take_over(context.attempt, "1") == Attempt(context.job_id, 2)
    ran = []

    async def step() -> Number:
        ran.append(1)
        return Number(value=1)

    with pytest.raises(JobCancelled):
        await context.step("late", Number, step)
    assert not ran


async def test_a_stale_attempt_can_neither_end_the_job_nor_write_progress(
    context: AttemptContext, rows: CountingRows, database: Database
) -> None:
    async with database.write() as session:
        await JobLedger(session).take_over(context.attempt, "1")
    await rows.succeed(context.attempt, {"total": 1})
    await context.progress("reading", done=9, total=9, overall=1.0)
    row = await row_of(database, context)
    assert (row.status, row.stage, row.result, row.finished_at) == ("pending", "", None, None)


async def test_a_cancelled_job_is_noticed_between_steps(context: AttemptContext, database: Database) -> None:
    await context.raise_if_cancelled()
    async with UnitOfWork(database)(context.workspace_id) as tx:
        await tx.jobs.request_cancel(context.job_id)
    with pytest.raises(JobCancelled):
        await context.raise_if_cancelled()


async def test_a_step_waits_for_a_busy_database(context: AttemptContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "PATIENCE", (0.0, 0.0))
    tries = []

    async def step() -> Number:
        tries.append(1)
        if len(tries) < 3:
            raise DatabaseBusy("another process holds the database")
        return Number(value=7)

    assert (await context.step("write", Number, step)).value == 7


async def test_a_database_that_stays_busy_fails_the_step(
    context: AttemptContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "PATIENCE", (0.0, 0.0))

    async def step() -> Number:
        raise DatabaseBusy("another process holds the database")

    with pytest.raises(DatabaseBusy):
        await context.step("write", Number, step)


async def test_starting_an_attempt_again_keeps_its_first_start(context: AttemptContext, rows: CountingRows) -> None:
    first = await rows.start(context.attempt)
    second = await rows.start(context.attempt)
    assert first is not None
    assert second is not None
    assert first.job.started_at == second.job.started_at is not None


async def test_an_ended_attempt_does_not_start_again(context: AttemptContext, rows: CountingRows) -> None:
    await rows.succeed(context.attempt, {})
    assert await rows.start(context.attempt) is None
