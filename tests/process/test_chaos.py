"""Twenty documents, and a server that is killed again and again: the end is that of an undisturbed run."""

import random
from pathlib import Path

import httpx
import pytest

from tests.fixtures.documents import HANDBOOK, Part, html, markdown, write_docx, write_pdf
from tests.process.conftest import SiteMaker
from tests.process.site import Site, kill_all, stop, until, upload
from tests.process.snapshot import assert_nothing_is_left_over, progress, snapshot

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(600)]

SEED = 20_261
KILLS = 6
RESUMED_WITHIN = 30.0
ENDED_WITHIN = 180.0


def parts(number: int) -> tuple[Part, ...]:
    """A handbook of its own; some of its questions stand in the others too."""
    own = tuple(
        Part(
            3,
            f"How do I calibrate sensor {number}-{at}?",
            (
                f"Hold sensor {number}-{at} into clear water until the lamp is green. "
                f"Then note the number {number * 31 + at} on its card and close the lid of the case.",
            ),
            steps=("Open the lid.", f"Press button {at + 1}.", "Close the lid."),
        )
        for at in range(6)
    )
    return (*HANDBOOK, Part(2, f"Sensors of house {number}", ("Each house has its own.",)), *own)


def twenty_documents(folder: Path) -> list[tuple[str, bytes]]:
    files = []
    for number in range(5):
        files += [
            (f"{number}.md", markdown(parts(number)).encode()),
            (f"{number}.html", html(parts(number + 5)).encode()),
            (f"{number}.docx", write_docx(folder / "made.docx", parts(number + 10)).read_bytes()),
            (f"{number}.pdf", write_pdf(folder / "made.pdf", parts(number + 15), repeat=1).read_bytes()),
        ]
    return files


def approve_drafts(site: Site, client: httpx.Client) -> None:
    ids = [row[0] for row in site.rows("SELECT id FROM faq WHERE status = 'draft' AND confidence >= 0.8 ORDER BY id")]
    assert ids
    for start in range(0, len(ids), 100):
        assert client.post("/faqs/approve", json={"ids": ids[start : start + 100]}).status_code == 200


def send(site: Site, files: list[tuple[str, bytes]]) -> None:
    with site.client() as client:
        answer = upload(client, *files)
        assert answer.status_code == 202
        assert len(answer.json()["jobs"]) == len(files)


def wait_for_jobs(site: Site) -> None:
    with site.client() as client:
        ended = site.jobs_ended(client, seconds=ENDED_WITHIN)
        assert {(job["status"], job["attempt"]) for job in ended} == {("succeeded", 1)}


def signs_of_life(site: Site) -> list[tuple[str | int, ...]]:
    """Changes with every note that a job makes and every row it writes."""
    return [*site.rows("SELECT status, count(*), max(updated_at) FROM job GROUP BY status"), (progress(site),)]


def survive(site: Site, moments: list[int]) -> None:
    """Kills the API with its children as soon as each moment's progress is reached."""
    for moment in moments:
        before = signs_of_life(site)
        api = site.start_api()
        until(lambda before=before: signs_of_life(site) != before, seconds=RESUMED_WITHIN, what=f"{before} goes on")  # type: ignore[misc]  # bound at once
        until(lambda moment=moment: progress(site) >= moment, seconds=ENDED_WITHIN, what=f"{moment} of {before}")  # type: ignore[misc]  # bound at once
        kill_all(api)


@pytest.mark.fault("B1")
def test_a_server_killed_again_and_again_ends_with_the_rows_of_an_undisturbed_one(
    new_site: SiteMaker, tmp_path: Path
) -> None:
    files = twenty_documents(tmp_path)
    calm = new_site()
    api = calm.start_api()
    send(calm, files)
    wait_for_jobs(calm)
    extracted = progress(calm)
    with calm.client() as client:
        approve_drafts(calm, client)
    wait_for_jobs(calm)
    expected = snapshot(calm)
    assert stop(api) == 0
    assert_nothing_is_left_over(calm)
    assert len(expected["documents"]) == len(files)
    grouped = [question for group in expected["groups"] for question in {faq[-1] for faq in group}]
    assert grouped
    assert len(grouped) == len(set(grouped)), "one question, one group"

    site = new_site()
    api = site.start_api()
    send(site, files)
    kill_all(api)
    moments = sorted(random.Random(SEED).sample(range(1, extracted), KILLS))
    survive(site, moments)
    api = site.start_api()
    wait_for_jobs(site)
    with site.client() as client:
        approve_drafts(site, client)
    kill_all(api)
    api = site.start_api()
    wait_for_jobs(site)
    found = snapshot(site)
    assert stop(api) == 0

    for table, rows in expected.items():
        assert found[table] == rows, table
    assert_nothing_is_left_over(site)
    assert "Traceback" not in site.said()
