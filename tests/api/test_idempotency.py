"""Idempotency-Key on POSTs: the second request with a key gets the first one's answer."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from backend.app import create_app
from backend.data_lock import DataLock
from backend.db.models import Idempotency
from backend.security.principal import Principal, Role
from backend.services.idempotency import UNKNOWN
from backend.settings import Settings
from tests.api.conftest import Keys
from tests.support import FORM, MARKDOWN, Api, RawCall, client_of, events_of, eventually, part, refused

KEY = {"Idempotency-Key": "once"}
UPLOAD = "POST /faq/upload"
FAQ = {"question": "Where is the switch?", "answer": "At the back."}


async def remembered(api: Api) -> int:
    async with api.scope.database.read() as session:
        return await session.scalar(select(func.count()).select_from(Idempotency)) or 0


@pytest.mark.fault("A21")
async def test_the_same_key_and_body_get_the_first_answer_again_and_nothing_is_done_twice(api: Api) -> None:
    first = await api.client.post("/faqs", json=FAQ, headers=KEY)
    again = await api.client.post("/faqs", json=FAQ, headers=KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(await api.faqs()) == 1


@pytest.mark.fault("A21")
async def test_the_same_key_with_another_body_is_refused(api: Api) -> None:
    await api.client.post("/faqs", json=FAQ, headers=KEY)
    refused(await api.client.post("/faqs", json=FAQ | {"answer": "Other"}, headers=KEY), 422, "idempotency_mismatch")
    assert len(await api.faqs()) == 1


@pytest.mark.fault("A21")
async def test_a_second_request_while_the_first_still_runs_is_told_to_wait(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = api.scope.services.faqs
    started, go_on, create = asyncio.Event(), asyncio.Event(), service.create

    async def held(*args: object) -> object:
        started.set()
        await go_on.wait()
        return await create(*args)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(service, "create", held)
    first = asyncio.create_task(api.client.post("/faqs", json=FAQ, headers=KEY))
    await started.wait()

    problem = refused(await api.client.post("/faqs", json=FAQ, headers=KEY), 409, "idempotency_running")
    go_on.set()

    assert problem["retryable"] is True
    assert (await first).status_code == 201
    assert (await api.client.post("/faqs", json=FAQ, headers=KEY)).headers["idempotency-replayed"] == "true"


@pytest.mark.fault("A21")
async def test_twenty_requests_with_one_key_at_once_do_the_work_once(api: Api) -> None:
    answers = await asyncio.gather(*(api.client.post("/faqs", json=FAQ, headers=KEY) for _ in range(20)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert [answer.status_code for answer in answers].count(201) >= 1
    assert len(await api.faqs()) == 1


@pytest.mark.fault("A21")
async def test_a_refused_request_gives_its_key_back(api: Api) -> None:
    refused(await api.client.post("/faqs", json={"question": ""}, headers=KEY), 422, "invalid_request")
    assert await remembered(api) == 0
    assert (await api.client.post("/faqs", json=FAQ, headers=KEY)).status_code == 201


@pytest.mark.fault("A21")
async def test_an_unexpected_failure_gives_its_key_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr(api.scope.services.faqs, "create", broken)
        answer = await api.client.post("/faqs", json=FAQ, headers=KEY)

    assert "secret detail" not in answer.text
    refused(answer, 500, "internal_error")
    assert await remembered(api) == 0
    assert (await api.client.post("/faqs", json=FAQ, headers=KEY)).status_code == 201


@pytest.mark.fault("A21")
async def test_a_job_that_is_asked_for_twice_starts_once(api: Api) -> None:
    body = {"faqs": [FAQ]}
    first = await api.client.post("/ingest", json=body, headers=KEY)
    again = await api.client.post("/ingest", json=body, headers=KEY)
    await api.drain()
    assert first.json() == again.json()
    assert len((await api.get("/jobs", kind="ingest"))["items"]) == 1


async def test_an_event_stream_is_not_remembered(api: Api) -> None:
    await api.add_faq("Where is the switch?", "At the back of the machine.")
    await api.drain()
    body = {"message": "Where is the switch?", "collection_id": await api.collection(), "stream": True}
    for _ in range(2):
        answer = await api.client.post("/rag-chat", json=body, headers=KEY)
        assert answer.status_code == 200
        assert events_of(answer.text)[-1][0] == "done"
    assert await remembered(api) == 0


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
async def test_a_key_that_is_empty_long_or_unprintable_is_refused(api: Api, key: str) -> None:
    refused(await api.client.post("/faqs", json=FAQ, headers={"Idempotency-Key": key}), 422, "invalid_request")


async def test_a_key_belongs_to_its_route_and_workspace(keys: Keys) -> None:
    one, other = await keys.sign_in("one"), await keys.sign_in("two")
    assert (await one.client.post("/faqs", json=FAQ, headers=KEY)).status_code == 201

    elsewhere = await other.client.post("/faqs", json=FAQ | {"answer": "Elsewhere"}, headers=KEY)
    assert elsewhere.status_code == 201
    assert (await one.client.post("/collections", json={"name": "tea"}, headers=KEY)).status_code == 201


async def test_a_key_on_a_route_without_a_body_is_taken(api: Api) -> None:
    first = await api.client.post(f"/collections/{await api.collection()}/sync", headers=KEY)
    again = await api.client.post(f"/collections/{await api.collection()}/sync", headers=KEY)
    assert first.status_code == again.status_code == 202
    refused(await api.client.post(f"/collections/{uuid4()}/sync", headers=KEY), 404, "not_found")


async def test_an_answer_with_a_secret_is_not_remembered_so_its_route_takes_no_key(keys: Keys) -> None:
    api = await keys.sign_in()
    before = len(await api.get("/keys"))
    body = {"name": "robot", "role": "sales"}

    problem = refused(await api.client.post("/keys", json=body, headers=KEY), 422, "invalid_request")

    assert "secret" in problem["detail"]
    assert len(await api.get("/keys")) == before
    assert await remembered(api) == 0
    assert (await api.post("/keys", body, status=201))["key"]


async def test_the_document_lists_the_header_where_it_is_taken(api: Api) -> None:
    paths = (await api.get("/openapi.json"))["paths"]
    taking = {
        path
        for path, operations in paths.items()
        if any(one["name"] == "Idempotency-Key" for one in operations.get("post", {}).get("parameters", ()))
    }
    private = {"/keys", "/smart_chat/chat", "/conversations/{conversation_id}/consent", "/leads/{lead_id}/merge"}
    posts = {path for path, operations in paths.items() if "post" in operations}
    assert posts - taking == private | {"/v1/embeddings"}


async def abandoned(app: FastAPI, principal: Principal) -> None:
    """A request with the key that began and whose process died."""
    assert await app.state.services.idempotency.claim(principal, UPLOAD, "once", UNKNOWN) is None


async def local(app: FastAPI) -> Principal:
    workspace = await app.state.services.access.workspace("default")
    return Principal(workspace.id, Role.ADMIN, None, "local")


@pytest.mark.fault("A21")
@pytest.mark.parametrize("is_alone", [True, False])
async def test_a_start_alone_on_the_data_gives_back_the_keys_of_requests_that_died(
    settings: Settings, is_alone: bool
) -> None:
    dying = create_app(settings)
    token = (settings.secrets_dir / "local_token").read_text().strip()
    async with dying.router.lifespan_context(dying):
        await abandoned(dying, await local(dying))

    lock = DataLock(settings.data_dir)
    if not is_alone:
        lock.share()
    app = create_app(settings, lock)
    async with app.router.lifespan_context(app), client_of(app, token) as client:
        answer = await client.post("/faq/upload", files=[("files", ("a.md", MARKDOWN.encode()))], headers=KEY)
    lock.release()

    assert answer.status_code == (202 if is_alone else 409), answer.text


class TestUploads:
    """The body is too large to hold: what it says is known when its files have arrived."""

    FILES = (("a.md", MARKDOWN.encode()), ("b.md", b"# Tea\n\nSteep it for three minutes.\n"))

    async def send(self, api: Api, *files: tuple[str, bytes], key: str = "once") -> httpx.Response:
        form = [("files", (name, content, "application/octet-stream")) for name, content in files]
        return await api.client.post("/faq/upload", files=form, headers={"Idempotency-Key": key})

    @pytest.mark.fault("A21")
    async def test_the_same_files_get_the_first_answer_again(self, api: Api) -> None:
        first = await self.send(api, *self.FILES)
        await api.drain()
        stored = await api.stored()

        again = await self.send(api, *self.FILES)
        await api.drain()

        assert (first.status_code, again.status_code) == (202, 202)
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        assert await api.stored() == stored

    @pytest.mark.fault("A21")
    async def test_other_files_names_or_another_order_are_refused_and_stored_nowhere(self, api: Api) -> None:
        await self.send(api, *self.FILES)
        await api.drain()
        stored = await api.stored()
        one, two = self.FILES

        for files in [(one,), (two, one), (one, ("c.md", two[1])), (one, ("b.md", b"# Other\n\nwords"))]:
            refused(await self.send(api, *files), 422, "idempotency_mismatch")

        assert await api.stored() == stored
        assert (await self.send(api, one, key="another")).status_code == 202

    @pytest.mark.fault("A21")
    async def test_a_repeat_while_the_first_arrives_is_told_to_wait_and_one_after_it_broke_off_is_taken(
        self, app: FastAPI, api: Api
    ) -> None:
        headers = {**FORM, **KEY, "Authorization": api.client.headers["authorization"]}
        call = RawCall(app, "POST", "/faq/upload", headers.items(), part("a.md", b"# A")[:-2], more_body=True)
        first = call.start()

        async def is_claimed() -> bool:
            return await remembered(api) == 1

        await eventually(is_claimed)
        refused(await self.send(api, *self.FILES), 409, "idempotency_running")
        call.leave()
        await first

        assert (await self.send(api, *self.FILES)).status_code == 202

    @pytest.mark.fault("A21")
    async def test_an_upload_that_is_refused_gives_its_key_back(self, api: Api) -> None:
        refused(await self.send(api, ("a.md", b"")), 422, "empty_file")
        assert await remembered(api) == 0
        assert (await self.send(api, *self.FILES)).status_code == 202

    async def test_a_file_that_was_refused_among_others_is_recognised_again(self, api: Api) -> None:
        files = (self.FILES[0], ("big.md", b"# Big\n\n" + b"word " * 40_000))
        first = await self.send(api, *files)
        again = await self.send(api, *files)
        assert first.json()["jobs"][1]["code"] == "file_too_large"
        assert again.json() == first.json()

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"upload_limit": 100_000})
