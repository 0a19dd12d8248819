"""What every `JobRunner` does, whatever it keeps."""

import logging
from uuid import uuid4

import pytest

from backend.errors import Conflict, NotFound
from backend.jobs.base import JobRequest
from contracts.jobs import JobStatus
from tests.jobs.site import SECRET, Script, Site, until


class RolledBack(Exception):
    pass


class JobRunnerContract:
    """Subclasses give a fixture `site`."""

    async def test_a_job_runs_and_its_row_has_the_result(self, site: Site) -> None:
        job = await site.ended(await site.submit(Script(name="plain", steps=3)))
        assert (job.status, job.result, job.error) == (JobStatus.SUCCEEDED, {"total": 3}, None)
        assert (job.progress, job.done, job.total, job.attempt, job.title) == (1.0, 3, 3, 1, "plain")
        assert job.started_at is not None
        assert job.finished_at is not None
        assert job.created_at <= job.started_at <= job.finished_at

    async def test_each_step_runs_once_and_in_order(self, site: Site) -> None:
        await site.ended(await site.submit(Script(name="ordered", steps=5)))
        assert [line for line in site.desk.log if line.startswith("ordered:")] == [f"ordered:{n}" for n in range(5)]

    async def test_a_rolled_back_submit_leaves_no_job_and_runs_nothing(self, site: Site) -> None:
        job_id = uuid4()

        async def submit_and_fail() -> None:
            async with site.uow(site.workspace_id) as tx:
                await site.runner.submit(tx, JobRequest("ingest", Script(name="undone"), "undone", id=job_id))
                raise RolledBack

        with pytest.raises(RolledBack):
            await submit_and_fail()
        await site.ended(await site.submit(Script(name="later")))
        with pytest.raises(NotFound):
            await site.job(job_id)
        assert "undone:0" not in site.desk.log

    async def test_submitting_the_same_id_twice_is_one_job(self, site: Site) -> None:
        given = uuid4()
        assert await site.submit(Script(name="twice"), id_=given) == given
        assert await site.submit(Script(name="twice"), id_=given) == given
        await site.ended(given)
        await site.ended(await site.submit(Script(name="after")))
        assert site.desk.log.count("twice:0") == 1

    async def test_an_expected_failure_ends_the_job_with_its_code_and_words(self, site: Site) -> None:
        job = await site.ended(await site.submit(Script(name="blank", steps=2, action="no_text")))
        assert job.status is JobStatus.FAILED
        assert job.error is not None
        assert (job.error.code, job.error.detail, job.error.status) == ("no_text", "'blank' has no text", 422)
        assert job.error.request_id == str(job.id)
        assert job.result is None

    async def test_an_unexpected_failure_tells_its_cause_to_the_log_only(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, logger="backend.jobs"):
            job = await site.ended(await site.submit(Script(name="broken", action="bug")))
        assert job.error is not None
        assert job.error.code == "internal_error"
        assert SECRET not in job.model_dump_json()
        assert SECRET in caplog.text

    async def test_a_cancellation_that_nobody_asked_for_fails_the_job(self, site: Site) -> None:
        job = await site.ended(await site.submit(Script(name="stray", steps=2, action="stray")))
        assert job.status is JobStatus.FAILED
        assert job.error is not None
        assert job.error.code == "internal_error"

    @pytest.mark.fault("B6")
    async def test_a_pending_job_is_cancelled_at_once_and_never_runs(self, site: Site) -> None:
        job_id = await site.submit(Script(name="early"), delay=0.6)
        await site.runner.cancel(site.workspace_id, job_id)
        job = await site.job(job_id)
        assert job.status is JobStatus.CANCELLED
        assert job.finished_at is not None
        await site.ended(await site.submit(Script(name="behind"), delay=1.0))
        assert "early:0" not in site.desk.log

    @pytest.mark.fault("B6")
    async def test_cancelling_a_running_job_cuts_its_step_short(self, site: Site) -> None:
        job_id = await site.submit(Script(name="endless", steps=2, action="wait"))
        await until(site.desk.said("endless:1"))
        await site.runner.cancel(site.workspace_id, job_id)
        job = await site.ended(job_id)
        assert (job.status, job.error) == (JobStatus.CANCELLED, None)
        assert "endless:interrupted" in site.desk.log

    @pytest.mark.fault("B6")
    async def test_a_job_that_has_ended_cannot_be_cancelled(self, site: Site) -> None:
        job_id = await site.submit(Script(name="done"))
        await site.ended(job_id)
        with pytest.raises(Conflict, match="has ended, as 'succeeded'"):
            await site.runner.cancel(site.workspace_id, job_id)

    async def test_a_retried_job_starts_over_as_a_new_attempt(self, site: Site) -> None:
        job_id = await site.submit(Script(name="again", steps=2, action="no_text"))
        await site.ended(job_id)
        await site.runner.retry(site.workspace_id, job_id)
        job = await site.when(job_id, lambda job: job.status.is_final and job.attempt == 2)
        assert job.status is JobStatus.FAILED
        assert [line for line in site.desk.log if line.startswith("again:")] == ["again:0", "again:1"] * 2

    async def test_a_cancelled_job_can_be_retried(self, site: Site) -> None:
        job_id = await site.submit(Script(name="reborn", steps=2, action="gate"), delay=0.6)
        await site.runner.cancel(site.workspace_id, job_id)
        site.desk.gate("reborn").set()
        await site.runner.retry(site.workspace_id, job_id)
        job = await site.ended(job_id)
        assert (job.status, job.attempt, job.result) == (JobStatus.SUCCEEDED, 2, {"total": 1})

    async def test_only_a_failed_or_cancelled_job_can_be_retried(self, site: Site) -> None:
        job_id = await site.submit(Script(name="busy", action="gate"))
        await until(site.desk.said("busy:0"))
        with pytest.raises(Conflict, match="has the status 'running'"):
            await site.runner.retry(site.workspace_id, job_id)
        site.desk.gate("busy").set()
        await site.ended(job_id)
        with pytest.raises(Conflict, match="has the status 'succeeded'"):
            await site.runner.retry(site.workspace_id, job_id)

    async def test_another_workspaces_job_is_not_found(self, site: Site) -> None:
        job_id = await site.submit(Script(name="private"))
        for act in (site.runner.cancel, site.runner.retry):
            with pytest.raises(NotFound):
                await act(uuid4(), job_id)
            with pytest.raises(NotFound):
                await act(site.workspace_id, uuid4())
        await site.ended(job_id)

    @pytest.mark.fault("B5")
    async def test_an_item_that_kills_its_child_three_times_fails_its_job_and_blocks_nobody(self, site: Site) -> None:
        poisoned = await site.submit(Script(name="poison", action="crash"))
        healthy = await site.submit(Script(name="healthy"))
        job = await site.ended(poisoned)
        assert job.status is JobStatus.FAILED
        assert job.error is not None
        assert job.error.code == "poison"
        assert "'poison.pdf'" in job.error.detail
        assert site.desk.log.count("poison:child") == 3
        assert (await site.ended(healthy)).status is JobStatus.SUCCEEDED

    @pytest.mark.fault("B5")
    async def test_a_child_that_dies_twice_is_forgiven(self, site: Site) -> None:
        job = await site.ended(await site.submit(Script(name="shaky", action="crash_twice")))
        assert job.status is JobStatus.SUCCEEDED
        assert site.desk.log.count("shaky:child") == 3

    async def test_a_delayed_job_starts_later(self, site: Site) -> None:
        slow = await site.submit(Script(name="slow"), delay=0.3)
        quick = await site.submit(Script(name="quick"))
        await site.ended(quick)
        assert (await site.ended(slow)).status is JobStatus.SUCCEEDED
        assert site.desk.log.index("quick:0") < site.desk.log.index("slow:0")
