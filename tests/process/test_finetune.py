"""A training whose server is killed: it goes on after the restart, and gives one model."""

from typing import Any

import httpx
import psutil
import pytest

from benchmarks.product import family
from tests.process.conftest import SiteMaker
from tests.process.site import Site, kill_all, until

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(240)]

FAQS = 300
EPOCHS = 150
WITHIN = 90.0


def faqs() -> list[dict[str, str]]:
    return [
        {"question": f"How do I order part {n}?", "answer": f"Part {n} is on shelf {n * 7}; ask house {n % 9} for it."}
        for n in range(FAQS)
    ]


def dataset(site: Site, client: httpx.Client) -> dict[str, Any]:
    client.post("/ingest", json={"faqs": faqs()}).raise_for_status()
    site.jobs_ended(client, seconds=WITHIN)
    made = client.post("/datasets", json={"name": "Parts"}).raise_for_status().json()
    site.jobs_ended(client, seconds=WITHIN)
    found: dict[str, Any] = client.get(f"/datasets/{made['dataset']['id']}").json()
    return found


def trained(site: Site) -> int:
    """Epochs whose figures are stored."""
    return int(site.rows("SELECT count(*) FROM training_point WHERE name = 'mrr'")[0][0])


@pytest.mark.fault("B1")
def test_a_training_that_was_killed_goes_on_and_gives_one_model(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    api = site.start_api()
    with site.client() as client:
        made = dataset(site, client)
        parameters = {"epochs": EPOCHS, "patience": EPOCHS}
        job = client.post("/finetune", json={"dataset_id": made["id"], "parameters": parameters})
        training = job.raise_for_status().json()["id"]
    for epochs in (1, 20):
        until(lambda epochs=epochs: trained(site) > epochs, seconds=WITHIN, what=f"{epochs} epochs")  # type: ignore[misc]  # bound at once
        below = family(api.pid)
        kill_all(api)
        psutil.wait_procs(below, timeout=10)
        assert site.rows("SELECT count(*) FROM model") == [(0,)]
        api = site.start_api()
    with site.client() as client:
        site.jobs_ended(client, seconds=WITHIN)
        ended = client.get(f"/finetune/{training}").json()
        assert (ended["job"]["status"], ended["job"]["attempt"]) == ("succeeded", 1)
        [model] = client.get("/models").json()["items"]
        assert model["id"] == ended["model_id"]
        answer = client.post("/chat", json={"message": "How do I order part 217?", "model": model["name"]})
        [search] = [step for step in answer.raise_for_status().json()["steps"] if step["name"] == "search"]
        assert f"tuned by “{model['name']}”" in search["outcome"]
        steps = [point["step"] for point in client.get(f"/finetune/{training}/points").json() if point["name"] == "mrr"]
        assert steps == list(range(EPOCHS + 1))
