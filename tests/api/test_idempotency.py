"""Idempotency-Key on POSTs: the second request with a key gets the first one's answer."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from backend.db.models import Idempotency
from tests.api.conftest import Keys
from tests.support import Api, events_of, refused

KEY = {"Idempotency-Key": "once"}
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
