"""The engine of one event loop, its transactions, and the translation of database errors."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DataError, DBAPIError, IntegrityError, InterfaceError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from backend.db.at_once import TransactionThreads
from backend.db.guard import transaction
from backend.db.one_trip import Begin, OneTripConnection, connect
from backend.db.sqlite_functions import add_missing_functions
from backend.errors import DatabaseBusy, DatabaseUnavailable, NexusError, StorageFull
from backend.whole import to_its_end

T = TypeVar("T")
_BUSY_STATES: Final = ("40001", "40P01", "55P03")
"""Postgres: serialization failure, deadlock, lock timeout."""
_SETTLE_MS: Final = 500
"""How long `settle` waits for whoever reads or writes."""


def async_url(url: str) -> str:
    """sqlite:/// and postgresql:// URLs in the form of their asynchronous drivers."""
    parsed = sa.make_url(url)
    driver = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}.get(parsed.get_backend_name())
    if driver is None:
        raise ValueError(f"no database backend {parsed.get_backend_name()!r}; known: ['postgresql', 'sqlite']")
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


class Database:
    """Short transactions on one engine. Bound to the event loop that first uses it."""

    def __init__(self, url: str, *, synchronous: str = "normal", busy_timeout: float = 5.0) -> None:
        self.url = url
        self.is_sqlite = sa.make_url(url).get_backend_name() == "sqlite"
        self._busy_timeout = busy_timeout
        self._writer = asyncio.Lock()
        self._owes_rewrite = False
        self._threads = TransactionThreads(
            partial(sync_engine, url, synchronous=synchronous, busy_timeout=busy_timeout)
        )
        self.engine = create_async_engine(
            async_url(existing(url)),
            pool_pre_ping=not self.is_sqlite,
            pool_size=8,
            max_overflow=8,
            hide_parameters=True,
            connect_args={"factory": _Connection, "async_creator_fn": connect} if self.is_sqlite else {},
        )
        if self.is_sqlite:
            _configure_sqlite(self.engine.sync_engine, synchronous=synchronous, busy_timeout=busy_timeout)
            sa.event.listen(self.engine.sync_engine, "begin", _begin_with_the_first_statement)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A write transaction: commits on exit, rolls back on any exception.

        Writers of this loop queue here instead of spinning on the file lock, and wait `busy_timeout` in all.
        """
        async with self._turn():
            engine = self.engine.execution_options(nexus_begin="IMMEDIATE") if self.is_sqlite else self.engine
            async with self._session(engine) as session:
                yield session
                await to_its_end(session.commit())  # its connection must not come back in the middle of a call

    async def take_turn(self, session: AsyncSession, key: int) -> None:
        """Until its transaction ends, no other one of this key goes on from here: on SQLite it is the only one anyway.

        What a service reads in a write transaction therefore still holds when it writes, on a server too.
        """
        if not self.is_sqlite:
            wait = sa.func.set_config("lock_timeout", f"{int(self._busy_timeout * 1000)}", True)
            await session.execute(sa.select(wait, sa.func.pg_advisory_xact_lock(key)))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A consistent snapshot; nothing is committed."""
        async with self._session(self.engine) as session:
            yield session

    async def read_at_once(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """As `read`, in one trip to a thread; `work` may await nothing but its session."""
        with translating():
            return await self._threads.run(work, writes=False)

    async def write_at_once(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """As `write`, in one trip to a thread, which is waited for whoever is cancelled meanwhile.

        On a server writers wait for each other within their transaction; there they take no thread for that.
        """
        if not self.is_sqlite:
            async with self.write() as session:
                return await work(session)
        async with self._turn():
            with translating():
                return await to_its_end(self._threads.run(work, writes=True))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if not self.is_sqlite:
            yield
            return
        try:
            async with asyncio.timeout(self._busy_timeout):
                await self._writer.acquire()
        except TimeoutError:
            raise DatabaseBusy(f"no turn to write within {self._busy_timeout:g} s; try again") from None
        try:
            yield
        finally:
            self._writer.release()

    @asynccontextmanager
    async def _session(self, engine: object) -> AsyncIterator[AsyncSession]:
        with translating(), transaction():
            async with AsyncSession(engine, expire_on_commit=False, autoflush=True) as session:  # type: ignore[arg-type]  # an engine with execution options is typed as its base
                yield session

    async def ping(self) -> None:
        """Raises the `DatabaseUnavailable` family when the database cannot be read or its file was replaced."""
        file = sa.make_url(self.url).database
        if self.is_sqlite and file is not None and not Path(file).exists():
            raise DatabaseUnavailable("the database file is missing; restore it and start again")
        async with self.read() as session:
            await session.execute(sa.text("SELECT count(*) FROM workspace"))

    async def settle(self, *, rewrite: bool = False) -> bool:
        """Leaves nothing of what was deleted in the files of a SQLite database. False while others read or write, or
        the disk is full: a later call does what this one could not.

        Deleted rows are overwritten, but SQLite may have left a copy where it moved rows between pages; `rewrite` takes
        these out, too: about 7 ms a megabyte of the database, in which other writers wait.
        """
        file = sa.make_url(self.url).database
        if not self.is_sqlite or file is None:
            return True
        self._owes_rewrite = self._owes_rewrite or rewrite
        try:
            async with self._turn():
                is_done = await to_its_end(asyncio.to_thread(_settled, existing(self.url), rewrite=self._owes_rewrite))
        except DatabaseBusy:
            return False
        self._owes_rewrite = self._owes_rewrite and not is_done
        return is_done

    async def aclose(self) -> None:
        await self._threads.aclose()
        await self.engine.dispose()


def existing(url: str) -> str:
    """The URL in a form that never creates a SQLite file: a deleted database must not come back empty."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database is None:
        return url
    named = parsed.set(database=f"file:{quote(parsed.database)}", query={"mode": "rw", "uri": "true"})
    return named.render_as_string(hide_password=False)


def sync_engine(url: str, *, synchronous: str = "normal", busy_timeout: float = 5.0) -> sa.Engine:
    """An engine for threads."""
    is_sqlite = sa.make_url(url).get_backend_name() == "sqlite"
    parsed = sa.make_url(existing(url))
    engine = sa.create_engine(
        parsed if is_sqlite else parsed.set(drivername="postgresql+psycopg"), pool_size=4, hide_parameters=True
    )
    if is_sqlite:
        _configure_sqlite(engine, synchronous=synchronous, busy_timeout=busy_timeout)
        sa.event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[Session]:
    """A consistent snapshot for a thread, with the errors of `Database`."""
    with translating(), Session(engine, expire_on_commit=False) as session:
        yield session


@contextmanager
def translating() -> Iterator[None]:
    """What the database cannot help becomes ours; a broken constraint or statement is our mistake and passes."""
    try:
        yield
    except (IntegrityError, ProgrammingError, DataError):
        raise
    except (DatabaseError, InterfaceError, PoolTimeout) as exc:
        raise translated(exc) from exc


def translated(exc: Exception) -> NexusError:
    """A database driver's error as ours, without its SQL or parameters."""
    if isinstance(exc, PoolTimeout):
        return DatabaseBusy("no database connection became free; try again")
    cause = exc.orig if isinstance(exc, DBAPIError) else exc
    if getattr(cause, "sqlstate", None) in _BUSY_STATES:
        return DatabaseBusy("another transaction holds the database; try again")
    name = getattr(cause, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return DatabaseBusy("another process holds the database; try again")
    if name.startswith("SQLITE_FULL"):
        return StorageFull("the disk that holds the database is full; free some space and try again")
    if isinstance(cause, sqlite3.Error):
        return DatabaseUnavailable(f"the database cannot be used ({name or type(cause).__name__})")
    return DatabaseUnavailable("the database does not answer")


def _settled(url: str, *, rewrite: bool) -> bool:
    """Whether all of the write-ahead log is in the database now, and the log empty."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.isolation_level = None
        driver.execute(f"PRAGMA busy_timeout = {_SETTLE_MS}")
        try:
            if rewrite:
                driver.execute("VACUUM")
            busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
    return not busy


class _Connection(sqlite3.Connection):
    """Ends its transaction when it is closed.

    SQLite keeps a closed connection, and its lock on the file, for as long as one of its cursors is referenced; the
    traceback of a call that was cancelled refers to one until the garbage is collected.
    """

    def close(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # it is closed
            self.rollback()
        super().close()


def _configure_sqlite(engine: sa.Engine, *, synchronous: str, busy_timeout: float) -> None:
    @sa.event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we emit BEGIN ourselves
        add_missing_functions(connection)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_timeout * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {synchronous.upper()}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # what a person has erased is overwritten
        cursor.close()


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {_mode_of(connection)}")


def _begin_with_the_first_statement(connection: sa.Connection) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, OneTripConnection)
    driver.begin(_mode_of(connection))


def _mode_of(connection: sa.Connection) -> Begin:
    mode: Begin = connection.get_execution_options().get("nexus_begin", "DEFERRED")
    return mode
