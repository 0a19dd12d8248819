import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from uuid import UUID

import pytest

from backend.errors import StartRefused
from backend.jobs.dbos_worker import DbosWorker, WorkerScope
from backend.jobs.executor_lock import ExecutorLock
from backend.jobs.queue import DurableQueue
from backend.jobs.reconciler import Reconciler
from backend.jobs.runner import DbosRunner
from backend.repositories.jobs import Attempt, JobLedger
from contracts.jobs import JobStatus
from tests.jobs.site import Script, Site, directory_of, running, sql, until, worker_of


def worker_for(site: Site, *, version: str = "1", concurrency: int = 4) -> DbosWorker:
    return worker_of(site.uow.database.url, site.desk, version=version, concurrency=concurrency)


@pytest.mark.fault("B3")
async def test_a_stopped_worker_leaves_its_jobs_running_and_the_next_one_goes_on_from_the_last_step(
    site: Site,
) -> None:
    async with running(worker_for(site)) as first:
        cut_short = await site.submit(Script(name="cut", steps=3, action="wait"))
        between = await site.submit(Script(name="between", steps=4, action="gate"))
        await until(site.desk.said("cut:2"))
        await until(site.desk.said("between:3"))
        await first.stop(1.5)
        assert not first.is_running
    assert "cut:interrupted" in site.desk.log
    assert [(await site.job(job_id)).status for job_id in (cut_short, between)] == [JobStatus.RUNNING] * 2

    site.desk.gate("between").set()
    async with running(worker_for(site)):
        assert (await site.ended(between)).result == {"total": 6}
        await until(lambda: site.desk.log.count("cut:2") == 2)
        await site.runner.cancel(site.workspace_id, cut_short)
        assert (await site.ended(cut_short)).attempt == 1
    assert [site.desk.log.count(f"cut:{number}") for number in range(3)] == [1, 1, 2]
    assert [site.desk.log.count(f"between:{number}") for number in range(4)] == [1, 1, 1, 2]


@pytest.mark.fault("B3")
async def test_a_stopping_worker_lets_a_short_step_end_and_starts_no_further_one(site: Site) -> None:
    async with running(worker_for(site)) as worker:
        job_id = await site.submit(Script(name="short", steps=2, action="gate", at=0))
        await until(site.desk.said("short:0"))
        stopping = asyncio.create_task(worker.stop(15.0))
        await until(lambda: worker.is_stopping)
        site.desk.gate("short").set()
        await stopping
    assert site.desk.log == ["short:0"]
    assert (await site.job(job_id)).status is JobStatus.RUNNING
    async with running(worker_for(site)):
        assert (await site.ended(job_id)).status is JobStatus.SUCCEEDED
    assert site.desk.log == ["short:0", "short:1"]


async def test_a_job_submitted_while_no_worker_runs_starts_with_the_next_one(site: Site) -> None:
    job_id = await site.submit(Script(name="early"))
    async with running(worker_for(site)):
        assert (await site.ended(job_id)).status is JobStatus.SUCCEEDED


async def test_a_second_worker_under_the_same_executor_id_is_refused(site: Site) -> None:
    held = ExecutorLock(directory_of(site.uow.database.url), "api")
    worker = worker_for(site)
    with pytest.raises(StartRefused, match="already runs as 'api'"):
        await worker.start()
    held.release()
    async with running(worker):
        assert worker.is_running
    ExecutorLock(directory_of(site.uow.database.url), "api").release()


async def test_a_worker_whose_scope_cannot_be_made_does_not_start_and_lets_go_of_its_id(site: Site) -> None:
    url = site.uow.database.url

    @asynccontextmanager
    async def broken() -> AsyncIterator[WorkerScope]:
        raise StartRefused("no model; install one")
        yield

    queue = DurableQueue(url)
    worker = DbosWorker(queue, broken, data_dir=directory_of(url), executor_id="api", concurrency={"jobs": 1})
    with pytest.raises(StartRefused, match="no model"):
        await worker.start()
    async with running(worker_for(site)) as other:
        assert other.is_running
    queue.close()


async def test_an_attempt_that_was_taken_over_stops_and_writes_nothing_more(site: Site) -> None:
    async with running(worker_for(site)):
        job_id = await site.submit(Script(name="stale", steps=2, action="wait"))
        await until(site.desk.said("stale:1"))
        async with site.uow.database.write() as session:
            following = await JobLedger(session).take_over(Attempt(job_id, 1), "1")
        assert following == Attempt(job_id, 2)
        await until(site.desk.said("stale:interrupted"))
    job = await site.job(job_id)
    assert (job.status, job.attempt, job.finished_at, job.error) == (JobStatus.PENDING, 2, None, None)


