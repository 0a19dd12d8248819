"""A collection that is embedded anew while the server is killed: it answers as before, and goes on where it stopped."""

from collections.abc import Iterator

import httpx
import pytest

from tests.mock_openai import MockOpenAI, MockServer
from tests.process.conftest import SiteMaker
from tests.process.site import Site, kill_all, until, upload

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(240)]

RULES = 400
BATCH = 200
WITHIN = 60.0
MODEL = "openai-compatible:slow-512"
NEW = "length(vector) = 4 * 512"


@pytest.fixture
def slow_mock() -> Iterator[MockServer]:
    with MockServer(MockOpenAI(slow_seconds=0.15)) as server:
        yield server


def rules() -> bytes:
    return "".join(
        f"# Rule {n}\n\nRule {n} ends {n} days after the delivery in house {n}.\n\n" for n in range(RULES)
    ).encode()


def embedded(site: Site) -> int:
    """Vectors of the new model that are stored."""
    return int(site.rows(f"SELECT count(*) FROM embedding WHERE {NEW}")[0][0])


def found(client: httpx.Client, collection: str) -> str:
    answer = client.post("/rag-chat", json={"message": "When does rule 217 end?", "collection_id": collection})
    return str(answer.raise_for_status().json()["retrieved"][0]["title"])


@pytest.mark.fault("B1")
def test_a_server_killed_while_it_embeds_anew_goes_on_where_it_stopped(
    new_site: SiteMaker, slow_mock: MockServer
) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    api = site.start_api()
    with site.client() as client:
        upload(client, ("rules.md", rules())).raise_for_status()
        site.jobs_ended(client, seconds=WITHIN)
        [collection] = client.get("/collections").json()["items"]
        before = found(client, collection["id"])
        settings = {"base_url": slow_mock.base_url, "api_key": "sk-mock-key-1234", "model": "ok"}
        client.put("/providers/openai-compatible", json=settings).raise_for_status()
        job = client.post(f"/collections/{collection['id']}/model", json={"model": MODEL}).raise_for_status().json()
    kills = 0
    for moment in (1, BATCH + 1):
        until(lambda moment=moment: embedded(site) >= moment, seconds=WITHIN, what=f"{moment} vectors")  # type: ignore[misc]  # bound at once
        kill_all(api)
        kills += 1
        assert embedded(site) < collection["points"]
        api = site.start_api()
        with site.client() as client:
            assert found(client, collection["id"]) == before
    with site.client() as client:
        site.jobs_ended(client, seconds=WITHIN)
        ended = client.get(f"/jobs/{job['id']}").json()
        assert (ended["status"], ended["attempt"]) == ("succeeded", 1)
        after = client.get(f"/collections/{collection['id']}").json()
        assert (after["embedding_model"], after["points"]) == (MODEL, collection["points"])
        assert found(client, collection["id"])
    assert site.rows(f"SELECT count(*) FROM embedding WHERE NOT {NEW}") == [(0,)]
    given = [request.body["input"] for request in slow_mock.app.requests if request.path.endswith("/embeddings")]
    asked = sum(len(texts) for texts in given if isinstance(texts, list))
    assert asked <= embedded(site) + kills * BATCH + 100, "only batches that a kill cut are embedded twice"
