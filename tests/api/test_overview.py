"""What the home page counts as failed: what somebody can still do something about."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from backend.db.models import Job, utc_now
from backend.errors import StoreUnavailable
from backend.vectors.native import NativeStore
from tests.support import MARKDOWN, Api

BLANK = ("blank.md", b" \n\t\n  \n")


async def failures(api: Api) -> tuple[int, int]:
    """(documents that failed, all that failed)"""
    overview = await api.get("/overview")
    return overview["failed_documents"], overview["failed_jobs"]


async def failed_document(api: Api) -> str:
    answer = await api.upload(BLANK)
    await api.drain()
    return str(answer.json()["jobs"][0]["document_id"])


async def change_jobs(api: Api, **values: Any) -> None:
    async with api.scope.database.write() as session:
        await session.execute(sa.update(Job).values(**values))


class BrokenStore:
    """While it is on, the store takes no points."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._upsert = NativeStore.upsert

    def on(self) -> None:
        async def failing(*_: object, **__: object) -> None:
            raise StoreUnavailable("the store is away")

        self._monkeypatch.setattr(NativeStore, "upsert", failing)

    def off(self) -> None:
        self._monkeypatch.setattr(NativeStore, "upsert", self._upsert)


@pytest.fixture
def broken_store(monkeypatch: pytest.MonkeyPatch) -> BrokenStore:
    return BrokenStore(monkeypatch)


async def test_nothing_failed_where_nothing_was_done(api: Api) -> None:
    assert await failures(api) == (0, 0)


async def test_a_document_that_could_not_be_read_is_counted_once(api: Api) -> None:
    await failed_document(api)
    await api.extracted("good.md", MARKDOWN.encode())
    await failed_document(api)
    assert await failures(api) == (1, 1)


async def test_a_failure_is_forgotten_with_its_document(api: Api) -> None:
    document = await failed_document(api)
    (await api.client.delete(f"/documents/{document}?faqs=delete")).raise_for_status()
    assert await failures(api) == (0, 0)


@pytest.mark.parametrize("status", ["pending", "succeeded", "cancelled"])
async def test_a_document_counts_by_its_latest_attempt(api: Api, status: str) -> None:
    await failed_document(api)
    await change_jobs(api, status=status)
    assert await failures(api) == (0, 0)


async def test_an_update_that_failed_is_counted_until_a_later_one_is_done(api: Api, broken_store: BrokenStore) -> None:
    broken_store.on()
    await api.add_faq("Where is the silver key?")
    await api.drain()
    assert await failures(api) == (0, 1)
    broken_store.off()
    await api.add_faq("Where is the golden key?")
    await api.drain()
    assert await failures(api) == (0, 0)


async def test_an_ingestion_that_failed_is_counted_for_a_week(api: Api, broken_store: BrokenStore) -> None:
    faq = await api.add_faq("Where is the silver key?")
    await api.post("/collections", {"name": "support", "sync": "manual"}, status=201)  # else a sync may do its work
    await api.drain()
    broken_store.on()
    await api.post("/ingest", {"collection": "support", "faq_ids": [faq["id"]]}, status=202)
    await api.drain()
    assert await failures(api) == (0, 1)
    await change_jobs(api, finished_at=utc_now() - timedelta(days=8))
    assert await failures(api) == (0, 0)
