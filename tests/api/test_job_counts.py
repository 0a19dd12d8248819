"""How far the jobs are that go on, and those that ended beside them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from backend.db.models import Job
from tests.support import Api, refused

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _at(minute: int) -> datetime:
    return NOW + timedelta(minutes=minute)


async def _add(api: Api, status: str, *, created: int, ended: int | None = None, **values: object) -> None:
    workspace = UUID((await api.get("/me"))["workspace_id"])
    async with api.scope.services.faqs._uow(workspace) as tx:
        await tx.jobs.add(
            Job(
                id=uuid4(),
                workspace_id=workspace,
                status=status,
                version="1",
                progress=0.5 if status == "running" else 0.0,
                created_at=_at(created),
                finished_at=None if ended is None else _at(ended),
                **{"kind": "extract_document"} | values,
            )
        )


async def test_jobs_that_ended_while_others_waited_belong_to_the_same_work(api: Api) -> None:
    await _add(api, "succeeded", created=0, ended=1)
    await _add(api, "succeeded", created=4, ended=6)
    await _add(api, "failed", created=4, ended=7)
    await _add(api, "cancelled", created=4, ended=7)
    await _add(api, "running", created=5)
    await _add(api, "pending", created=6)
    await _add(api, "pending", created=6)
    await _add(api, "pending", created=1, kind="sync_collection")

    counts = await api.get("/jobs/counts", kind="extract_document")

    assert datetime.fromisoformat(counts.pop("since")) == _at(5)
    assert counts == {
        "pending": 2,
        "running": 1,
        "succeeded": 1,
        "failed": 1,
        "cancelled": 1,
        "progress": 3.5 / 6,
    }


async def test_with_a_time_the_ended_ones_are_counted_from_then_on(api: Api) -> None:
    for ended in (1, 5, 9):
        await _add(api, "succeeded", created=0, ended=ended)
    counts = await api.get("/jobs/counts", since=_at(5).isoformat())
    assert (counts["succeeded"], counts["pending"], counts["progress"]) == (2, 0, 1.0)
    none = await api.get("/jobs/counts")
    assert (none["succeeded"], none["since"], none["progress"]) == (0, None, 1.0)
    refused(await api.client.get("/jobs/counts", params={"since": "yesterday"}), 422, "invalid_request")


async def test_a_job_that_was_tried_again_counts_from_then_on(api: Api) -> None:
    await _add(api, "succeeded", created=2, ended=3)
    await _add(api, "pending", created=1, attempt=2, updated_at=_at(8))
    assert datetime.fromisoformat((await api.get("/jobs/counts"))["since"]) == _at(8)
    assert (await api.get("/jobs/counts"))["succeeded"] == 0


async def test_the_oldest_come_first_when_asked_for(api: Api) -> None:
    for created in (3, 1, 2):
        await _add(api, "pending", created=created)
    listed = await api.get("/jobs", order="oldest", limit=2)
    rest = await api.get("/jobs", order="oldest", limit=2, cursor=listed["next_cursor"])
    made = [datetime.fromisoformat(job["created_at"]) for job in [*listed["items"], *rest["items"]]]
    assert made == [_at(1), _at(2), _at(3)]
