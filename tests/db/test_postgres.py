"""The product over a real Postgres. `make test-postgres` runs many more tests over it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from backend.app import create_app
from backend.db.engine import Database
from backend.db.models import Workspace
from backend.errors import DatabaseBusy
from backend.preparation import prepare
from backend.repositories.uow import Tx, UnitOfWork
from backend.settings import Settings
from tests import postgres
from tests.postgres import ServerDatabases
from tests.support import MARKDOWN, Api, client_of, eventually


@pytest.fixture(scope="module")
def databases() -> Iterator[ServerDatabases]:
    with postgres.running() as databases:
        yield databases


@pytest.fixture
def url(databases: ServerDatabases) -> Iterator[str]:
    url = databases.copy()
    yield url
    databases.drop(url)


async def test_writers_of_one_workspace_take_turns_and_others_do_not_wait(url: str) -> None:
    database = Database(url)
    uow = UnitOfWork(database)
    ours, theirs = uuid4(), uuid4()
    seen: list[str] = []

    async def write(workspace_id: object, name: str) -> None:
        async with uow(workspace_id):  # type: ignore[arg-type]  # a UUID
            seen.append(name)

    async with uow(ours):
        second = asyncio.create_task(write(ours, "second"))
        await write(theirs, "another workspace")
        seen.append("first")
    await second
    await database.aclose()
    assert seen == ["another workspace", "first", "second"]


async def test_a_writer_whose_turn_does_not_come_is_told_that_the_database_is_busy(url: str) -> None:
    holding, waiting = Database(url), Database(url, busy_timeout=0.1)
    workspace_id = uuid4()
    async with UnitOfWork(holding)(workspace_id):
        with pytest.raises(DatabaseBusy):
            async with UnitOfWork(waiting)(workspace_id):
                raise AssertionError("both write at once")
    async with UnitOfWork(waiting).all_workspaces() as everything:
        await everything.add(Workspace(id=workspace_id, name="tea"))
    await holding.aclose()
    await waiting.aclose()


async def test_writers_that_wait_for_their_turn_keep_no_reader_waiting(url: str) -> None:
    """They would fill the threads, of which there are a few."""
    holding, database = Database(url), Database(url)
    ours, uow = uuid4(), UnitOfWork(database)
    async with UnitOfWork(holding)(ours):
        writers = [asyncio.create_task(uow.writing(ours, _nothing)) for _ in range(8)]
        await asyncio.sleep(0)
        for _ in range(8):
            await asyncio.wait_for(uow.reading(uuid4(), _nothing), 3)
        assert not any(writer.done() for writer in writers)
    await asyncio.gather(*writers)
    await holding.aclose()
    await database.aclose()


async def _nothing(tx: Tx) -> None:
    await tx.session.scalar(sa.text("SELECT 1"))


async def test_a_document_becomes_an_answer_with_durable_jobs(url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", database_url=url, embedder="hashing", _env_file=None)
    prepare(settings)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        token = (settings.secrets_dir / "local_token").read_text().strip()
        async with client_of(app, token) as client:
            api = Api(client, app.state.scope, settings)
            job = (await api.upload(("machine.md", MARKDOWN.encode()))).json()["jobs"][0]["id"]

            async def has_ended() -> bool:
                return str((await api.get(f"/jobs/{job}"))["status"]) in ("succeeded", "failed", "cancelled")

            await eventually(has_ended, seconds=60)
            assert (await api.get(f"/jobs/{job}"))["status"] == "succeeded"
            [draft] = [faq for faq in await api.faqs(q="descale") if faq["status"] == "draft"]
            await api.post("/faqs/approve", {"ids": [draft["id"]]})

            async def is_in_sync() -> bool:
                return bool((await api.get("/collections"))["items"][0]["pending_changes"] == 0)

            await eventually(is_in_sync, seconds=60)
            answer = await api.asked("How do I descale the machine?")
            assert (answer["answered"], answer["citations"][0]["faq_id"]) == (True, draft["id"])
