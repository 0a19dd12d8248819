"""Short transactions over a real SQLite: many writers, busy neighbours, trouble told as ours."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from threading import Thread
from threading import enumerate as enumerate_threads
from typing import Any
from uuid import uuid4

import aiosqlite
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend.db.engine import Database, async_url, existing, sync_engine, translated
from backend.db.models import ApiKey, Workspace, utc_now
from backend.errors import DatabaseBusy, DatabaseUnavailable, StorageFull
from backend.settings import Settings


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.database, busy_timeout=5.0)
    yield database
    await database.aclose()


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return list((await session.scalars(sa.select(Workspace.name))).all())


def writing(url: str, writer: int, until: float) -> int:
    """Reads, then writes, in one transaction after the other on an own event loop; returns how many."""

    async def work() -> int:
        database = Database(url)
        done = 0
        try:
            while time.monotonic() < until:
                async with database.write() as session:
                    await session.scalar(sa.select(sa.func.count()).select_from(Workspace))
                    session.add(Workspace(id=uuid4(), name=f"{writer}-{done}"))
                done += 1
        finally:
            await database.aclose()
        return done

    return asyncio.run(work())


@pytest.mark.fault("D1")
def test_sixteen_writers_that_read_first_never_find_the_database_locked(settings: Settings) -> None:
    until = time.monotonic() + 1.0
    written: dict[int, int] = {}
    failed: list[BaseException] = []

    def run(writer: int) -> None:
        try:
            written[writer] = writing(settings.database, writer, until)
        except Exception as exc:  # noqa: BLE001 - told by the test's own thread
            failed.append(exc)

    threads = [Thread(target=run, args=(writer,)) for writer in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failed == []
    with closing(sqlite3.connect(settings.data_dir / "nexus.db")) as connection:
        rows = connection.execute("SELECT name FROM workspace").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert {row[0] for row in rows} == {f"{writer}-{n}" for writer, done in written.items() for n in range(done)}


@pytest.mark.fault("D1")
async def test_a_hundred_writers_of_one_process_take_turns(database: Database) -> None:
    async def add(number: int) -> None:
        async with database.write() as session:
            count = await session.scalar(sa.select(sa.func.count()).select_from(Workspace))
            await asyncio.sleep(0)
            session.add(Workspace(id=uuid4(), name=f"{number} after {count}"))

    await asyncio.gather(*(add(number) for number in range(100)))
    assert sorted(int(name.rsplit(" ", 1)[1]) for name in await names(database)) == list(range(100))


@pytest.mark.fault("D2")
async def test_a_neighbour_that_holds_the_database_is_told_as_busy_and_then_forgotten(settings: Settings) -> None:
    database = Database(settings.database, busy_timeout=0.1)
    with closing(sqlite3.connect(settings.data_dir / "nexus.db", isolation_level=None)) as neighbour:
        neighbour.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseBusy, match="another process holds the database"):
            async with database.write() as session:
                session.add(Workspace(id=uuid4(), name="never"))
        neighbour.execute("ROLLBACK")
    async with database.write() as session:
        session.add(Workspace(id=uuid4(), name="then"))
    assert await names(database) == ["then"]
    await database.aclose()


async def test_a_writer_of_the_same_process_waits_no_longer_than_the_timeout(settings: Settings) -> None:
    database = Database(settings.database, busy_timeout=0.05)
    async with database.write():
        with pytest.raises(DatabaseBusy, match="no turn to write"):
            async with database.write():
                pytest.fail("two writers at once")
    await database.aclose()


async def test_what_raises_inside_a_transaction_leaves_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.write() as session:
            session.add(Workspace(id=uuid4(), name="never"))
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await names(database) == []


async def test_a_cancelled_transaction_leaves_nothing_and_frees_its_turn(database: Database) -> None:
    inside = asyncio.Event()

    async def stuck() -> None:
        async with database.write() as session:
            session.add(Workspace(id=uuid4(), name="never"))
            await session.flush()
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stuck())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as session:
        session.add(Workspace(id=uuid4(), name="then"))
    assert await names(database) == ["then"]


async def test_a_transaction_that_is_cut_in_any_call_lets_go_of_the_file(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while something still refers to the call that was cut, as a traceback does until garbage is collected."""
    path = settings.data_dir / "nexus.db"
    execute: Any = aiosqlite.Connection._execute
    cut: list[BaseException | None] = []
    left = 0

    async def counted(self: aiosqlite.Connection, *call: Any, **options: Any) -> object:
        nonlocal left
        left -= 1
        if left == 0:
            task.cancel()
        return await execute(self, *call, **options)

    async def work() -> None:
        async with database.write() as session:
            session.add_all(Workspace(id=uuid4(), name=f"never {n}") for n in range(3))
            await session.flush()
            await session.scalars(sa.select(Workspace.name))
            await session.execute(sa.update(Workspace).values(created_at=utc_now()).returning(Workspace.id))
            raise asyncio.CancelledError

    await names(database)
    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    for at in range(1, 40):
        left = at
        task = asyncio.create_task(work())
        cut += await asyncio.gather(task, return_exceptions=True)
        with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as neighbour:
            neighbour.execute("BEGIN IMMEDIATE")  # raises when the file stays locked
    assert {type(one) for one in cut} == {asyncio.CancelledError}
    assert left > 0, "some calls were not cut"
    assert await names(database) == []


