"""A start that must not succeed says why in one line, ends with status 78 and changes nothing."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from backend.data_lock import DataLock
from benchmarks.product import free_port
from tests.process.conftest import SiteMaker
from tests.process.site import REFUSED, Site, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]


def refusal(site: Site, *arguments: str) -> str:
    """The one line that a refused start says."""
    ended = site.run(*(arguments or ("api",)))
    assert ended.returncode == REFUSED, ended
    assert ended.stdout == ""
    lines = ended.stderr.splitlines()
    assert len(lines) == 1, ended.stderr
    assert lines[0].startswith("nexus: ")
    return lines[0]


def delete(path: Path) -> None:
    path.unlink()


def overwrite_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"no database here" * 8)


def empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.fault("D3")
@pytest.mark.parametrize(
    ("damage", "says"),
    [(delete, "is missing although"), (overwrite_header, "is not a readable database"), (empty, "is empty although")],
)
def test_a_lost_or_broken_database_is_not_replaced_by_an_empty_one(
    new_site: SiteMaker, damage: Callable[[Path], None], says: str
) -> None:
    site = new_site()
    damage(site.database)
    before = site.database.read_bytes() if site.database.exists() else None

    line = refusal(site)

    assert says in line
    assert "nexus db restore" in line
    assert (site.database.read_bytes() if site.database.exists() else None) == before


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """A file that nobody, root included, can write."""
    if os.geteuid() != 0:
        path.chmod(0o444)
        yield
        return
    mounting = subprocess.run(["mount", "--bind", str(path), str(path)], capture_output=True, check=False)
    if shutil.which("mount") is None or mounting.returncode:
        pytest.skip("as root, a read-only file takes a mount, which is not permitted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(path)], check=True)
        yield
    finally:
        subprocess.run(["umount", str(path)], check=True)


@pytest.mark.fault("D3")
def test_a_read_only_database_refuses_the_start(new_site: SiteMaker) -> None:
    site = new_site()
    with read_only(site.database):
        assert "cannot be written" in refusal(site)


@pytest.mark.fault("D3")
def test_a_database_deleted_under_a_running_server_makes_it_unready_and_is_not_made_anew(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    site.start_api()
    with site.client() as client:
        assert client.get("/ready").status_code == 200
        site.database.rename(site.database.with_suffix(".away"))

        def is_unready() -> bool:
            return client.get("/ready").status_code == 503

        until(is_unready, seconds=30, what="/ready answers 503")
        assert client.get("/health").status_code == 200
        assert str(site.data_dir) not in client.get("/ready").text
    assert not site.database.exists()


@pytest.mark.fault("F1")
def test_local_auth_refuses_an_address_that_others_reach(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_API_HOST="0.0.0.0", NEXUS_UI_HOST="0.0.0.0")
    assert refusal(site, "api").endswith("set NEXUS_AUTH=keys, or NEXUS_API_HOST=127.0.0.1")
    assert refusal(site, "ui").endswith("set NEXUS_AUTH=keys, or NEXUS_UI_HOST=127.0.0.1")


@pytest.mark.fault("F1")
@pytest.mark.parametrize(
    ("token", "mode", "says"),
    [
        ("nxt_" + "4fT9qLwX2mZc7RbN" * 2, 0o644, "can be used by others (mode 0644); run: chmod 600"),
        ("change-me-change-me-change-me-change-me", 0o600, "looks like a placeholder"),
        ("short", 0o600, "it needs 32"),
    ],
)
def test_a_weak_or_open_secret_refuses_the_start(new_site: SiteMaker, token: str, mode: int, says: str) -> None:
    site = new_site()
    secret = site.data_dir / "secrets" / "local_token"
    secret.parent.mkdir(mode=0o700, exist_ok=True)
    secret.write_text(token)
    secret.chmod(mode)
    line = refusal(site)
    assert says in line
    assert token not in line


def test_a_setting_that_is_not_usable_is_named(new_site: SiteMaker) -> None:
    line = refusal(new_site(NEXUS_API_PORT="eighty"))
    assert "NEXUS_API_PORT" in line


@pytest.mark.parametrize(("variable", "kind"), [("NEXUS_VECTOR_STORE", "vector store"), ("NEXUS_EMBEDDER", "embedder")])
def test_an_implementation_that_does_not_exist_is_named_with_those_that_do(
    new_site: SiteMaker, variable: str, kind: str
) -> None:
    site = new_site(**{variable: "qdrantt"})
    for command in (["api"], ["worker"], ["key", "create", "--role", "admin"]):
        line = refusal(site, *command)
        assert f"{variable}: no {kind} 'qdrantt'; known: [" in line
        assert "'native'" in line
    assert site.rows("SELECT count(*) FROM collection") == [(0,)]


def test_a_second_server_on_the_same_data_is_refused_and_the_first_keeps_its_uploads(
    new_site: SiteMaker,
) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    site.start_api()
    arriving = site.incoming / ("a" * 32)
    arriving.write_bytes(b"half of a file")
    second = replace(site, api_port=free_port())
    assert "another process already runs as 'api'" in refusal(second)
    assert arriving.exists()
    with site.client() as client:
        assert client.get("/ready").status_code == 200


def test_a_restore_waits_for_nobody(new_site: SiteMaker, tmp_path: Path) -> None:
    site = new_site()
    backup = tmp_path / "backup.db"
    shutil.copy(site.database, backup)
    running = DataLock(site.data_dir)
    running.share()
    assert "stop it first" in refusal(site, "db", "restore", str(backup))
    running.release()
    assert site.run("db", "restore", str(backup)).returncode == 0
