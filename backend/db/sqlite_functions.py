"""What an old SQLite lacks."""

import sqlite3
import time
from typing import Any, Final

SUBSECONDS_SINCE: Final = (3, 42)


def add_missing_functions(connection: Any) -> None:
    """`unixepoch('subsec')`, which DBOS uses under Python 3.12 and later, whichever SQLite that Python was built with.

    Below 3.42 the built-in one gives NULL for it. Every connection needs it: it stands in defaults of columns.
    """
    if sqlite3.sqlite_version_info < SUBSECONDS_SINCE:
        connection.create_function("unixepoch", 1, _unixepoch)


def _unixepoch(modifier: str) -> float:
    if modifier != "subsec":
        raise ValueError(f"unixepoch({modifier!r}) is not known here")
    return round(time.time(), 3)
