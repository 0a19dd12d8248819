"""Whole transactions in one trip to a thread."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from uuid import uuid4

import aiosqlite
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.at_once import at_once
from backend.db.engine import Database
from backend.db.guard import forbid_in_transaction
from backend.db.models import Workspace
from backend.errors import DatabaseBusy
from backend.repositories.uow import Tx, UnitOfWork
from backend.settings import Settings


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database, busy_timeout=0.5)
    yield database
    await database.aclose()


def adding(name: str, ready: threading.Event | None = None, go: threading.Event | None = None):  # type: ignore[no-untyped-def]  # what `write_at_once` takes
    async def work(session: AsyncSession) -> int:
        session.add(Workspace(id=uuid4(), name=name))
        await session.flush()
        if ready is not None and go is not None:
            ready.set()
            assert go.wait(10)
        return len((await session.scalars(sa.select(Workspace.name))).all())

    return work


async def names(session: AsyncSession) -> list[str]:
    return list((await session.scalars(sa.select(Workspace.name).order_by(Workspace.name))).all())


async def test_what_is_written_at_once_is_there_for_every_way_of_reading(database: Database) -> None:
    assert await database.write_at_once(adding("one")) == 1
    assert await database.read_at_once(names) == ["one"]
    async with database.read() as session:
        assert await names(session) == ["one"]


async def test_what_raises_leaves_nothing_and_frees_the_turn(database: Database) -> None:
    async def fail(session: AsyncSession) -> None:
        session.add(Workspace(id=uuid4(), name="never"))
        await session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write_at_once(fail)
    await database.write_at_once(adding("then"))
    assert await database.read_at_once(names) == ["then"]


async def test_it_waits_for_its_turn_to_write_and_tells_when_none_comes(database: Database, settings: Settings) -> None:
    async with database.write():
        with pytest.raises(DatabaseBusy, match="no turn to write"):
            await database.write_at_once(adding("never"))
    with closing(sqlite3.connect(settings.data_dir / "nexus.db", isolation_level=None)) as neighbour:
        neighbour.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy, match="another process"):
            await database.write_at_once(adding("never"))
        neighbour.execute("ROLLBACK")
    assert await database.read_at_once(names) == []


async def test_a_writer_that_is_cancelled_is_waited_for_with_its_turn(database: Database) -> None:
    """Its thread cannot be stopped: who is let in before its end would find the file locked."""
    ready, go = threading.Event(), threading.Event()
    task = asyncio.create_task(database.write_at_once(adding("first", ready, go)))
    await asyncio.to_thread(ready.wait, 10)
    task.cancel()
    second = asyncio.create_task(database.write_at_once(adding("second")))
    await asyncio.sleep(0)
    assert not task.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await second == 2


async def test_it_can_await_nothing_but_its_session(database: Database) -> None:
    async def waits(session: AsyncSession) -> None:
        session.add(Workspace(id=uuid4(), name="never"))
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing but its own session"):
        await database.write_at_once(waits)
    assert await database.read_at_once(names) == []


async def test_inside_of_it_nothing_slow_is_awaited(database: Database) -> None:
    async def slow(_session: AsyncSession) -> None:
        forbid_in_transaction("tea")

    for way in (database.read_at_once, database.write_at_once):
        with pytest.raises(RuntimeError, match="tea must not be awaited"):
            await way(slow)
    forbid_in_transaction("tea")


async def test_callbacks_run_after_the_commit_on_the_loop(database: Database) -> None:
    seen: list[tuple[bool, int]] = []

    async def work(tx: Tx) -> None:
        tx.session.add(Workspace(id=tx.workspace_id, name="one"))
        tx.after_commit(lambda: seen.append((threading.current_thread() is threading.main_thread(), count())))

    def count() -> int:
        file = sa.make_url(database.url).database
        assert file is not None
        with closing(sqlite3.connect(file)) as reader:
            found: int = reader.execute("SELECT count(*) FROM workspace").fetchone()[0]
            return found

    await UnitOfWork(database).writing(uuid4(), work)
    assert seen == [(True, 1)]


def test_a_coroutine_that_waits_is_closed() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(0)
        finally:
            ended.append("closed")

    with pytest.raises(RuntimeError):
        at_once(waits())
    assert ended == ["closed"]


# --- a statement in one trip -----------------------------------------------------
async def test_a_statement_with_its_rows_is_one_trip_and_the_beginning_is_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    trips: list[str] = []
    execute = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, call: object, *rest: object, **options: object) -> object:
        trips.append(getattr(call, "__name__", str(call)))
        return await execute(self, call, *rest, **options)  # type: ignore[no-untyped-call]  # aiosqlite

    async with database.read():
        pass
    async with database.read() as session:
        await names(session)
    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    async with database.read():
        pass
    assert trips == []
    async with database.read() as session:
        await names(session)
        await names(session)
    assert trips == ["_run", "_run", "rollback"]
    trips.clear()
    async with database.write() as session:
        await session.execute(sa.insert(Workspace).values(id=uuid4(), name="one"))
    assert trips == ["_run", "commit"]
    async with database.read() as session:
        assert await names(session) == ["one"]
