"""A training at a provider while the server is killed: one job there, one model here."""

from collections.abc import Iterator

import pytest

from tests.mock_tuning.app import MockTuning
from tests.mock_tuning.fireworks import MockFireworks
from tests.mock_tuning.server import TuningServer
from tests.mock_tuning.together import MockTogether
from tests.process.conftest import SiteMaker
from tests.process.site import Site, kill_all, until
from tests.process.test_finetune import WITHIN, dataset

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(240)]

SERVER = "openai-compatible"
TUNINGS = {SERVER: MockTuning, "together": MockTogether, "fireworks": MockFireworks}
CANCELLED_WITHIN = 10.0


@pytest.fixture
def server() -> Iterator[TuningServer]:
    with TuningServer(MockTuning(statuses=("running",))) as server:
        yield server


def begun(site: Site, server: TuningServer, provider: str = SERVER) -> str:
    """The id of a training at the provider."""
    with site.client() as client:
        settings = {"base_url": server.base_url, "api_key": "sk-mock-key-1234", "model": "ok"}
        client.put(f"/providers/{provider}", json=settings).raise_for_status()
        body = {"method": "remote", "base_model": "small-1", "parameters": {"provider": provider}}
        job = client.post("/finetune", json={"dataset_id": dataset(site, client)["id"], **body})
        return str(job.raise_for_status().json()["id"])


@pytest.mark.fault("B1")
@pytest.mark.parametrize("provider", list(TUNINGS))
@pytest.mark.parametrize("kind", ["create", "events"])
def test_a_training_at_a_provider_goes_on_with_its_one_job(
    new_site: SiteMaker, server: TuningServer, kind: str, provider: str
) -> None:
    """Killed once while the job is created, and once while it runs."""
    tuning = server.tuning = TUNINGS[provider](statuses=("running",))
    if kind == "create":
        tuning.fail("create", "hang")
    site = new_site(NEXUS_EMBEDDER="hashing")
    api = site.start_api()
    training = begun(site, server, provider)
    until(lambda: kind in tuning.calls, seconds=WITHIN, what=f"the provider is asked for {kind}")
    kill_all(api)
    assert site.rows("SELECT count(*) FROM model") == [(0,)]
    tuning.statuses = ("running", "succeeded")
    site.start_api()
    with site.client() as client:
        site.jobs_ended(client, seconds=WITHIN)
        ended = client.get(f"/finetune/{training}").json()
        assert (ended["job"]["status"], ended["job"]["attempt"]) == ("succeeded", 1)
        [model] = client.get("/models").json()["items"]
        assert (model["id"], model["remote_id"]) == (ended["model_id"], "ft:ok")
        assert len(tuning.jobs) == 1
        assert tuning.calls.count("upload") == 2
        assert tuning.files == {}
        answer = client.post("/chat", json={"message": "How do I order part 217?", "model": model["name"]})
        assert answer.raise_for_status().json()["provider"] == provider


@pytest.mark.fault("B6")
@pytest.mark.parametrize("refuses", [False, True])
def test_a_cancelled_training_ends_at_the_provider_or_says_that_it_goes_on(
    new_site: SiteMaker, server: TuningServer, refuses: bool
) -> None:
    if refuses:
        server.tuning.always["cancel"] = "405"
    site = new_site(NEXUS_EMBEDDER="hashing")
    site.start_api()
    training = begun(site, server)
    until(lambda: "events" in server.tuning.calls, seconds=WITHIN, what="the job runs")
    with site.client() as client:
        client.post(f"/finetune/{training}/cancel").raise_for_status()
        site.jobs_ended(client, seconds=CANCELLED_WITHIN)
        job = client.get(f"/finetune/{training}").json()["job"]
    assert (job["status"], job["error"] is not None) == ("cancelled", refuses)
    assert len(server.tuning.cancelled) == (0 if refuses else 1)
