import asyncio
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import fastapi.routing
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from backend.container import LoopScope
from backend.db.engine import Database
from backend.db.models import Job, Workspace
from backend.errors import NotFound, ShuttingDown
from backend.jobs.base import JobRequest
from backend.jobs.runner import new_job
from backend.repositories.jobs import Attempt, JobLedger, Progress
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal, Role
from backend.services.job_events import JobEvents, JobState, JobStream, JobStreamEnd
from backend.settings import Settings
from contracts.jobs import JobStatus
from tests.jobs.site import WORKSPACE, Script, make_database, until

ME = Principal(WORKSPACE, Role.ANALYST, None, "me")
INTERVAL = 0.01


@pytest.fixture
async def uow(tmp_path: Path) -> AsyncIterator[UnitOfWork]:
    database = Database(make_database(tmp_path)[0])
    yield UnitOfWork(database)
    await database.aclose()


@pytest.fixture
async def events(uow: UnitOfWork) -> AsyncIterator[JobEvents]:
    events = JobEvents(uow, interval=INTERVAL)
    yield events
    await events.aclose()


@pytest.fixture
async def job_id(uow: UnitOfWork) -> UUID:
    """Of a job that runs."""
    job = new_job(JobRequest("ingest", Script(name="it"), "it"), WORKSPACE, "1")
    async with uow(WORKSPACE) as tx:
        await tx.jobs.add(job)
        assert await JobLedger(tx.session).start(Attempt(job.id, 1)) is not None
    return job.id


async def note(uow: UnitOfWork, job_id: UUID, done: int) -> None:
    async with uow(WORKSPACE) as tx:
        await JobLedger(tx.session).note(Attempt(job_id, 1), Progress("reading", done, 100, done / 100))


async def finish(uow: UnitOfWork, job_id: UUID) -> None:
    async with uow(WORKSPACE) as tx:
        await JobLedger(tx.session).finish(Attempt(job_id, 1), JobStatus.SUCCEEDED)


async def following(stream: JobStream) -> JobState:
    async with asyncio.timeout(10):
        state = await anext(stream)
    assert isinstance(state, JobState)
    return state


async def test_a_stream_begins_with_the_state_now_follows_it_and_ends_with_the_job(
    uow: UnitOfWork, events: JobEvents, job_id: UUID
) -> None:
    stream = await events.open(ME, job_id)
    states = [await following(stream)]
    for done in (10, 20):
        await note(uow, job_id, done)
        states.append(await following(stream))
    await finish(uow, job_id)
    states.append(await following(stream))
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    assert [state.job.done for state in states] == [0, 10, 20, 20]
    assert [state.job.status.value for state in states] == ["running"] * 3 + ["succeeded"]
    assert [state.id for state in states] == sorted({state.id for state in states})


async def test_a_reconnect_gets_the_state_only_when_it_differs_from_the_last_seen(
    uow: UnitOfWork, events: JobEvents, job_id: UUID
) -> None:
    seen = await following(await events.open(ME, job_id))
    same = await events.open(ME, job_id, last_event_id=str(seen.id))
    await note(uow, job_id, 30)
    assert (await following(same)).job.done == 30
    other = JobEvents(uow, interval=60)
    late = await following(await other.open(ME, job_id, last_event_id=str(seen.id)))
    assert late.job.done == 30
    assert late.id > seen.id
    await other.aclose()


async def test_the_final_state_is_told_even_to_who_has_seen_it(
    uow: UnitOfWork, events: JobEvents, job_id: UUID
) -> None:
    await finish(uow, job_id)
    final = await following(await events.open(ME, job_id))
    again = await following(await events.open(ME, job_id, last_event_id=str(final.id)))
    assert again.job == final.job
    assert again.id > final.id


@pytest.mark.parametrize("given", ["", "abc", "-1", "²", "9" * 30])
async def test_a_strange_last_event_id_is_as_none(events: JobEvents, job_id: UUID, given: str) -> None:
    assert (await following(await events.open(ME, job_id, last_event_id=given))).job.id == job_id


async def test_ids_grow_even_when_the_clock_went_back(events: JobEvents, job_id: UUID) -> None:
    ahead = 10**17
    state = await following(await events.open(ME, job_id, last_event_id=str(ahead)))
    assert state.id == ahead + 1


