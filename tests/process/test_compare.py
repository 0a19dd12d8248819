"""A batch while the server is killed: no question twice, no lane missing, the results of one that was left alone."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.mock_openai import MockOpenAI, MockServer
from tests.process.conftest import SiteMaker
from tests.process.site import Site, kill_all, until

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(300)]

FAQS = 120
AT_ONCE = 16
WITHIN = 90.0
SERVER = "openai-compatible"
MEASURED = ("hit_at_k", "mrr", "similarity", "support", "refusal")


@pytest.fixture
def slow_mock() -> Iterator[MockServer]:
    with MockServer(MockOpenAI(slow_seconds=0.6)) as server:
        yield server


def faqs() -> list[dict[str, str]]:
    return [
        {"question": f"How do I order part {n}?", "answer": f"Part {n} is on shelf {n * 7}; ask house {n % 9} for it."}
        for n in range(FAQS)
    ]


def dataset(site: Site, client: httpx.Client, mock: MockServer) -> dict[str, Any]:
    settings = {"base_url": mock.base_url, "api_key": "sk-mock-key-1234", "model": "slow"}
    client.put(f"/providers/{SERVER}", json=settings).raise_for_status()
    client.post("/ingest", json={"faqs": faqs()}).raise_for_status()
    site.jobs_ended(client, seconds=WITHIN)
    made = client.post("/datasets", json={"name": "Parts", "paraphrases": 0}).raise_for_status().json()
    site.jobs_ended(client, seconds=WITHIN)
    found: dict[str, Any] = client.get(f"/datasets/{made['dataset']['id']}").json()
    return found


def begun(client: httpx.Client, dataset_id: str) -> str:
    lanes = [{"provider": SERVER, "model": "slow"}, {"provider": "builtin"}]
    judge = {"provider": SERVER, "model": "slow@longer"}
    body = {"dataset_id": dataset_id, "split": "train", "lanes": lanes, "judge": judge}
    return str(client.post("/comparisons/batch", json=body).raise_for_status().json()["id"])


def kept(site: Site, batch_id: str) -> int:
    query = "SELECT count(*) FROM comparison WHERE batch_id = ?"
    return int(site.rows(query, batch_id.replace("-", ""))[0][0])


def measured(client: httpx.Client, batch_id: str) -> list[Any]:
    batch = client.get(f"/comparisons/batch/{batch_id}").json()
    assert (batch["job"]["status"], batch["job"]["attempt"]) == ("succeeded", 1)
    results = batch["results"]
    figures = [one for one in results["metrics"] + results["duels"] if one["metric"] in MEASURED]
    return [figures, results["judged"], results["failures"], [one["question"] for one in results["differences"]]]


@pytest.mark.fault("B1")
def test_a_batch_that_was_killed_goes_on_and_ends_as_one_that_was_not(
    new_site: SiteMaker, slow_mock: MockServer
) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    api = site.start_api()
    with site.client() as client:
        made = dataset(site, client, slow_mock)
        slow_mock.app.requests.clear()
        batch_id = begun(client, made["id"])
    total, kills = made["train"], 0
    for moment in (5, 40):
        until(lambda moment=moment: kept(site, batch_id) >= moment, seconds=WITHIN, what=f"{moment} questions")  # type: ignore[misc]  # bound at once
        kill_all(api)
        kills += 1
        assert kept(site, batch_id) < total
        api = site.start_api()
    with site.client() as client:
        site.jobs_ended(client, seconds=WITHIN)
        lanes = "SELECT count(*), count(DISTINCT comparison_id || contestant) FROM comparison_lane"
        assert site.rows(lanes) == [(2 * total, 2 * total)]
        asked = Counter(str(one.body["messages"]) for one in slow_mock.app.requests if one.model == "slow")
        assert len(asked) == total
        # Only what was under way at a kill, or waited to be kept, is asked again.
        assert sum(asked.values()) - total <= kills * (AT_ONCE + 50)
        killed = measured(client, batch_id)
        alone = begun(client, made["id"])
        site.jobs_ended(client, seconds=WITHIN)
        assert measured(client, alone) == killed