async def test_a_read_sees_one_moment_while_others_write(database: Database) -> None:
    async with database.read() as session:
        before = await session.scalar(sa.select(sa.func.count()).select_from(Workspace))
        async with database.write() as writer:
            writer.add(Workspace(id=uuid4(), name="meanwhile"))
        assert await session.scalar(sa.select(sa.func.count()).select_from(Workspace)) == before
    assert await names(database) == ["meanwhile"]


async def test_foreign_keys_hold_and_a_violation_shows_no_value(database: Database) -> None:
    row = ApiKey(id=uuid4(), workspace_id=uuid4(), name="secret name", role="admin", hash="secret hash", hint="x")
    with pytest.raises(IntegrityError) as caught:
        async with database.write() as session:
            session.add(row)
    assert "secret" not in str(caught.value)
    assert await names(database) == []


@pytest.mark.fault("D3")
async def test_a_database_that_was_deleted_is_not_made_anew(settings: Settings) -> None:
    path = settings.data_dir / "nexus.db"
    for file in settings.data_dir.glob("nexus.db*"):
        file.unlink()
    database = Database(settings.database)
    with pytest.raises(DatabaseUnavailable):
        await database.ping()
    with pytest.raises(DatabaseUnavailable):
        async with database.write() as session:
            await session.execute(sa.text("SELECT 1"))
    assert not path.exists()
    await database.aclose()
    # The driver's thread answers once more after an open that failed; it must find its loop.
    for thread in enumerate_threads():
        if "connection_worker" in thread.name:
            await asyncio.to_thread(thread.join, 10)


def test_a_synchronous_engine_does_not_make_a_database_either(tmp_path: Path) -> None:
    engine = sync_engine(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(OperationalError):
        engine.connect()
    engine.dispose()
    assert list(tmp_path.iterdir()) == []


def test_a_path_with_signs_that_mean_something_in_a_url_is_the_same_path(tmp_path: Path) -> None:
    path = tmp_path / "what 100% #1 ä.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE here (x)")
    engine = sa.create_engine(existing(f"sqlite:///{path}"))
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT name FROM sqlite_master")).scalar() == "here"
    engine.dispose()


def test_only_the_two_backends_are_known() -> None:
    assert async_url("sqlite:///x.db").startswith("sqlite+aiosqlite:")
    assert async_url("postgresql://u:p@h/db") == "postgresql+psycopg://u:p@h/db"
    with pytest.raises(ValueError, match="mysql"):
        async_url("mysql://h/db")


def _sqlite(name: str) -> OperationalError:
    cause = sqlite3.OperationalError("details that stay inside")
    cause.sqlite_errorname = name
    return OperationalError("SELECT secret", {}, cause)


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (_sqlite("SQLITE_BUSY"), DatabaseBusy),
        (_sqlite("SQLITE_BUSY_SNAPSHOT"), DatabaseBusy),
        (_sqlite("SQLITE_LOCKED"), DatabaseBusy),
        (_sqlite("SQLITE_FULL"), StorageFull),
        (_sqlite("SQLITE_IOERR_WRITE"), DatabaseUnavailable),
        (_sqlite("SQLITE_CORRUPT"), DatabaseUnavailable),
        (PoolTimeout(), DatabaseBusy),
        (DatabaseError("SELECT secret", {}, Exception("details")), DatabaseUnavailable),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_trouble_is_told_without_its_statement(trouble: Exception, kind: type[Exception]) -> None:
    told = translated(trouble)
    assert type(told) is kind
    assert "secret" not in str(told)
    assert "details" not in str(told)


# --- what is left of what was deleted ---------------------------------------------------------
MARK = "a name that nobody else has"


def files_of(database: Database) -> bytes:
    path = Path(sa.make_url(database.url).database or "")
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


async def marked_and_deleted(database: Database) -> None:
    async with database.write() as session:
        session.add_all([Workspace(id=uuid4(), name=MARK), Workspace(id=uuid4(), name="kept")])
    assert MARK.encode() in files_of(database)
    async with database.write() as session:
        await session.execute(sa.delete(Workspace).where(Workspace.name == MARK))
    assert MARK.encode() in files_of(database)


@pytest.mark.parametrize("rewrite", [False, True])
async def test_of_a_deleted_row_nothing_is_left_in_the_files_once_it_is_settled(
    database: Database, rewrite: bool
) -> None:
    if not database.is_sqlite:
        assert await database.settle(rewrite=rewrite)
        return
    await marked_and_deleted(database)
    assert await database.settle(rewrite=rewrite)
    assert MARK.encode() not in files_of(database)
    assert await names(database) == ["kept"]


async def test_while_somebody_reads_an_older_state_it_is_not_settled_and_a_later_call_does_it(
    database: Database,
) -> None:
    if not database.is_sqlite:
        pytest.skip("a server keeps its files itself")
    async with database.write() as session:
        session.add(Workspace(id=uuid4(), name=MARK))
    async with database.read() as session:
        await session.scalar(sa.select(sa.func.count()).select_from(Workspace))
        async with database.write() as writing_session:
            await writing_session.execute(sa.delete(Workspace).where(Workspace.name == MARK))
        assert not await database.settle(rewrite=True)
    assert await database.settle()
    assert MARK.encode() not in files_of(database)
