"""Real processes, killed at any moment: nothing is lost and nothing is done twice."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from backend.errors import NotFound
from contracts.jobs import JobStatus
from tests.jobs.site import Script, Site, directory_of, sql
from tests.jobs.worker_program import MAY_END, READY, STEPS, effects_of

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

RESUMED_WITHIN = 30.0
ROOT = Path(__file__).parents[2]


@contextmanager
def program(directory: Path, mode: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the first line it said."""
    command = [sys.executable, "-m", "tests.jobs.worker_program", str(directory), mode]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def effects(directory: Path) -> list[tuple[str, int]]:
    with closing(effects_of(directory)) as connection:
        return connection.execute("SELECT id, value FROM effect ORDER BY id").fetchall()


def runs(directory: Path) -> list[int]:
    with closing(effects_of(directory)) as connection:
        return [row[0] for row in connection.execute("SELECT step FROM run ORDER BY rowid")]


async def undisturbed(site: Site, script: Script) -> list[tuple[str, int]]:
    directory = directory_of(site.uow.database.url)
    (directory / MAY_END).touch()
    with program(directory, "work") as (_, said):
        assert said == READY
        assert (await site.ended(await site.submit(script))).status is JobStatus.SUCCEEDED
    found = effects(directory)
    assert runs(directory) == list(range(STEPS))
    (directory / MAY_END).unlink()
    with closing(effects_of(directory)) as connection:
        connection.executescript("DELETE FROM effect; DELETE FROM run")
    return found


@pytest.mark.slow
@pytest.mark.fault("B1")
async def test_a_job_whose_worker_is_killed_again_and_again_ends_as_an_undisturbed_one(site: Site) -> None:
    directory = directory_of(site.uow.database.url)
    script = Script(name="twenty", steps=STEPS)
    expected = await undisturbed(site, script)
    assert len(expected) == STEPS

    moments = sorted(random.Random(20_261).sample(range(1, STEPS), 5))
    job_id = await site.submit(script)
    for moment in moments:
        with program(directory, "work") as (process, said):
            assert said == READY
            async with asyncio.timeout(RESUMED_WITHIN):
                while len(effects(directory)) < moment:
                    await asyncio.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        assert not (await site.job(job_id)).status.is_final
    (directory / MAY_END).touch()
    with program(directory, "work") as (_, said):
        assert said == READY
        job = await site.ended(job_id)

    assert (job.status, job.attempt, job.result) == (JobStatus.SUCCEEDED, 1, {"total": sum(range(STEPS))})
    assert effects(directory) == expected
    ran = runs(directory)
    assert ran == sorted(ran)
    assert set(ran) == set(range(STEPS))
    assert len(ran) <= STEPS + len(moments)
    assert sql(site.uow.database.url, "SELECT count(*) FROM job WHERE finished_at IS NULL") == [(0,)]


@pytest.mark.fault("B2")
async def test_an_accepted_job_survives_its_killed_submitter_and_an_unaccepted_one_leaves_nothing(site: Site) -> None:
    directory = directory_of(site.uow.database.url)
    with program(directory, "submit") as (process, said):
        accepted, unaccepted = (UUID(word) for word in said.split())
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    with pytest.raises(NotFound):
        await site.job(unaccepted)
    assert sql(site.uow.database.url, "SELECT workflow_uuid FROM workflow_status") == [(f"{accepted}:1",)]
    (directory / MAY_END).touch()
    with program(directory, "work") as (_, started):
        assert started == READY
        assert (await site.ended(accepted)).status is JobStatus.SUCCEEDED


@pytest.mark.fault("B3")
async def test_a_terminated_worker_exits_cleanly_and_its_job_goes_on_at_the_next_start(site: Site) -> None:
    directory = directory_of(site.uow.database.url)
    job_id = await site.submit(Script(name="twenty", steps=STEPS))
    with program(directory, "work") as (process, said):
        assert said == READY
        async with asyncio.timeout(RESUMED_WITHIN):
            while len(effects(directory)) < 3:
                await asyncio.sleep(0.002)
        process.terminate()
        assert await asyncio.to_thread(process.wait, RESUMED_WITHIN) == 0
    job = await site.job(job_id)
    assert job.status is JobStatus.RUNNING
    done = len(effects(directory))
    assert done < STEPS
    (directory / MAY_END).touch()
    with program(directory, "work") as (_, started):
        assert started == READY
        assert (await site.ended(job_id)).status is JobStatus.SUCCEEDED
    assert runs(directory) == list(range(STEPS))