async def test_no_more_jobs_run_at_once_than_the_worker_may(site: Site) -> None:
    async with running(worker_for(site, concurrency=1)):
        jobs = [await site.submit(Script(name=f"job {n}", steps=3, action="yield_", at=1)) for n in range(4)]
        for job_id in jobs:
            assert (await site.ended(job_id)).status is JobStatus.SUCCEEDED
    assert site.desk.peak == 1
    async with running(worker_for(site, concurrency=2)):
        together = [await site.submit(Script(name=name, action="meet")) for name in ("one", "two")]
        for job_id in together:
            assert (await site.ended(job_id)).status is JobStatus.SUCCEEDED
    assert site.desk.peak == 2


async def test_trainings_keep_neither_other_jobs_waiting_nor_those_elsewhere(site: Site) -> None:
    long = Script(name="long", action="gate", queue="trainings")
    async with running(worker_for(site, concurrency=1)):
        first = await site.submit(long)
        await until(site.desk.said("long:0"))
        second = await site.submit(long.model_copy(update={"name": "next", "action": "count"}))
        for name, queue in (("document", "jobs"), ("remote", "remote_trainings")):
            done = await site.submit(Script.model_validate({"name": name, "queue": queue}))
            assert (await site.ended(done)).status is JobStatus.SUCCEEDED
        assert [(await site.job(id_)).status for id_ in (first, second)] == [JobStatus.RUNNING, JobStatus.PENDING]
        site.desk.gate("long").set()
        for id_ in (first, second):
            assert (await site.ended(id_)).status is JobStatus.SUCCEEDED


async def test_another_attempt_waits_in_the_queue_of_the_one_before(site: Site) -> None:
    async with running(worker_for(site)):
        job_id = await site.submit(Script(name="blank", action="no_text", queue="trainings"))
        assert (await site.ended(job_id)).status is JobStatus.FAILED
    await site.runner.retry(site.workspace_id, job_id)
    assert queue_of_attempt(site, job_id, 2) == "trainings"
    newer = DurableQueue(site.uow.database.url, version="next")
    await Reconciler(site.uow.database, newer, lambda _id: True).renew_old_versions()
    newer.close()
    assert queue_of_attempt(site, job_id, 3) == "trainings"


def queue_of_attempt(site: Site, job_id: UUID, number: int) -> str:
    """Where it waits."""
    with closing(sqlite3.connect(directory_of(site.uow.database.url) / "nexus.db")) as connection:
        query = "SELECT queue_name FROM workflow_status WHERE workflow_uuid = ?"
        [(name,)] = connection.execute(query, (f"{job_id}:{number}",)).fetchall()
    return str(name)


async def test_an_unfinished_job_of_an_older_version_starts_over_in_a_new_attempt(site: Site) -> None:
    old_queue = DurableQueue(site.uow.database.url, version="0")
    new_runner, site.runner = site.runner, DbosRunner(site.uow, old_queue)
    async with running(worker_for(site, version="0")) as old:
        job_id = await site.submit(Script(name="aged", steps=2, action="gate"))
        await until(site.desk.said("aged:1"))
        await old.stop(1.5)
    site.runner = new_runner
    site.desk.gate("aged").set()
    async with running(worker_for(site, version="1")):
        job = await site.ended(job_id)
    assert (job.status, job.attempt) == (JobStatus.SUCCEEDED, 2)
    assert [line for line in site.desk.log if line.startswith("aged:")] == ["aged:0", "aged:1"] * 2
    assert (await old_queue.states([Attempt(job_id, 1)]))[Attempt(job_id, 1)].status == "CANCELLED"
    old_queue.close()


async def test_a_remembered_failure_ends_the_job_with_the_same_code_after_a_restart(site: Site) -> None:
    """The process dies between the failed step's record and the end of the row."""
    async with running(worker_for(site)):
        job_id = await site.submit(Script(name="blank", action="no_text"))
        assert (await site.ended(job_id)).status is JobStatus.FAILED
    url = site.uow.database.url
    sql(url, "UPDATE job SET status = 'running', error = NULL, finished_at = NULL")
    sql(url, "UPDATE workflow_status SET status = 'PENDING', completed_at = NULL")
    async with running(worker_for(site)):
        job = await site.ended(job_id)
    assert job.error is not None
    assert (job.error.code, job.error.detail) == ("no_text", "'blank' has no text")
    assert site.desk.log == ["blank:0"]


async def test_a_workflow_ends_well_for_dbos_whatever_the_job_says(site: Site) -> None:
    async with running(worker_for(site)) as worker:
        for script in (Script(name="fine"), Script(name="blank", action="no_text"), Script(name="bug", action="bug")):
            await site.ended(await site.submit(script))
        await worker.stop(6.0)
    assert {row[0] for row in sql(site.uow.database.url, "SELECT status FROM workflow_status")} == {"SUCCESS"}
