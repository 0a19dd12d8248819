"""Work that runs to its end although its caller is cancelled."""

import asyncio

import pytest

from backend.whole import to_its_end


async def test_the_result_and_the_failure_of_the_work_are_the_callers() -> None:
    async def three() -> int:
        return 3

    async def failing() -> None:
        raise ValueError("no")

    assert await to_its_end(three()) == 3
    with pytest.raises(ValueError, match="no"):
        await to_its_end(failing())


@pytest.mark.parametrize("fails", [False, True])
async def test_a_caller_that_is_cancelled_again_and_again_waits_for_the_end(fails: bool) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    done: list[str] = []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append("work")
        if fails:
            raise ValueError("too late to matter")

    caller = asyncio.create_task(to_its_end(work()))
    await begun.wait()
    for _ in range(3):
        caller.cancel()
        await asyncio.sleep(0)
    assert not caller.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert done == ["work"]
