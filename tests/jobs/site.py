"""A database with jobs in it, and workflows that do as their payload says."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import BaseModel, JsonValue

from backend.db.engine import Database
from backend.db.models import Base, Workspace
from backend.errors import ChildFailed, NoText
from backend.jobs.base import JobContext, JobRequest, JobRunner, Queued, QueueName, Workflow, workflow
from backend.jobs.dbos_database import migrate_jobs
from backend.jobs.dbos_worker import DbosWorker, ScopeFactory, WorkerScope
from backend.jobs.poison import run_with_poison_guard
from backend.jobs.queue import WORKFLOW_VERSION, DurableQueue
from backend.repositories.uow import UnitOfWork
from contracts.jobs import Job, JobKind

PATIENCE = 30.0
WORKSPACE = UUID(int=1)
SECRET = "a value that must not leave the log"
Action = Literal["count", "no_text", "bug", "wait", "gate", "crash", "crash_twice", "yield_", "meet", "stray"]


class Script(Queued):
    """`steps` numbered steps; the last, or that of number `at`, does `action`."""

    name: str
    steps: int = 1
    action: Action = "count"
    at: int | None = None


class Number(BaseModel):
    value: int


@dataclass
class Desk:
    """What scripts did, as `name:step` in order, how many at once, and the gates that hold them up."""

    log: list[str] = field(default_factory=list)
    gates: dict[str, threading.Event] = field(default_factory=dict)
    active: int = 0
    peak: int = 0

    def gate(self, name: str) -> threading.Event:
        return self.gates.setdefault(name, threading.Event())

    def said(self, line: str) -> Callable[[], bool]:
        return lambda: line in self.log

    async def script(self, context: JobContext, script: Script) -> dict[str, JsonValue]:
        total = 0
        for number in range(script.steps):
            acts = number == (script.steps - 1 if script.at is None else script.at)
            act = self._action(context, script, number, script.action if acts else "count")
            total += (await context.step(f"step {number}", Number, act)).value
            await context.progress("counting", done=number + 1, total=script.steps, overall=(number + 1) / script.steps)
        return {"total": total}

    def _action(
        self, context: JobContext, script: Script, number: int, action: Action
    ) -> Callable[[], Coroutine[Any, Any, Number]]:
        line = f"{script.name}:{number}"

        async def act() -> Number:
            self.log.append(line)
            self.active += 1
            self.peak = max(self.peak, self.active)
            try:
                await getattr(self, f"_{action}")(context, script.name)
            finally:
                self.active -= 1
            return Number(value=number)

        return act

    async def _count(self, _context: JobContext, _name: str) -> None:
        return

    async def _no_text(self, _context: JobContext, name: str) -> None:
        raise NoText(f"{name!r} has no text")

    async def _bug(self, _context: JobContext, _name: str) -> None:
        raise KeyError(SECRET)

    async def _wait(self, _context: JobContext, name: str) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.log.append(f"{name}:interrupted")
            raise

    async def _gate(self, _context: JobContext, name: str) -> None:
        await until(self.gate(name).is_set)

    async def _crash(self, _context: JobContext, name: str) -> None:
        await run_with_poison_guard(f"{name}.pdf", self._dies(name), backoff=0.01)

    async def _crash_twice(self, _context: JobContext, name: str) -> None:
        await run_with_poison_guard(f"{name}.pdf", self._dies(name, times=2), backoff=0.01)

    def _dies(self, name: str, times: int = 99) -> Callable[[], Coroutine[Any, Any, None]]:
        async def run() -> None:
            self.log.append(f"{name}:child")
            if self.log.count(f"{name}:child") <= times:
                raise ChildFailed("the child was killed by signal SIGKILL")

        return run

    async def _yield_(self, _context: JobContext, _name: str) -> None:
        for _ in range(5):
            await asyncio.sleep(0.01)

    async def _stray(self, _context: JobContext, _name: str) -> None:
        raise asyncio.CancelledError

    async def _meet(self, _context: JobContext, _name: str) -> None:
        await until(lambda: self.peak == 2)

    @property
    def workflows(self) -> dict[JobKind, Workflow]:
        return {"ingest": workflow(Script, self.script)}


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


@cache
def _template(workspace_id: UUID) -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "nexus.db"
        url = f"sqlite:///{path}"
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            Base.metadata.create_all(connection)
            connection.execute(sa.insert(Workspace).values(id=workspace_id, name="test"))
        engine.dispose()
        migrate_jobs(url)
        return path.read_bytes()


def make_database(directory: Path) -> tuple[str, UUID]:
    """The URL of a database with our tables and DBOS's, and its only workspace."""
    path = directory / "nexus.db"
    path.write_bytes(_template(WORKSPACE))
    return f"sqlite:///{path}", WORKSPACE


@dataclass
class Site:
    """A test's view of one database, on the test's event loop."""

    uow: UnitOfWork
    workspace_id: UUID
    desk: Desk
    runner: JobRunner

    async def submit(self, script: Script, *, delay: float = 0.0, id_: UUID | None = None) -> UUID:
        async with self.uow(self.workspace_id) as tx:
            return await self.runner.submit(tx, JobRequest("ingest", script, script.name, delay=delay, id=id_))

    async def job(self, job_id: UUID) -> Job:
        async with self.uow.read(self.workspace_id) as tx:
            return await tx.jobs.get(job_id)

    async def when(self, job_id: UUID, true: Callable[[Job], bool]) -> Job:
        async with asyncio.timeout(PATIENCE):
            while not true(job := await self.job(job_id)):
                await asyncio.sleep(0.02)
        return job

    async def ended(self, job_id: UUID) -> Job:
        return await self.when(job_id, lambda job: job.status.is_final)


def scope_with(url: str, workflows: Mapping[JobKind, Workflow]) -> ScopeFactory:
    @asynccontextmanager
    async def scope() -> AsyncIterator[WorkerScope]:
        database = Database(url)
        try:
            yield WorkerScope(database, workflows)
        finally:
            await database.aclose()

    return scope


class OwnWorker(DbosWorker):
    """A worker with a queue of its own, which it closes."""

    def __init__(self, url: str, desk: Desk, *, version: str, concurrency: int) -> None:
        self._own = DurableQueue(url, version=version)
        scope = scope_with(url, desk.workflows)
        at_once: dict[QueueName, int] = {"jobs": concurrency, "trainings": 1, "remote_trainings": 2}
        super().__init__(self._own, scope, data_dir=directory_of(url), executor_id="api", concurrency=at_once)

    async def stop(self, timeout: float = 6.0) -> None:
        await super().stop(timeout)
        self._own.close()


def worker_of(url: str, desk: Desk, *, version: str = WORKFLOW_VERSION, concurrency: int = 4) -> OwnWorker:
    return OwnWorker(url, desk, version=version, concurrency=concurrency)


@asynccontextmanager
async def running(worker: DbosWorker) -> AsyncIterator[DbosWorker]:
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop(6.0)


def directory_of(url: str) -> Path:
    return Path(str(sa.make_url(url).database)).parent


def run_aside(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end on an event loop of its own, from code that may stand on another."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


def sql(url: str, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(str(sa.make_url(url).database), timeout=10)
    try:
        with connection:
            return connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()
