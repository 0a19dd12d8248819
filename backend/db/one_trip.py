"""SQLite for an event loop in a quarter of the trips: a statement and its rows are one call to the connection's thread.

aiosqlite makes four of them (cursor, execute, fetch, close), and a transaction's beginning four more. A trip is a wait
for another thread, which under load costs more than most statements do.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Literal, Self

import aiosqlite

Begin = Literal["DEFERRED", "IMMEDIATE"]
Description = tuple[tuple[str, None, None, None, None, None, None], ...]
CHUNK = 64
"""aiosqlite's own number of rows at a time, for what is iterated; nothing is here."""


class OneTripConnection(aiosqlite.Connection):
    """`begin` is sent along with the first statement, so a transaction without any never reaches the file."""

    _to_begin: Begin | None = None
    _is_clean = True
    """Whether nothing was sent since the last transaction ended; a call that was cancelled may still be under way."""

    def cursor(self) -> "OneTripCursor":  # type: ignore[override]  # SQLAlchemy enters either
        return OneTripCursor(self)

    def begin(self, mode: Begin) -> None:
        self._to_begin = mode

    async def commit(self) -> None:
        if self._is_begun():
            await super().commit()
            self._is_clean = True

    async def rollback(self) -> None:
        """The pool asks for one more after every transaction."""
        if self._is_begun():
            await super().rollback()
            self._is_clean = True

    def _is_begun(self) -> bool:
        self._to_begin = None
        return not self._is_clean

    async def run(self, method: str, sql: str, parameters: Sequence[Any]) -> "Outcome":
        begin, self._to_begin = self._to_begin, None
        self._is_clean = False
        call = self._execute(_run, self._conn, begin, method, sql, parameters)  # type: ignore[no-untyped-call]  # aiosqlite
        outcome: Outcome = await call
        return outcome


class Outcome:
    """What a statement left: its rows are out of the file, its cursor is closed."""

    __slots__ = ("description", "lastrowid", "rowcount", "rows")

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.rows: list[Any] = cursor.fetchall() if cursor.description else []
        self.description: Description | None = cursor.description
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid


class OneTripCursor:
    """The part of a cursor that SQLAlchemy's asynchronous adapter uses."""

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.arraysize = 1
        self.description: Description | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        return await self._run("execute", sql, parameters)

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        return await self._run("executemany", sql, list(parameters))

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    async def _run(self, method: str, sql: str, parameters: Sequence[Any]) -> Self:
        outcome = await self._connection.run(method, sql, parameters)
        self._rows = outcome.rows
        self.description, self.rowcount, self.lastrowid = outcome.description, outcome.rowcount, outcome.lastrowid
        return self


def connect(path: str, **options: Any) -> OneTripConnection:
    """As `sqlite3.connect`; to be awaited. Its thread ends with the process."""
    connection = OneTripConnection(partial(sqlite3.connect, path, **options), CHUNK)
    connection._thread.daemon = True  # as SQLAlchemy's dialect does with a connection of its own
    return connection


def _run(
    connection: sqlite3.Connection, begin: Begin | None, method: str, sql: str, parameters: Sequence[Any]
) -> Outcome:
    cursor = connection.cursor()
    try:
        if begin is not None:
            cursor.execute(f"BEGIN {begin}")
        getattr(cursor, method)(sql, parameters)
        return Outcome(cursor)
    finally:
        cursor.close()
