"""Both runners keep the same contract: the durable one on a real database and worker, and the inline one."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from backend.db.engine import Database
from backend.jobs.inline import InlineRunner
from backend.jobs.queue import DurableQueue
from backend.jobs.runner import DbosRunner
from backend.repositories.uow import UnitOfWork
from tests.contracts.job_runner import JobRunnerContract
from tests.jobs.site import Desk, Script, Site, make_database, run_aside, until, worker_of


@dataclass
class Works:
    """A running worker; DBOS allows one a process, so the tests of this module share it."""

    url: str
    workspace_id: UUID
    desk: Desk


@pytest.fixture(scope="module")
def works(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Works]:
    url, workspace_id = make_database(tmp_path_factory.mktemp("jobs"))
    desk = Desk()
    worker = worker_of(url, desk)
    run_aside(worker.start())
    yield Works(url, workspace_id, desk)
    run_aside(worker.stop(5))


class TestDbosRunner(JobRunnerContract):
    @pytest.fixture
    async def site(self, works: Works) -> AsyncIterator[Site]:
        works.desk.log.clear()
        database, queue = Database(works.url), DurableQueue(works.url)
        uow = UnitOfWork(database)
        yield Site(uow, works.workspace_id, works.desk, DbosRunner(uow, queue))
        queue.close()
        await database.aclose()


class TestInlineRunner(JobRunnerContract):
    @pytest.fixture
    async def site(self, tmp_path: Path) -> AsyncIterator[Site]:
        url, workspace_id = make_database(tmp_path)
        database, desk = Database(url), Desk()
        uow = UnitOfWork(database)
        runner = InlineRunner(uow, desk.workflows)
        yield Site(uow, workspace_id, desk, runner)
        await runner.aclose()
        await database.aclose()

    async def test_drain_returns_when_every_job_has_ended_and_does_not_wait_for_delays(self, site: Site) -> None:
        assert isinstance(site.runner, InlineRunner)
        jobs = [await site.submit(Script(name=f"job {n}", steps=2), delay=n * 600.0) for n in range(3)]
        await site.runner.drain()
        assert all([(await site.job(job_id)).status.is_final for job_id in jobs])

    async def test_closing_leaves_a_running_job_running(self, site: Site) -> None:
        assert isinstance(site.runner, InlineRunner)
        job_id = await site.submit(Script(name="left", action="wait"))
        await until(site.desk.said("left:0"))
        await site.runner.aclose()
        assert not (await site.job(job_id)).status.is_final
