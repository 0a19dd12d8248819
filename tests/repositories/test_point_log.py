"""The log of vector points as an embedded index reads it."""

from collections.abc import AsyncIterator
from uuid import UUID

import numpy as np
import pytest
import sqlalchemy as sa

from backend.container import LoopScope
from backend.db.engine import sync_engine
from backend.db.models import Collection, VectorPoint
from backend.embeddings.catalogue import MINILM
from backend.repositories import point_log
from backend.repositories.point_log import SqlPointLog
from backend.vectors.base import LogEntry
from tests.support import Api


@pytest.fixture
async def log(scope: LoopScope) -> AsyncIterator[SqlPointLog]:
    engine = sync_engine(scope.database.url)
    yield SqlPointLog(engine)
    engine.dispose()


async def everything(log: SqlPointLog, collection: UUID, *, after: int = 0) -> list[LogEntry]:
    return [entry async for page in log.changes(f"c{collection.hex}", after=after) for entry in page]


async def test_who_has_read_everything_is_given_nothing_again(api: Api, log: SqlPointLog) -> None:
    await api.add_faq("How do I descale the machine?")
    await api.drain()
    collection = UUID(await api.collection())
    entries = await everything(log, collection)
    assert len(entries) == 2
    assert await everything(log, collection, after=entries[-1].seq) == []


async def test_entries_of_one_change_are_all_read_when_they_fill_several_pages(
    api: Api, log: SqlPointLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await api.add_faq(f"What is rule number {number}?")
    await api.drain()
    collection = UUID(await api.collection())
    async with api.scope.database.write() as session:
        await session.execute(sa.update(VectorPoint).values(seq=7))
        await session.execute(sa.update(Collection).values(seq=7))
    monkeypatch.setattr(point_log, "BATCH", 3)
    entries = await everything(log, collection, after=6)
    assert len({entry.id for entry in entries}) == len(entries) == 10
    assert all(entry.point is not None and np.linalg.norm(entry.point.vector) > 0 for entry in entries)


async def test_a_model_that_the_collection_had_before_is_not_read_and_the_next_one_is(
    api: Api, log: SqlPointLog
) -> None:
    await api.add_faq("How do I descale the machine?")
    await api.drain()
    collection = UUID(await api.collection())
    await api.post(f"/collections/{collection}/model", {"model": MINILM.name}, status=202)
    await api.drain()
    old, new = f"c{collection.hex}", f"c{collection.hex}_1"
    assert await log.spec(old) is None
    assert [page async for page in log.changes(old, after=0)] == []
    spec = await log.spec(new)
    assert spec is not None
    assert spec.embedding == MINILM.spec
    [entries] = [page async for page in log.changes(new, after=0)]
    assert {len(entry.point.vector) for entry in entries if entry.point} == {384}
    assert await log.spec(f"c{collection.hex}_2") is None, "nothing embeds it by another model now"
