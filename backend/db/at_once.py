"""A whole transaction in one trip to a thread, for the ways on which many people wait.

An asynchronous session costs a change of stacks and a wait for another thread with every statement: of a question's own
time that was the half. Here the same repositories run over a synchronous session, whose calls are done when they are
awaited, so that their coroutines come to their end without a loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Final, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from backend.db.guard import transaction

T = TypeVar("T")
THREADS: Final = 4
"""As many as a synchronous engine has connections."""


class TransactionThreads:
    """Runs transactions of one synchronous engine. Commits on return, rolls back on any exception."""

    def __init__(self, make_engine: Callable[[], sa.Engine]) -> None:
        self._make_engine = make_engine
        self._engine: sa.Engine | None = None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="transaction")

    async def run(self, work: Callable[[AsyncSession], Awaitable[T]], *, writes: bool) -> T:
        """Not to be cancelled: the thread goes on until the end. Raises what `work` raised, and `RuntimeError` when it
        awaits anything but the session."""
        context = copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, context.run, self._transaction, work, writes)

    def _transaction(self, work: Callable[[AsyncSession], Awaitable[T]], writes: bool) -> T:
        with transaction(), Session(self._chosen(writes), expire_on_commit=False) as session:
            result = at_once(work(cast(AsyncSession, _DoneSession(session))))
            if writes:
                session.commit()
            return result

    def _chosen(self, writes: bool) -> sa.Engine:
        if self._engine is None:
            self._engine = self._make_engine()
        return self._engine.execution_options(nexus_begin="IMMEDIATE") if writes else self._engine

    async def aclose(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        if self._engine is not None:
            self._engine.dispose()


def at_once(work: Awaitable[T]) -> T:
    """The result of something to await that never waits. Raises `RuntimeError` when it does."""
    steps: Generator[Any, Any, T] = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise RuntimeError("a transaction in a thread can await nothing but its own session")


class _DoneSession:
    """What repositories use of an asynchronous session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: object) -> None:
        self._session.add(row)

    def get_bind(self) -> sa.Engine | sa.Connection:
        return self._session.get_bind()

    async def execute(self, *call: Any, **options: Any) -> sa.Result[Any]:
        return self._session.execute(*call, **options)

    async def scalars(self, *call: Any, **options: Any) -> sa.ScalarResult[Any]:
        return self._session.scalars(*call, **options)

    async def scalar(self, *call: Any, **options: Any) -> Any:
        return self._session.scalar(*call, **options)

    async def get(self, *call: Any, **options: Any) -> Any:
        return self._session.get(*call, **options)

    async def refresh(self, row: object) -> None:
        self._session.refresh(row)

    async def delete(self, row: object) -> None:
        self._session.delete(row)

    async def flush(self) -> None:
        self._session.flush()
