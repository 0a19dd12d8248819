"""Drafting with a model while the server is killed: no section that was answered for is asked about twice."""

import json
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.mock_openai import MockOpenAI, MockServer
from tests.process.conftest import SiteMaker
from tests.process.site import Site, kill_all, until, upload

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(240)]

SECTIONS = 40
AT_ONCE = 4
RESUMED_WITHIN = 60.0


@pytest.fixture
def slow_mock() -> Iterator[MockServer]:
    with MockServer(MockOpenAI(slow_seconds=0.15)) as server:
        yield server


def rules() -> bytes:
    return "".join(
        f"# Part {n}\n\n## Rule number {n}\n\nRule {n} is a rule that holds for every part with the number {n}. "
        f"It applies from the day of delivery and ends {n} days later in house {n}.\n\n"
        for n in range(SECTIONS)
    ).encode()


def started(site: Site, client: httpx.Client, mock: MockServer) -> str:
    """The id of a job that drafts from a document with the mock."""
    settings = {"base_url": mock.base_url, "api_key": "sk-mock-key-1234", "model": "slow"}
    client.put("/providers/openai-compatible", json=settings).raise_for_status()
    [job] = upload(client, ("rules.md", rules())).json()["jobs"]
    site.jobs_ended(client, seconds=RESUMED_WITHIN)
    body = {"provider": "openai-compatible", "model": "slow"}
    answer = client.post(f"/documents/{job['document_id']}/drafting", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def settled(site: Site) -> int:
    return int(site.rows("SELECT count(*) FROM section_drafting WHERE status = 'done'")[0][0])


def drafts(site: Site) -> int:
    return int(site.rows("SELECT count(*) FROM faq WHERE drafted_by IS NOT NULL")[0][0])


@pytest.mark.fault("B1")
def test_a_server_killed_while_it_drafts_goes_on_where_it_stopped(new_site: SiteMaker, slow_mock: MockServer) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    api = site.start_api()
    with site.client() as client:
        job_id = started(site, client, slow_mock)
    kills = 0
    for moment in (8, 20):
        until(lambda moment=moment: settled(site) >= moment, seconds=RESUMED_WITHIN, what=f"{moment} sections")  # type: ignore[misc]  # bound at once
        kill_all(api)
        kills += 1
        assert settled(site) < SECTIONS
        api = site.start_api()
    with site.client() as client:
        site.jobs_ended(client, seconds=RESUMED_WITHIN)
        job = client.get(f"/jobs/{job_id}").json()
        result = job["result"]
        assert (job["status"], job["attempt"], result["done"], result["calls"]) == ("succeeded", 1, SECTIONS, SECTIONS)
        whole = [request.body for request in slow_mock.app.requests if request.body]  # a kill may cut one that is sent
        asked = Counter(json.dumps(body["messages"]) for body in whole)
        assert len(asked) == SECTIONS
        # Only the calls that were under way at a kill are made again.
        assert sum(asked.values()) - SECTIONS <= kills * AT_ONCE
        assert drafts(site) == result["drafts"] == 2 * SECTIONS
        faqs = client.get("/faqs", params={"limit": 200}).json()["items"]
        questions = Counter((faq["question"], faq["drafted_by"]) for faq in faqs)
        assert max(questions.values()) == 1
