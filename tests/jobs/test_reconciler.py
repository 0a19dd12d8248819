import pytest

from backend.jobs.base import JobRequest
from backend.jobs.executor_lock import ExecutorLock
from backend.jobs.queue import DurableQueue
from backend.jobs.reconciler import Reconciler
from backend.jobs.runner import DbosRunner, new_job
from backend.repositories.jobs import Attempt
from contracts.jobs import JobStatus
from tests.jobs.site import Script, Site, directory_of, sql


def reconciler_of(site: Site, queue: DurableQueue, lock: ExecutorLock | None = None) -> Reconciler:
    return Reconciler(site.uow.database, queue, lock.is_gone if lock else lambda _id: True)


@pytest.mark.parametrize(
    ("state", "status", "words"),
    [
        ("CANCELLED", JobStatus.CANCELLED, None),
        ("ERROR", JobStatus.FAILED, "could not be run"),
        ("MAX_RECOVERY_ATTEMPTS_EXCEEDED", JobStatus.FAILED, "interrupted too often"),
        ("SUCCESS", JobStatus.FAILED, "without a result"),
        ("PENDING", JobStatus.PENDING, None),
        ("ENQUEUED", JobStatus.PENDING, None),
        ("DELAYED", JobStatus.PENDING, None),
    ],
)
async def test_a_row_ends_when_its_workflow_ended_without_it(
    site: Site, state: str, status: JobStatus, words: str | None
) -> None:
    job_id = await site.submit(Script(name="left"))
    sql(site.uow.database.url, "UPDATE workflow_status SET status = ?", state)
    queue = DurableQueue(site.uow.database.url)
    await reconciler_of(site, queue).reconcile()
    queue.close()
    job = await site.job(job_id)
    assert job.status is status
    assert (job.finished_at is not None) == status.is_final
    assert (job.error is None) == (words is None)
    if job.error is not None:
        assert job.error.code == "internal_error"
        assert words is not None
        assert words in job.error.detail


async def test_a_row_without_a_workflow_fails(site: Site) -> None:
    async with site.uow(site.workspace_id) as tx:
        lost = new_job(JobRequest("ingest", Script(name="lost"), "lost"), site.workspace_id, "1")
        await tx.jobs.add(lost)
    queue = DurableQueue(site.uow.database.url)
    await reconciler_of(site, queue).reconcile()
    queue.close()
    job = await site.job(lost.id)
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert "start was lost" in job.error.detail


async def test_more_jobs_than_one_batch_are_all_looked_at(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.jobs.reconciler.BATCH", 3)
    jobs = [await site.submit(Script(name=f"job {number}")) for number in range(8)]
    sql(site.uow.database.url, "UPDATE workflow_status SET status = 'ERROR'")
    queue = DurableQueue(site.uow.database.url)
    await reconciler_of(site, queue).reconcile()
    queue.close()
    assert {(await site.job(job_id)).status for job_id in jobs} == {JobStatus.FAILED}


async def test_an_older_version_is_left_alone_while_its_executor_runs(site: Site) -> None:
    url = site.uow.database.url
    old, new = DurableQueue(url, version="0"), DurableQueue(url, version="1")
    site.runner = DbosRunner(site.uow, old)
    job_id = await site.submit(Script(name="elsewhere"))
    sql(url, "UPDATE workflow_status SET status = 'PENDING', executor_id = 'worker-2'")
    mine = ExecutorLock(directory_of(url), "worker-1")
    other = ExecutorLock(directory_of(url), "worker-2")
    await reconciler_of(site, new, mine).renew_old_versions()
    assert (await site.job(job_id)).attempt == 1
    other.release()
    await reconciler_of(site, new, mine).renew_old_versions()
    assert (await site.job(job_id)).attempt == 2
    states = await new.states([Attempt(job_id, 1), Attempt(job_id, 2)])
    assert [states[Attempt(job_id, number)].status for number in (1, 2)] == ["CANCELLED", "ENQUEUED"]
    for one in (mine, old, new):
        one.release() if isinstance(one, ExecutorLock) else one.close()


async def test_a_job_that_was_cancelled_meanwhile_is_not_failed(site: Site) -> None:
    job_id = await site.submit(Script(name="quick"))
    queue = DurableQueue(site.uow.database.url)
    sql(site.uow.database.url, "UPDATE workflow_status SET status = 'ERROR'")
    await site.runner.cancel(site.workspace_id, job_id)
    await reconciler_of(site, queue).reconcile()
    queue.close()
    assert (await site.job(job_id)).status is JobStatus.CANCELLED
