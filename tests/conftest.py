"""What every test gets: no way out of the machine, a migrated database to copy, the app over real SQLite."""

import os
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

# Before NumPy is imported: with as many test processes as processors, its threads wait for each other by spinning.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import pytest
from fastapi import FastAPI
from hypothesis import settings as hypothesis_settings

from backend.app import create_app
from backend.container import LoopScope
from backend.jobs.inline import InlineRunner
from backend.preparation import prepare
from backend.settings import Settings
from tests import postgres
from tests.mock_openai import MockOpenAI, MockServer
from tests.postgres import ServerDatabases
from tests.support import Api, client_of

hypothesis_settings.register_profile("nexus", deadline=None)
hypothesis_settings.load_profile("nexus")


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for another machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            host = str(address[0])
            if host != "localhost" and not ip_address(host.split("%")[0]).is_loopback:
                raise PermissionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a migrated database. Copy it, never use it."""
    directory = tmp_path_factory.mktemp("template")
    prepare(Settings(data_dir=directory, _env_file=None))
    return directory


@pytest.fixture(scope="session")
def server_databases() -> Iterator[ServerDatabases | None]:
    """Where tests over Postgres get their databases; None over SQLite."""
    if not postgres.WANTED:
        yield None
        return
    with postgres.running() as databases:
        yield databases


@pytest.fixture
def database_url(server_databases: ServerDatabases | None) -> Iterator[str | None]:
    """A migrated database of the test's own; None for the one in its data directory."""
    if server_databases is None:
        yield None
        return
    url = server_databases.copy()
    yield url
    server_databases.drop(url)


@pytest.fixture
def settings(template: Path, tmp_path: Path, database_url: str | None) -> Settings:
    data_dir = tmp_path / "data"
    shutil.copytree(template, data_dir)
    return Settings(data_dir=data_dir, database_url=database_url, jobs="inline", embedder="hashing", _env_file=None)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application with its lifespan run."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
def scope(app: FastAPI) -> LoopScope:
    scope: LoopScope = app.state.scope
    return scope


@pytest.fixture
def drain(scope: LoopScope) -> Callable[[], Awaitable[None]]:
    """Waits until no job is left."""
    assert isinstance(scope.runner, InlineRunner)
    return scope.runner.drain


@pytest.fixture
async def api(app: FastAPI, settings: Settings) -> AsyncIterator[Api]:
    """A signed-in client of the app."""
    token = (settings.secrets_dir / "local_token").read_text().strip()
    async with client_of(app, token) as client:
        yield Api(client, app.state.scope, settings)


@pytest.fixture(scope="session")
def running_mock() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def mock(running_mock: MockServer) -> MockServer:
    """A mock OpenAI server with nothing recorded yet."""
    running_mock.app = MockOpenAI()
    return running_mock
