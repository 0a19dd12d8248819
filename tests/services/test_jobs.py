import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from backend.db.engine import Database
from backend.db.models import Job
from backend.errors import Conflict, InvalidRequest, NotFound
from backend.jobs.base import JobRequest
from backend.jobs.inline import InlineRunner
from backend.jobs.runner import new_job
from backend.repositories.jobs import JobFilter, seconds_left
from backend.repositories.paging import Slice
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal, Role
from backend.services.jobs import JobService
from contracts.jobs import JobStatus
from tests.jobs.site import Desk, Script, Site, make_database, until
from tests.support import Api

STRANGER = Principal(uuid4(), Role.ADMIN, None, "somebody else")
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    url, workspace_id = make_database(tmp_path)
    database, desk = Database(url), Desk()
    uow = UnitOfWork(database)
    runner = InlineRunner(uow, desk.workflows)
    yield Site(uow, workspace_id, desk, runner)
    await runner.aclose()
    await database.aclose()


@pytest.fixture
def service(site: Site) -> JobService:
    return JobService(site.uow, site.runner)


@pytest.fixture
def me(site: Site) -> Principal:
    return Principal(site.workspace_id, Role.ANALYST, None, "me")


async def add_jobs(site: Site, count: int, *, status: str = "succeeded", document_id: UUID | None = None) -> list[UUID]:
    """Jobs a minute apart, every two of them at the same time; newest first."""
    added: list[Job] = []
    async with site.uow(site.workspace_id) as tx:
        for number in range(count):
            request = JobRequest("extract_document", Script(name="old"), f"job {number}", document_id=document_id)
            job = new_job(request, site.workspace_id, "1")
            job.status, job.created_at = status, BEGAN + timedelta(minutes=number // 2)
            await tx.jobs.add(job)
            added.append(job)
    return [job.id for job in sorted(added, key=lambda job: (job.created_at, job.id.hex), reverse=True)]


async def test_pages_follow_each_other_without_gaps_or_repeats(site: Site, service: JobService, me: Principal) -> None:
    expected = await add_jobs(site, 11)
    seen: list[UUID] = []
    cursor = None
    for _ in range(3):
        page = await service.page(me, JobFilter(), Slice(4, cursor))
        seen += [job.id for job in page.items]
        cursor = page.next_cursor
    assert seen == expected
    assert cursor is None


async def test_a_job_that_comes_while_paging_does_not_shift_the_pages(
    site: Site, service: JobService, me: Principal
) -> None:
    expected = await add_jobs(site, 6)
    first = await service.page(me, JobFilter(), Slice(3))
    await site.ended(await site.submit(Script(name="newer")))
    second = await service.page(me, JobFilter(), Slice(3, first.next_cursor))
    assert [job.id for job in (*first.items, *second.items)] == expected


async def test_jobs_are_found_by_status_kind_and_document(site: Site, service: JobService, me: Principal) -> None:
    document_id = uuid4()
    await add_jobs(site, 2, status="failed", document_id=document_id)
    await add_jobs(site, 3)
    await site.ended(await site.submit(Script(name="ingest")))

    async def count(wanted: JobFilter) -> int:
        return len((await service.page(me, wanted, Slice())).items)

    assert await count(JobFilter()) == 6
    assert await count(JobFilter(status=JobStatus.FAILED)) == 2
    assert await count(JobFilter(kind="ingest")) == 1
    assert await count(JobFilter(document_id=document_id)) == 2
    assert await count(JobFilter(document_id=document_id, status=JobStatus.SUCCEEDED)) == 0
    assert await count(JobFilter(collection_id=uuid4())) == 0
    async with site.uow.read(site.workspace_id) as tx:
        counts = await tx.jobs.counts()
    assert counts == {JobStatus.FAILED: 2, JobStatus.SUCCEEDED: 4} | dict.fromkeys(
        (JobStatus.PENDING, JobStatus.RUNNING, JobStatus.CANCELLED), 0
    )


@pytest.mark.parametrize("limit", [0, -1, 201])
async def test_a_page_has_1_to_200_jobs(service: JobService, me: Principal, limit: int) -> None:
    with pytest.raises(InvalidRequest, match="limit"):
        await service.page(me, JobFilter(), Slice(limit))


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "bnVsbA", "W10", "WzEsMiwzXQ", "é", "\x00", "a" * 500])
async def test_a_cursor_that_nobody_made_is_refused(service: JobService, me: Principal, cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        await service.page(me, JobFilter(), Slice(10, cursor))


@pytest.mark.parametrize(
    "value", [5, 0.5, "x", True, None, [], "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00", 10**30, float("nan")]
)
async def test_a_cursor_of_another_list_is_refused(service: JobService, me: Principal, value: object) -> None:
    cursor = urlsafe_b64encode(json.dumps([value, str(uuid4())]).encode()).decode()
    with pytest.raises(InvalidRequest, match="cursor"):
        await service.page(me, JobFilter(), Slice(10, cursor))


async def test_another_workspace_sees_nothing(site: Site, service: JobService) -> None:
    (job_id,) = await add_jobs(site, 1, status="failed")
    assert (await service.page(STRANGER, JobFilter(), Slice())).items == []
    for act in (service.get, service.cancel, service.retry):
        with pytest.raises(NotFound):
            await act(STRANGER, job_id)


async def test_cancel_and_retry_answer_with_the_job(site: Site, service: JobService, me: Principal) -> None:
    job_id = await site.submit(Script(name="later"), delay=600)
    assert (await service.cancel(me, job_id)).status is JobStatus.CANCELLED
    with pytest.raises(Conflict):
        await service.cancel(me, job_id)
    again = await service.retry(me, job_id)
    assert again.attempt == 2
    assert again.finished_at is None
    assert (await site.ended(job_id)).status is JobStatus.SUCCEEDED


async def test_a_job_asked_to_stop_is_running_until_it_has(site: Site, service: JobService, me: Principal) -> None:
    job_id = await site.submit(Script(name="held", action="wait"))
    await until(site.desk.said("held:0"))
    assert (await service.cancel(me, job_id)).status in (JobStatus.RUNNING, JobStatus.CANCELLED)
    assert (await site.ended(job_id)).status is JobStatus.CANCELLED


@pytest.mark.parametrize(
    ("status", "progress", "known", "elapsed", "expected"),
    [
        ("running", 0.25, 10.0, 10.0, 30.0),
        ("running", 0.25, 10.0, 22.0, 18.0),
        ("running", 0.25, 10.0, 41.0, None),
        ("running", 1.0, 10.0, 10.0, 0.0),
        ("running", 0.04, 10.0, 10.0, None),
        ("running", 0.5, -3600.0, -3600.0, None),
        ("pending", 0.5, 10.0, 10.0, None),
        ("succeeded", 1.0, 10.0, 10.0, None),
    ],
)
def test_the_time_left_runs_down_until_there_is_news_and_is_unknown_when_it_has_run_out(
    status: str, progress: float, known: float, elapsed: float, expected: float | None
) -> None:
    """By a straight line through the attempt's start and the last progress: `known` seconds after it."""
    job = Job(status=status, progress=progress, done=1, started_at=BEGAN, updated_at=BEGAN + timedelta(seconds=known))
    assert seconds_left(job, BEGAN + timedelta(seconds=elapsed)) == expected


def test_a_stage_that_has_done_nothing_yet_tells_no_time() -> None:
    job = Job(status="running", progress=0.3, done=0, started_at=BEGAN, updated_at=BEGAN + timedelta(seconds=10))
    assert seconds_left(job, BEGAN + timedelta(seconds=10)) is None


class TestRoutes:
    async def test_a_job_is_listed_and_found(self, api: Api) -> None:
        await api.extracted()
        listed = (await api.client.get("/jobs", params={"kind": "extract_document", "limit": 1})).json()
        (job,) = listed["items"]
        assert job["status"] == "succeeded"
        assert (await api.client.get(f"/jobs/{job['id']}")).json() == job

    async def test_an_ended_job_cannot_be_cancelled_or_retried(self, api: Api) -> None:
        await api.extracted()
        job = (await api.client.get("/jobs")).json()["items"][0]
        for act in ("cancel", "retry"):
            answer = await api.client.post(f"/jobs/{job['id']}/{act}")
            assert (answer.status_code, answer.json()["code"]) == (409, "conflict")

    @pytest.mark.parametrize("path", ["", "/events", "/cancel", "/retry"])
    async def test_an_unknown_job_is_not_found(self, api: Api, path: str) -> None:
        method = "POST" if path in ("/cancel", "/retry") else "GET"
        answer = await api.client.request(method, f"/jobs/{uuid4()}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("query", ["limit=0", "limit=201", "status=x", "kind=x", "document_id=x", "cursor=x"])
    async def test_a_bad_query_is_refused(self, api: Api, query: str) -> None:
        answer = await api.client.get(f"/jobs?{query}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")

    async def test_the_events_of_an_ended_job_are_its_state_and_the_end(self, api: Api) -> None:
        await api.extracted()
        job = (await api.client.get("/jobs")).json()["items"][-1]
        answer = await api.client.get(f"/jobs/{job['id']}/events")
        assert answer.headers["content-type"].startswith("text/event-stream")
        event, data, number = answer.text.strip().splitlines()
        assert event == "event: job"
        assert '"status":"succeeded"' in data
        assert number.startswith("id: ")
