"""DBOS's tables, which live in our database: their engine, their creation and their names."""

import logging
from typing import TYPE_CHECKING

import sqlalchemy as sa

from backend.db.sqlite_functions import add_missing_functions

if TYPE_CHECKING:
    from dbos import Serializer

SCHEMA = "dbos"
"""Where they are on Postgres; on SQLite they are beside ours."""

BUSY_TIMEOUT = 30_000  # ms; DBOS's threads may wait longer than a request

_TABLES = frozenset(
    {
        "application_versions",
        "dbos_migrations",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_events_history",
        "workflow_input",
        "workflow_output",
        "workflow_schedules",
        "workflow_status",
    }
)


def is_dbos_table(name: str) -> bool:
    """Whether a table is DBOS's, so that our own migrations leave it alone."""
    return name in _TABLES


def migrate_jobs(url: str) -> None:
    """Create or update DBOS's tables in the database `url` (its synchronous form). Blocks; safe to repeat."""
    quieten_dbos()
    from dbos import DBOS

    DBOS.migrate(url, schema=SCHEMA)


def serializer() -> "Serializer":
    """JSON for clients and workers alike; DBOS's own default is pickle."""
    from dbos import DBOSPortableJSONSerializer

    return DBOSPortableJSONSerializer()


def dbos_engine(url: str, *, synchronous: str, pool_size: int) -> sa.Engine | None:
    """The engine that DBOS uses on SQLite, with our durability; None lets it make its own, for Postgres."""
    if sa.make_url(url).get_backend_name() != "sqlite":
        return None
    engine = sa.create_engine(url, pool_size=pool_size, max_overflow=0, pool_timeout=30)

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        add_missing_functions(connection)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {synchronous.upper()}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine


class _OurOwnDoing(logging.Filter):
    """Drops DBOS's reports of what we do on purpose: stopping at a checkpoint, and cancelling an old attempt."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.getMessage().startswith("Asyncio task cancelled for workflow or step"):
            return False
        kind = record.exc_info[0] if record.exc_info else None
        return kind is None or kind.__name__ not in ("DBOSWorkflowCancelledError", "DBOSAwaitedWorkflowCancelledError")


_filter = _OurOwnDoing()


def quieten_dbos() -> None:
    """Send DBOS's warnings and errors to our log instead of its own console; it adds one when there is no handler."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.WARNING)
    if _filter not in logger.filters:
        logger.addFilter(_filter)
