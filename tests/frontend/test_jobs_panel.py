"""Documents being read: which of many are shown, and what is said of the time."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from backend.db.models import Job as Row
from contracts.jobs import Job
from frontend.components.jobs import steady_left
from frontend.safe_text import plain
from tests.frontend.conftest import Pages
from tests.frontend.looking import keys, press, words

FAQ = "pages/1_FAQ_Extraction.py"


def _queue(pages: Pages, count: int) -> list[UUID]:
    """Documents that wait, oldest first; no runner takes them."""
    workspace = pages.workspace()
    added = datetime.now(UTC) - timedelta(minutes=5)
    ids = [uuid4() for _ in range(count)]
    for number, job_id in enumerate(ids):
        row = {"id": job_id, "workspace_id": workspace, "kind": "extract_document", "status": "pending", "version": "1"}
        more = {"title": f"{number:02}.md", "created_at": added + timedelta(seconds=number)}
        pages.execute(sa.insert(Row).values(**row, **more))
    return ids


def _become(pages: Pages, job_id: UUID, **values: object) -> None:
    pages.execute(sa.update(Row).where(Row.id == job_id).values(**values))


def test_of_many_documents_those_that_are_being_read_come_first(pages: Pages) -> None:
    jobs = _queue(pages, 30)
    now = datetime.now(UTC)
    for job_id in jobs[20:23]:
        _become(pages, job_id, status="running", stage="reading", done=1, total=2, progress=0.3, started_at=now)
    _become(pages, jobs[25], status="succeeded", finished_at=now, progress=1.0)
    _become(pages, jobs[26], status="failed", finished_at=now)
    page = pages.open(FAQ)
    said = words(page)
    assert "Reading 28 documents" in said
    assert "3 running, 25 waiting, 1 done, 1 failed" in [bar.proto.text for bar in page.get("progress")]
    shown = [name for name in (f"{number:02}.md" for number in range(30)) if plain(name) in said]
    assert shown == ["00.md", "20.md", "21.md", "22.md", "26.md"]
    assert keys(page, "cancel_")[:3] == [str(job_id) for job_id in jobs[20:23]]


def test_the_others_are_behind_an_expander(pages: Pages) -> None:
    _queue(pages, 8)
    page = pages.open(FAQ)
    assert [expander.label for expander in page.expander if "more" in expander.label] == ["3 more documents"]


def test_what_was_read_before_stays_counted_until_it_is_hidden(pages: Pages) -> None:
    jobs = _queue(pages, 2)
    page = pages.open(FAQ)
    assert "Reading 2 documents" in words(page)
    for job_id in jobs:
        _become(pages, job_id, status="succeeded", finished_at=datetime.now(UTC))
    page.run()
    assert "2 documents read" in words(page)
    press(page, "hide_jobs")
    assert "documents read" not in words(page)


def _job(seconds_left: float | None, number: int = 1) -> Job:
    row = {"id": UUID(int=number), "kind": "extract_document", "status": "running", "stage": "reading", "progress": 0.5}
    more = {"done": 1, "total": 2, "message": "", "attempt": 1, "created_at": datetime.now(UTC)}
    return Job.model_validate({**row, **more, "seconds_left": seconds_left})


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, ""),
        (14, "less than a minute left"),
        (59, "less than a minute left"),
        (61, "about 2 min left"),
        (580, "about 10 min left"),
        (1100, "about 20 min left"),
        (5000, "about 85 min left"),
        (9000, "about 3 h left"),
    ],
)
def test_the_time_left_is_said_coarsely(seconds: float | None, said: str) -> None:
    assert steady_left(_job(seconds), {}) == said


def test_the_time_left_never_rises() -> None:
    shown: dict[UUID, int] = {}
    heard = [steady_left(_job(left), shown) for left in (300, 290, 700, None, 200, 21, 14, 30)]
    assert heard == [
        "about 5 min left",
        "about 5 min left",
        "",
        "",
        "about 4 min left",
        "less than a minute left",
        "less than a minute left",
        "less than a minute left",
    ]
    assert steady_left(_job(600, 2), shown) == "about 10 min left"
