"""Searches that several answers to one question share: what they ask alike is looked up once."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Shared(Generic[T]):
    """Results by key, each made by the first who asks and awaited by all. Whoever stops waiting holds up nobody; what
    nobody waits for any more is ended. An error is everybody's who waits, and not kept."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[T]] = {}
        self._waiting: dict[Hashable, int] = {}

    async def get(self, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Raises what `make` raises."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(_made(make))
        self._waiting[key] = self._waiting.get(key, 0) + 1
        try:
            return await asyncio.shield(task)
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key] and not _succeeded(task):
                await self._forget(key, task)

    async def _forget(self, key: Hashable, task: "asyncio.Task[Any]") -> None:
        del self._tasks[key]
        task.cancel()
        await asyncio.wait([task])


async def _made(make: Callable[[], Awaitable[T]]) -> T:
    return await make()


def _succeeded(task: "asyncio.Task[Any]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
