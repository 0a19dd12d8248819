"""What only the native store does: it follows the point log."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import numpy as np
import pytest

from backend.errors import CollectionNotFound, SpecMismatch, StoreCorrupt
from backend.vectors.base import LogEntry, Point
from backend.vectors.memory_log import MemoryPointLog
from backend.vectors.native import NativeStore
from tests.contracts.vector_store import NAME, direction, point, point_id, spec


@pytest.fixture
def log() -> MemoryPointLog:
    log = MemoryPointLog()
    log.add(spec())
    return log


async def ids(store: NativeStore) -> set[UUID]:
    return {hit.id for hit in (await store.search(NAME, direction(0)[None], limit=10_000))[0]}


async def test_a_new_store_holds_what_the_log_holds(log: MemoryPointLog) -> None:
    log.append(NAME, points=[point(i) for i in range(5_000)])
    log.append(NAME, removed=[point_id(7)])
    store = NativeStore(log)
    assert await store.count(NAME) == 4_999
    assert point_id(7) not in await ids(store)


async def test_two_stores_on_one_log_stay_equal(log: MemoryPointLog) -> None:
    first, second = NativeStore(log), NativeStore(log)
    for step in range(6):
        log.append(NAME, points=[point(step), point(step + 100)], removed=[point_id(step - 2)])
        await (first if step % 2 else second).upsert(NAME, [point(step), point(step + 100)])
        assert await ids(first) == await ids(second)


async def test_a_late_write_does_not_undo_what_the_log_decided_later(log: MemoryPointLog) -> None:
    store = NativeStore(log)
    log.append(NAME, points=[point(1), point(2)])
    log.append(NAME, removed=[point_id(1)])
    await store.upsert(NAME, [point(1), point(2)])
    assert await ids(store) == {point_id(2)}
    await store.delete(NAME, ids=[point_id(2)])
    assert await ids(store) == {point_id(2)}


async def test_a_point_that_the_log_does_not_name_yet_is_there_at_once(log: MemoryPointLog) -> None:
    store = NativeStore(log)
    await store.upsert(NAME, [point(1, document="old")])
    log.append(NAME, points=[point(1, document="new")])
    hits = await store.search(NAME, direction(1)[None], limit=5, where={"document_id": ["new"]})
    assert [hit.id for hit in hits[0]] == [point_id(1)]


async def test_the_logs_spec_is_the_collections_spec(log: MemoryPointLog) -> None:
    store = NativeStore(log)
    with pytest.raises(SpecMismatch):
        await store.create(spec(model="another"))


async def test_a_dropped_collection_does_not_come_back_from_the_log(log: MemoryPointLog) -> None:
    log.append(NAME, points=[point(1)])
    store = NativeStore(log)
    await store.drop(NAME)
    with pytest.raises(CollectionNotFound):
        await store.count(NAME)
    await store.create(spec())
    assert await store.count(NAME) == 1


async def test_a_closed_store_reads_the_log_anew(log: MemoryPointLog) -> None:
    log.append(NAME, points=[point(1)])
    store = NativeStore(log)
    await store.upsert(NAME, [point(2)])
    await store.aclose()
    assert await ids(store) == {point_id(1)}


async def test_many_removals_give_their_memory_back(log: MemoryPointLog) -> None:
    store = NativeStore(log)
    await store.create(spec())
    numbers = range(9_000)
    await store.upsert(NAME, [point(i) for i in numbers])
    await store.delete(NAME, ids=[point_id(i) for i in numbers[10:]])
    assert await ids(store) == {point_id(i) for i in numbers[:10]}


async def test_two_ids_with_one_key_are_an_error_not_a_mix_up(log: MemoryPointLog) -> None:
    store = NativeStore(log)
    twin = UUID(int=point_id(1).int ^ 1)
    with pytest.raises(StoreCorrupt, match=str(twin)):
        await store.upsert(NAME, [point(1), Point(twin, direction(1), "w1", "faq")])


class SlowLog(MemoryPointLog):
    """Stops before the second page until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()
        self.go = asyncio.Event()

    async def changes(self, collection: str, *, after: int) -> AsyncIterator[Sequence[LogEntry]]:
        pages = 0
        async for page in super().changes(collection, after=after):
            if pages == 1:
                self.reached.set()
                await self.go.wait()
            pages += 1
            yield page


async def test_a_cancelled_load_is_finished_by_the_next_call() -> None:
    log = SlowLog()
    log.add(spec())
    log.append(NAME, points=[point(i) for i in range(5_000)])
    store = NativeStore(log)
    first = asyncio.create_task(store.count(NAME))
    waiting = asyncio.create_task(store.count(NAME))
    await log.reached.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    log.go.set()
    assert await waiting == 5_000


def test_one_store_serves_several_event_loops(log: MemoryPointLog) -> None:
    store = NativeStore(log)
    failures: list[BaseException] = []

    async def work(start: int) -> None:
        for i in range(start, start + 30):
            log.append(NAME, points=[point(i)])
            await store.upsert(NAME, [point(i)])
            assert point_id(i) in await ids(store)

    def run(start: int) -> None:
        try:
            asyncio.run(work(start))
        except BaseException as exc:  # noqa: BLE001 - shown by the assertion below
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(1_000 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert asyncio.run(store.count(NAME)) == 120


async def test_the_event_loop_runs_on_during_a_large_search(log: MemoryPointLog) -> None:
    store = NativeStore(log)
    await store.create(spec())
    await store.upsert(NAME, [point(i) for i in range(5_000)])
    queries = np.random.default_rng(0).normal(size=(300, 8)).astype(np.float32)
    work = asyncio.create_task(store.search(NAME, queries, limit=100))
    turns = 0
    while not work.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 5
    assert len(await work) == 300