async def test_a_slow_reader_gets_only_the_newest_state(uow: UnitOfWork, events: JobEvents, job_id: UUID) -> None:
    slow, quick = await events.open(ME, job_id), await events.open(ME, job_id)
    await following(quick)
    for done in range(1, 6):
        await note(uow, job_id, done)
        while (await following(quick)).job.done != done:
            pass
    assert (await following(slow)).job.done == 5


async def test_nobody_is_polled_for_when_nobody_listens(events: JobEvents, job_id: UUID) -> None:
    assert not events.is_polling
    stream = await events.open(ME, job_id)
    assert events.is_polling
    stream.close()
    async with asyncio.timeout(10):
        while events.is_polling:
            await asyncio.sleep(INTERVAL)
    again = await events.open(ME, job_id)
    assert events.is_polling
    again.close()


@pytest.mark.fault("B3")
async def test_every_stream_ends_with_shutting_down_and_no_new_one_begins(events: JobEvents, job_id: UUID) -> None:
    streams = [await events.open(ME, job_id) for _ in range(10)]
    for stream in streams:
        await following(stream)
    await events.aclose()
    for stream in streams:
        (last,) = [item async for item in stream]
        assert isinstance(last, JobStreamEnd)
        assert last.error.code == "shutting_down"
    with pytest.raises(ShuttingDown):
        await events.open(ME, job_id)


async def test_the_stream_of_a_job_that_is_deleted_ends(uow: UnitOfWork, events: JobEvents, job_id: UUID) -> None:
    stream = await events.open(ME, job_id)
    await following(stream)
    async with uow(WORKSPACE) as tx:
        job = await tx.session.get(Job, job_id)
        await tx.session.delete(job)
    async with asyncio.timeout(10):
        (last,) = [item async for item in stream]
    assert isinstance(last, JobStreamEnd)
    assert isinstance(last.error, NotFound)


async def test_another_workspaces_job_cannot_be_watched(events: JobEvents, job_id: UUID) -> None:
    with pytest.raises(NotFound):
        await events.open(Principal(uuid4(), Role.ADMIN, None, "somebody else"), job_id)


class Wire:
    """A GET over bare ASGI whose answer can be read while it is being sent."""

    def __init__(self, app: FastAPI, path: str, token: str) -> None:
        self.body = b""
        headers = [(b"host", b"nexus"), (b"authorization", f"Bearer {token}".encode())]
        self._scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
            "server": ("nexus", 80), "client": ("127.0.0.1", 1),
        }  # fmt: skip
        self.task = asyncio.create_task(app(self._scope, self._receive, self._send))
        self._asked = False

    async def _receive(self) -> dict[str, object]:
        if self._asked:
            await asyncio.Event().wait()
        self._asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.body += message.get("body", b"")


@pytest.fixture
async def wire(app: FastAPI, scope: LoopScope, settings: Settings) -> AsyncIterator[Wire]:
    """The events of a job that runs."""
    async with scope.database.write() as session:
        workspace_id = (await session.scalars(sa.select(Workspace.id))).one()
        job = new_job(JobRequest("ingest", Script(name="it"), "it"), workspace_id, "1")
        session.add(job)
        await session.flush()
        assert await JobLedger(session).start(Attempt(job.id, 1)) is not None
    wire = Wire(app, f"/jobs/{job.id}/events", (settings.secrets_dir / "local_token").read_text().strip())
    yield wire
    wire.task.cancel()
    await asyncio.wait([wire.task])


@pytest.mark.fault("B3")
async def test_a_watching_client_is_told_that_the_server_stops(wire: Wire, scope: LoopScope) -> None:
    await until(lambda: b'"status":"running"' in wire.body)
    await scope.services.job_events.aclose()
    async with asyncio.timeout(10):
        await wire.task
    *_, last = wire.body.decode().strip().split("\n\n")
    assert last.startswith("event: error\n")
    assert '"code":"shutting_down"' in last


@pytest.fixture
def quick_pings(monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds between two comments, as they were before."""
    name = "_PING_INTERVAL"
    usual: float = getattr(fastapi.routing, name)
    monkeypatch.setattr(fastapi.routing, name, 0.01)
    return usual


async def test_a_silent_stream_is_kept_alive_by_comments(quick_pings: float, wire: Wire) -> None:
    assert quick_pings == 15.0
    await until(lambda: wire.body.count(b": ping\n\n") >= 2)


async def test_a_client_that_goes_away_is_forgotten(wire: Wire, scope: LoopScope) -> None:
    await until(lambda: scope.services.job_events.is_polling)
    wire.task.cancel()
    await until(lambda: not scope.services.job_events.is_polling)
