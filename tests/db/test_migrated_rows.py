"""What a migration makes of the rows that are there, over SQLite and Postgres."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic import command

from backend.db.comparing import Alias
from backend.db.migrate import DatabaseFiles
from backend.db.models import Conversation, Message, Workspace
from backend.preparation import database_files
from backend.repositories.rows import table_of
from backend.settings import Settings
from tests import postgres
from tests.postgres import ServerDatabases

ALONE = [{"name": "answer"}]
READ = [{"name": "rewrite"}, {"name": "plan"}, {"name": "search"}, {"name": "answer"}]
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def databases() -> Iterator[ServerDatabases]:
    with postgres.running() as databases:
        yield databases


@pytest.fixture(params=["sqlite", "postgres"])
def files(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Iterator[DatabaseFiles]:
    if request.param == "sqlite":
        yield database_files(settings.model_copy(update={"database_url": None}))
        return
    databases: ServerDatabases = request.getfixturevalue("databases")
    url = databases.copy()
    yield database_files(Settings(data_dir=tmp_path / "server", database_url=url, _env_file=None))
    databases.drop(url)


def back_to(files: DatabaseFiles, revision: str, rows: list[tuple[sa.Table, dict[str, Any]]]) -> None:
    """The database as it was at a revision, with these rows of that time."""
    engine = files._engine()
    with engine.begin() as connection:
        config = files._config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        for table, values in rows:
            connection.execute(sa.insert(as_it_was(connection, table)).values(values))
    engine.dispose()


def as_it_was(connection: sa.Connection, table: sa.Table) -> sa.Table:
    """Without the columns that came later, which their defaults would fill."""
    there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    return sa.Table(table.name, sa.MetaData(), *(one._copy() for one in table.columns if one.name in there))


def conversation(workspace_id: UUID, model: str | None, *answers: dict[str, Any] | None) -> list[Any]:
    """Each question with its answer; None failed."""
    id = uuid4()
    found = {"id": id, "workspace_id": workspace_id, "collection_id": uuid4(), "title": "", "model": model}
    rows: list[Any] = [(table_of(Conversation), found)]
    for place, answer in enumerate(answers):
        shared = {"workspace_id": workspace_id, "conversation_id": id, "created_at": BEGUN + timedelta(minutes=place)}
        asked = {"id": uuid4(), "role": "user", "content": f"{model} {place}"}
        said = {"id": uuid4(), "role": "assistant", "content": f"{model} {place}", "answer": answer}
        rows += [(table_of(Message), shared | asked), (table_of(Message), shared | said)]
    return rows


def test_an_earlier_answer_tells_by_its_steps_whether_it_was_given_from_documents(files: DatabaseFiles) -> None:
    workspace_id = uuid4()
    workspace = {"id": workspace_id, "name": "tea"}
    alias = {"workspace_id": workspace_id, "name": "support", "move_id": uuid4()}
    answers = ({"steps": READ}, {"steps": ALONE}, {"response": "tea"}, None)
    rows = [
        (table_of(Workspace), workspace),
        (table_of(Alias), alias),
        *conversation(workspace_id, "Tuned", *answers),
        *conversation(workspace_id, "support", *answers),
        *conversation(workspace_id, None, *answers),
    ]
    back_to(files, "0017", rows)
    files.prepare()
    message = table_of(Message)
    engine = files._engine()
    with engine.connect() as connection:
        query = sa.select(message.c.content, message.c.role, message.c.documents)
        found = {(content, role): documents for content, role, documents in connection.execute(query)}
    engine.dispose()
    for name in ("Tuned", "support", "None"):
        assert [found[f"{name} {place}", "assistant"] for place in range(4)] == [True, False, None, None], name
    asked = {name: [found[f"{name} {place}", "user"] for place in range(4)] for name in ("Tuned", "support", "None")}
    assert asked == {"Tuned": [None, False, None, None], "support": [None] * 4, "None": [None] * 4}
