"""Opening, migrating, backing up and restoring the database. All of it blocks: for start-up and the command line."""

import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from backend.errors import StartRefused

MARKER: Final = ".initialised"
"""In the data directory once a database was made there: a missing database is then a loss, not a first start."""

RESTORED: Final = ".restored"
"""Touched by a restore: files that were stored before it may belong to the database it replaced."""

KEPT_BACKUPS: Final = 5

log = logging.getLogger("nexus.db")


class DatabaseFiles:
    """The database of a data directory. `is_ours` tells our tables from those of the job runner."""

    def __init__(self, url: str, data_dir: Path, *, is_ours: Callable[[str], bool]) -> None:
        self._url = sa.make_url(url)
        self._data_dir = data_dir
        self._is_ours = is_ours

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None for a server."""
        is_file = self._url.get_backend_name() == "sqlite" and self._url.database is not None
        return Path(str(self._url.database)) if is_file else None

    @property
    def backups(self) -> Path:
        return self._data_dir / "backups"

    def prepare(self) -> None:
        """Migrates to the newest revision, after a backup when there is anything to lose. Raises `StartRefused`."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        self._refuse_lost_or_broken()
        if self.path is not None and self.path.exists():
            _refuse_read_only(self.path)
        config = self._config()
        engine = self._engine()
        try:
            with engine.connect() as connection:
                current = MigrationContext.configure(connection).get_current_revision()
                is_empty = not sa.inspect(connection).get_table_names()
            newest = ScriptDirectory.from_config(config).get_current_head()
            if current == newest:
                (self._data_dir / MARKER).touch()
                return
            self._refuse_newer(config, current)
            if self.path is not None and not is_empty:
                log.info("backed up before migrating", extra={"backup": self.backup().name})
            with engine.begin() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except sa.exc.SQLAlchemyError as exc:
            raise StartRefused(f"the database could not be migrated: {_short(exc)}") from exc
        finally:
            engine.dispose()
        (self._data_dir / MARKER).touch()

    def check(self) -> list[str]:
        """What is wrong with the database; empty when nothing is."""
        self._refuse_absent()
        if self.path is None:
            return []
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as connection:
            rows = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            broken = [
                f"{row[0]}: row {row[1]} refers to a missing {row[2]}"
                for row in connection.execute("PRAGMA foreign_key_check")
            ]
        return [row for row in rows if row != "ok"] + broken

    def backup(self, target: Path | None = None) -> Path:
        """A consistent copy, made while others read and write. Keeps the newest `KEPT_BACKUPS` automatic ones."""
        if self.path is None:
            raise StartRefused("backups of a server database are made with its own tools, such as pg_dump")
        self._refuse_absent()
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
        path = target or self.backups / f"nexus-{stamp}.db"
        if path.exists():
            raise StartRefused(f"{str(path)!r} exists already; name a new file for the backup")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        try:
            with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(partial)) as copy:
                source.backup(copy)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
        if target is None:
            for old in sorted(self.backups.glob("nexus-*.db"))[:-KEPT_BACKUPS]:
                old.unlink()
        return path

    def restore(self, backup: Path) -> Path | None:
        """Puts a backup in place; returns where the replaced database went. Only while nothing else runs."""
        if self.path is None:
            raise StartRefused("a server database is restored with its own tools, such as pg_restore")
        _refuse_broken(backup)
        if self.path.exists() and backup.samefile(self.path):
            raise StartRefused(f"{str(backup)!r} is the database itself; name a backup of it")
        replaced = None
        if self.path.exists():
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
            replaced = self.path.with_name(f"{self.path.stem}.replaced-{stamp}.db")
            with closing(sqlite3.connect(self.path)) as old:
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            os.replace(self.path, replaced)
            for suffix in ("-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        with closing(sqlite3.connect(backup)) as source, closing(sqlite3.connect(self.path)) as target:
            source.backup(target)
        for marker in (MARKER, RESTORED):
            (self._data_dir / marker).touch()
        return replaced

    def restored_at(self) -> float:
        """Seconds of the epoch of the last restore, 0 without one."""
        marker = self._data_dir / RESTORED
        return marker.stat().st_mtime if marker.exists() else 0.0

    def _refuse_absent(self) -> None:
        self._refuse_lost_or_broken()
        if self.path is not None and not self.path.exists():
            raise StartRefused(f"there is no database {str(self.path)!r} yet; `nexus up` makes one")

    def _refuse_lost_or_broken(self) -> None:
        if self.path is None:
            return
        is_there = self.path.exists()
        if is_there:
            _refuse_broken(self.path)
        if (self._data_dir / MARKER).exists() and not (is_there and self.path.stat().st_size):
            state = "empty" if is_there else "missing"
            raise StartRefused(
                f"the database {str(self.path)!r} is {state} although this data directory has been used; "
                "restore one with `nexus db restore`, or point NEXUS_DATA_DIR to an empty directory"
            )

    def _refuse_newer(self, config: Config, current: str | None) -> None:
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if current is not None and current not in known:
            raise StartRefused(
                f"the database is at revision {current!r}, which a newer version made; install that version"
            )

    def _config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        config.attributes["is_ours"] = self._is_ours
        return config

    def _engine(self) -> sa.Engine:
        engine = sa.create_engine(self._url if self.path else self._url.set(drivername="postgresql+psycopg"))
        if self.path is not None:

            @sa.event.listens_for(engine, "connect")
            def _connect(connection: sqlite3.Connection, _record: object) -> None:
                connection.isolation_level = None  # a migration that is killed midway must leave nothing
                connection.execute("PRAGMA busy_timeout = 5000")
                connection.execute("PRAGMA journal_mode = WAL")

            @sa.event.listens_for(engine, "begin")
            def _begin(connection: sa.Connection) -> None:
                connection.exec_driver_sql("BEGIN IMMEDIATE")

        return engine


def _refuse_broken(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as exc:
        raise StartRefused(
            f"{str(path)!r} is not a readable database ({exc}); restore a backup with `nexus db restore`"
        ) from exc


def _refuse_read_only(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True, timeout=5)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA user_version = {int(version)}")  # a lock alone is granted on a read-only file
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as exc:
        raise StartRefused(f"{str(path)!r} cannot be written ({exc}); check its owner, mode and disk") from exc


def _short(exc: Exception) -> str:
    return str(getattr(exc, "orig", None) or exc).splitlines()[0]
