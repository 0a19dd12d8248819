"""What several answers to one question look up alike, they look up once."""

import asyncio

import pytest

from backend.retrieval.shared import Shared


class Work:
    """Something that is counted and ends when it is told to."""

    def __init__(self) -> None:
        self.made = 0
        self.ended = 0
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> str:
        self.made += 1
        self.begun.set()
        try:
            await self.may_end.wait()
        finally:
            self.ended += 1
        if self.error is not None:
            raise self.error
        return f"result {self.made}"


async def test_those_who_ask_the_same_have_one_result(shared: Shared[str]) -> None:
    work = Work()
    asked = [asyncio.create_task(shared.get("key", work)) for _ in range(3)]
    await work.begun.wait()
    work.may_end.set()
    assert await asyncio.gather(*asked) == ["result 1"] * 3
    assert await shared.get("key", work) == "result 1"
    assert await shared.get("another", work) == "result 2"


async def test_an_error_is_everybodys_and_is_not_kept(shared: Shared[str]) -> None:
    work = Work()
    work.error = ValueError("no store")
    asked = [asyncio.create_task(shared.get("key", work)) for _ in range(2)]
    await work.begun.wait()
    work.may_end.set()
    assert [str(one) for one in await asyncio.gather(*asked, return_exceptions=True)] == ["no store"] * 2
    work.error = None
    assert await shared.get("key", work) == "result 2"


async def test_whoever_stops_waiting_takes_nothing_from_the_others(shared: Shared[str]) -> None:
    work = Work()
    first, second = (asyncio.create_task(shared.get("key", work)) for _ in range(2))
    await work.begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    work.may_end.set()
    assert await second == "result 1"


async def test_what_nobody_waits_for_is_ended(shared: Shared[str]) -> None:
    work = Work()
    asked = [asyncio.create_task(shared.get("key", work)) for _ in range(2)]
    await work.begun.wait()
    for task in asked:
        task.cancel()
    await asyncio.wait(asked)
    assert (work.made, work.ended) == (1, 1)
    work.may_end.set()
    assert await shared.get("key", work) == "result 2"


@pytest.fixture
def shared() -> Shared[str]:
    return Shared()
