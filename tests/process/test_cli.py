"""The `nexus` command beside a running server, and the database in its hands."""

import re
import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.process.conftest import SiteMaker
from tests.process.site import REFUSED, Site, until, upload
from tests.support import MARKDOWN

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


def said(site: Site, *arguments: str) -> str:
    ended = site.run(*arguments)
    assert ended.returncode == 0, ended
    return ended.stdout.strip()


def test_the_printed_token_opens_the_api(running: Site) -> None:
    token = said(running, "token")
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{running.url}/me", headers=headers).json()["auth"] == "local"


@pytest.mark.slow
def test_keys_are_made_listed_and_revoked_while_the_server_runs(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_AUTH="keys", NEXUS_EMBEDDER="hashing")
    site.start_api()
    secret = said(site, "key", "create", "--role", "sales", "--workspace", "north", "--name", "till")
    headers = {"Authorization": f"Bearer {secret}"}
    me = httpx.get(f"{site.url}/me", headers=headers).json()
    assert (me["role"], me["workspace"], me["name"]) == ("sales", "north", "till")

    other = said(site, "key", "create", "--role", "devops", "--workspace", "north", "--name", "pager")
    first, second = said(site, "key", "list", "--workspace", "north").splitlines()
    assert secret not in first
    assert re.search(r"sales .* till$", first)
    key_id = second.split()[0]
    assert said(site, "key", "list") == ""

    assert site.run("key", "revoke", key_id).returncode == 1  # another workspace's
    assert said(site, "key", "revoke", key_id, "--workspace", "north") == f"revoked {key_id}"
    assert said(site, "key", "list", "--workspace", "north").split()[0] == first.split()[0]
    assert httpx.get(f"{site.url}/me", headers={"Authorization": f"Bearer {other}"}).status_code == 401
    assert httpx.get(f"{site.url}/me", headers=headers).status_code == 200
    refused = site.run("token")
    assert (refused.returncode, refused.stderr.count("\n")) == (REFUSED, 1)


@pytest.mark.slow
def test_the_last_admin_key_can_be_revoked_on_the_command_line_which_warns(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_AUTH="keys", NEXUS_EMBEDDER="hashing")
    for _ in range(2):
        said(site, "key", "create", "--role", "admin", "--workspace", "tea house")
    one, other = [line.split()[0] for line in said(site, "key", "list", "--workspace", "tea house").splitlines()]
    first = site.run("key", "revoke", one, "--workspace", "tea house")
    last = site.run("key", "revoke", other, "--workspace", "tea house")
    assert (first.returncode, first.stderr) == (0, "")
    assert (last.returncode, last.stdout) == (0, f"revoked {other}\n")
    assert "no admin key is left; `nexus key create --role admin --workspace 'tea house'` makes one" in last.stderr


@pytest.mark.parametrize("wrong", [("--name", "x" * 300), ("--workspace", ""), ("--workspace", "x" * 300)])
def test_a_key_with_an_unusable_name_is_refused_in_one_line(new_site: SiteMaker, wrong: tuple[str, str]) -> None:
    refused = new_site().run("key", "create", "--role", "sales", *wrong)
    assert (refused.returncode, refused.stdout) == (1, "")
    [line] = refused.stderr.splitlines()
    assert line.startswith(f"nexus: {wrong[0].removeprefix('--')}: ")


def test_what_is_kept_is_its_owners_alone(new_site: SiteMaker) -> None:
    site = new_site()
    shutil.rmtree(site.data_dir)
    said(site, "db", "migrate")
    said(site, "db", "backup")
    said(site, "token")
    kept = [site.data_dir, *site.data_dir.rglob("*")]
    assert {"nexus.db", "backups", "local_token"} <= {path.name for path in kept}
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


def test_a_backup_made_while_the_server_writes_is_whole_and_can_be_restored(
    running: Site, client: httpx.Client, tmp_path: Path, new_site: SiteMaker
) -> None:
    assert upload(client, ("machine.md", MARKDOWN.encode())).status_code == 202
    running.jobs_ended(client, seconds=60)
    done = threading.Event()
    written: list[dict[str, str]] = []

    def write() -> None:
        with running.client() as mine:
            while not done.is_set():
                faq = {"question": f"What is number {len(written)}?", "answer": "A number."}
                assert mine.post("/faqs", json=faq).status_code == 201
                written.append(faq)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        until(lambda: len(written) > 5, seconds=30, what="the server writes")
        backup = Path(said(running, "db", "backup", str(tmp_path / "backup.db")))
        at_backup = len(written)
    finally:
        done.set()
        writer.join()
    assert list(tmp_path.iterdir()) == [backup]

    other = new_site(is_empty=True, NEXUS_EMBEDDER="hashing")
    assert other.run("db", "check").returncode == REFUSED
    assert not other.database.exists()
    said(other, "db", "restore", str(backup))
    assert said(other, "db", "check") == "the database is sound"
    (manual,) = other.rows("SELECT count(*) FROM faq WHERE kind = 'manual'")[0]
    assert 5 < manual <= at_backup
    drafts = "SELECT question FROM faq WHERE kind != 'manual' ORDER BY id"
    assert other.rows(drafts) == running.rows(drafts)


def test_a_restore_keeps_what_it_replaces_and_the_files_of_it(new_site: SiteMaker, tmp_path: Path) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    backup = tmp_path / "before.db"
    said(site, "db", "backup", str(backup))
    stored = site.data_dir / "files" / ("1" * 32) / ("2" * 32)
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"a document of the database that is replaced")
    line = said(site, "db", "restore", str(backup))
    replaced = Path(line.rsplit(" ", 1)[-1])
    assert replaced.exists()
    site.start_api()
    assert stored.exists()


def test_check_names_what_is_wrong(new_site: SiteMaker) -> None:
    site = new_site()
    with closing(sqlite3.connect(site.database)) as connection, connection:
        connection.execute(
            "INSERT INTO faq_action (id, workspace_id, kind, author, created_at) VALUES (?, ?, 'approve', 'x', ?)",
            ("0" * 32, "f" * 32, "2026-01-01 00:00:00"),
        )
    ended = site.run("db", "check")
    assert ended.returncode == 1
    assert "refers to a missing workspace" in ended.stdout


def test_an_older_database_is_backed_up_and_migrated(new_site: SiteMaker) -> None:
    site = new_site(is_empty=True)
    site.data_dir.mkdir()
    with closing(sqlite3.connect(site.database)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.execute("CREATE TABLE keepsake (words TEXT)")
        connection.execute("INSERT INTO keepsake VALUES ('from before')")
    shutil.copy(site.database, site.data_dir / "old.db")

    assert said(site, "db", "migrate") == "the database is up to date"

    assert site.rows("SELECT words FROM keepsake") == [("from before",)]
    assert site.rows("SELECT count(*) FROM workspace") == [(0,)]
    (backup,) = (site.data_dir / "backups").iterdir()
    with closing(sqlite3.connect(backup)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'workspace'").fetchall() == []
    assert said(site, "db", "migrate") == "the database is up to date"
    assert [one.name for one in (site.data_dir / "backups").iterdir()] == [backup.name]


def test_a_database_of_a_newer_version_is_left_alone(new_site: SiteMaker) -> None:
    site = new_site()
    with closing(sqlite3.connect(site.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    ended = site.run("db", "migrate")
    assert ended.returncode == REFUSED
    assert "a newer version made" in ended.stderr
    assert not (site.data_dir / "backups").exists()
