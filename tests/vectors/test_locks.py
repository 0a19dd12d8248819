import asyncio
import threading

import pytest

from backend.vectors.locks import LoopLock, run_whole


def test_tasks_of_several_loops_take_turns() -> None:
    lock = LoopLock()
    inside = 0
    most = 0

    async def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            async with lock:
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

    async def crowd() -> None:
        await asyncio.gather(*(work() for _ in range(5)))

    threads = [threading.Thread(target=asyncio.run, args=(crowd(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


async def test_a_waiter_that_is_cancelled_does_not_keep_the_lock() -> None:
    lock = LoopLock()
    order: list[str] = []

    async def wait(name: str) -> None:
        async with lock:
            order.append(name)

    async with lock:
        waiters = [asyncio.create_task(wait(name)) for name in "abc"]
        await asyncio.sleep(0)
        waiters[1].cancel()
    waiters[0].cancel()
    results = await asyncio.gather(*waiters, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [True, True, False]
    assert order == ["c"]


async def test_a_waiter_of_a_closed_loop_is_passed_over() -> None:
    lock = LoopLock()
    entered = asyncio.Event()

    def abandon() -> None:
        loop = asyncio.new_event_loop()
        task = loop.create_task(lock.__aenter__())
        loop.run_until_complete(asyncio.sleep(0))
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # abandoned on purpose
        loop.close()

    async def wait() -> None:
        async with lock:
            entered.set()

    async with lock:
        await asyncio.to_thread(abandon)
        waiter = asyncio.create_task(wait())
        await asyncio.sleep(0)
    await asyncio.wait_for(waiter, 5)
    assert entered.is_set()


async def test_a_cancellation_waits_for_the_work_to_end() -> None:
    started, finish, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        finish.wait(10)
        ended.set()

    task = asyncio.create_task(run_whole(work))
    await asyncio.to_thread(started.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    finish.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
