"""Opening, migrating, backing up and restoring the database."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from backend.db.migrate import KEPT_BACKUPS, MARKER, DatabaseFiles
from backend.db.models import Base
from backend.errors import StartRefused
from backend.faqs.dedup import question_key
from backend.jobs.dbos_database import is_dbos_table
from backend.preparation import database_files
from backend.settings import Settings


@pytest.fixture
def files(settings: Settings) -> DatabaseFiles:
    return database_files(settings)


@pytest.fixture
def path(settings: Settings) -> Path:
    return settings.data_dir / "nexus.db"


def run(path: Path, *statements: str) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            rows = connection.execute(statement).fetchall()
    return rows


ADD = "INSERT INTO workspace (id, name, created_at) VALUES ('00000000000000000000000000000001', 'tea', '2026-01-01')"
NAMES = "SELECT name FROM workspace"


def test_the_migrations_make_exactly_the_tables_of_the_models(path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        options = {"include_object": lambda _o, name, kind, *_: kind != "table" or not is_dbos_table(name)}
        context = MigrationContext.configure(connection, opts={"compare_type": True, **options})
        difference = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert difference == []


def test_preparing_again_changes_nothing_and_makes_no_backup(files: DatabaseFiles, path: Path) -> None:
    run(path, ADD)
    files.prepare()
    assert run(path, NAMES) == [("tea",)]
    assert not files.backups.exists()


def test_a_first_start_makes_a_database_and_its_mark(tmp_path: Path) -> None:
    files = database_files(Settings(data_dir=tmp_path / "new", _env_file=None))
    files.prepare()
    assert files.check() == []
    assert (tmp_path / "new" / MARKER).exists()


@pytest.mark.fault("D3")
def test_a_lost_database_is_not_replaced_by_an_empty_one(files: DatabaseFiles, path: Path) -> None:
    for file in path.parent.glob("nexus.db*"):
        file.unlink()
    with pytest.raises(StartRefused, match="missing although this data directory has been used"):
        files.prepare()
    assert not path.exists()


@pytest.mark.fault("D3")
@pytest.mark.parametrize("damage", [b"not a database at all" * 10, b"\0" * 4096], ids=["text", "zeros"])
def test_a_damaged_header_refuses_the_start_and_is_left_as_it_is(
    files: DatabaseFiles, path: Path, damage: bytes
) -> None:
    content = path.read_bytes()
    path.write_bytes(damage + content[len(damage) :])
    damaged = path.read_bytes()
    with pytest.raises(StartRefused, match="not a readable database"):
        files.prepare()
    assert path.read_bytes() == damaged


@pytest.mark.fault("D3")
def test_an_emptied_file_is_not_taken_for_a_first_start(files: DatabaseFiles, path: Path) -> None:
    path.write_bytes(b"")
    with pytest.raises(StartRefused):
        files.prepare()
    assert path.read_bytes() == b""


@pytest.mark.fault("D3")
def test_a_database_of_a_newer_version_is_refused_and_left_alone(files: DatabaseFiles, path: Path) -> None:
    run(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StartRefused, match="'9999', which a newer version made"):
        files.prepare()
    assert run(path, "SELECT version_num FROM alembic_version") == [("9999",)]
    assert not files.backups.exists()


@pytest.mark.fault("D3")
def test_a_database_that_cannot_be_written_refuses_the_start(
    files: DatabaseFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def read_only(database: str, **options: object) -> sqlite3.Connection:
        return connect(database.replace("mode=rw", "mode=ro"), **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(sqlite3, "connect", read_only)
    with pytest.raises(StartRefused, match="cannot be written"):
        files.prepare()


def test_a_migration_is_preceded_by_a_backup_and_keeps_what_there_was(files: DatabaseFiles, path: Path) -> None:
    job = "'00000000000000000000000000000007'"
    columns = "kind, status, stage, progress, done, total, message, title, attempt, version, cancel_requested"
    values = f"{job}, '00000000000000000000000000000001', '2026-01-01', '2026-01-01'"
    run(
        path,
        ADD,
        f"INSERT INTO job (id, workspace_id, created_at, updated_at, {columns}) "
        f"VALUES ({values}, 'ingest', 'failed', '', 0, 0, 0, '', 'tea', 1, '1', 0)",
        "INSERT INTO job_input (job_id, workspace_id, payload) SELECT id, workspace_id, '{\"cups\": 2}' FROM job",
    )
    run(
        path,
        "INSERT INTO faq (id, workspace_id, question, answer, status, kind, confidence, reason, ordinal, tags, "
        "revision, created_at, updated_at) SELECT id, workspace_id, 'Is there tea?', 'Yes.', 'draft', 'manual', 1, '', "
        "0, '[]', 1, created_at, created_at FROM job",
    )
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config = files._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    engine.dispose()
    assert run(path, "SELECT payload FROM job") == [('{"cups": 2}',)]

    files.prepare()

    assert run(path, f"SELECT payload FROM job_input WHERE job_id = {job}") == [('{"cups": 2}',)]
    assert run(path, "SELECT question_key FROM faq") == [(question_key("Is the tea there?"),)] != [("",)]
    assert files.check() == []
    [backup] = files.backups.iterdir()
    assert run(backup, "SELECT payload FROM job") == [('{"cups": 2}',)]


def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise sa.exc.OperationalError("CREATE", {}, sqlite3.OperationalError("disk I/O error"))

    files = database_files(Settings(data_dir=tmp_path / "new", _env_file=None))
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", failing)
        with pytest.raises(StartRefused, match="could not be migrated: disk I/O error"):
            files.prepare()
    files.prepare()
    assert files.check() == []


def test_a_backup_made_while_others_write_is_whole_and_can_be_restored(files: DatabaseFiles, path: Path) -> None:
    run(path, ADD)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute(
            "INSERT INTO workspace (id, name, created_at) "
            "SELECT '00000000000000000000000000000002', 'milk', created_at FROM workspace"
        )
        backup = files.backup()
        writer.commit()
    assert run(backup, NAMES) == [("tea",)]
    assert sorted(row[0] for row in run(path, NAMES)) == ["milk", "tea"]  # type: ignore[type-var]

    replaced = files.restore(backup)

    assert run(path, NAMES) == [("tea",)]
    assert files.check() == []
    assert replaced is not None
    assert sorted(row[0] for row in run(replaced, NAMES)) == ["milk", "tea"]  # type: ignore[type-var]


def test_the_database_is_neither_its_own_backup_nor_restored_from_itself(files: DatabaseFiles, path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(StartRefused, match="exists already"):
        files.backup(path)
    with pytest.raises(StartRefused, match="is the database itself"):
        files.restore(path)
    assert path.read_bytes() == before
    assert files.check() == []


def test_a_backup_overwrites_nothing_and_leaves_no_part_of_itself(files: DatabaseFiles, tmp_path: Path) -> None:
    folder = tmp_path / "backups-of-mine"
    folder.mkdir()
    (folder / "old.db").write_bytes(b"mine")
    for target in (folder, folder / "old.db"):
        with pytest.raises(StartRefused, match="exists already"):
            files.backup(target)
    assert (folder / "old.db").read_bytes() == b"mine"
    assert [one.name for one in tmp_path.glob("backups-of-mine*")] == ["backups-of-mine"]


def test_a_damaged_backup_is_not_restored(files: DatabaseFiles, path: Path, tmp_path: Path) -> None:
    run(path, ADD)
    damaged = tmp_path / "damaged.db"
    damaged.write_bytes(b"no database" * 100)
    for backup in (damaged, tmp_path / "absent.db"):
        with pytest.raises(StartRefused):
            files.restore(backup)
    assert run(path, NAMES) == [("tea",)]


def test_a_lost_database_can_be_restored(files: DatabaseFiles, path: Path, tmp_path: Path) -> None:
    run(path, ADD)
    backup = files.backup(tmp_path / "kept.db")
    for file in path.parent.glob("nexus.db*"):
        file.unlink()
    assert files.restore(backup) is None
    files.prepare()
    assert run(path, NAMES) == [("tea",)]


def test_only_the_newest_automatic_backups_are_kept_and_named_ones_are_left(
    files: DatabaseFiles, tmp_path: Path
) -> None:
    named = files.backup(tmp_path / "named.db")
    made = [files.backup() for _ in range(KEPT_BACKUPS + 3)]
    assert sorted(files.backups.iterdir()) == sorted(made[-KEPT_BACKUPS:])
    assert named.exists()
    assert list(files.backups.glob("*.partial")) == []


def test_the_check_names_rows_that_refer_to_nothing(files: DatabaseFiles, path: Path) -> None:
    orphan = "INSERT INTO agent (id, name, provider, model, collection_id, created_at, workspace_id) "
    run(path, "PRAGMA foreign_keys = OFF", orphan + "VALUES ('a', 'n', 'p', 'm', 'c', '2026-01-01', 'w')")
    assert any(line.startswith("agent: row") for line in files.check())


def test_a_server_database_is_left_to_its_own_tools(tmp_path: Path) -> None:
    files = DatabaseFiles("postgresql://nobody@127.0.0.1/none", tmp_path, is_ours=lambda _: True)
    assert files.path is None
    assert files.check() == []
    with pytest.raises(StartRefused, match="pg_dump"):
        files.backup()
    with pytest.raises(StartRefused, match="pg_restore"):
        files.restore(tmp_path / "x.db")
