"""A process to kill: `python -m tests.jobs.worker_program <directory> <work | submit>`.

`work` runs jobs until SIGTERM. `submit` submits one job, begins to submit another, says so and waits to be killed.
"""

import asyncio
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid5

from pydantic import JsonValue

from backend.db.engine import Database
from backend.jobs.base import JobContext, JobRequest, workflow
from backend.jobs.dbos_worker import DbosWorker
from backend.jobs.queue import DurableQueue
from backend.jobs.runner import DbosRunner
from backend.repositories.uow import UnitOfWork
from tests.jobs.site import WORKSPACE, Number, Script, scope_with

STEPS = 20
MAY_END = "may-end"
"""The last step waits for a file of this name, so that no job is over before it is killed."""
READY = "ready"


def effects_of(directory: Path) -> sqlite3.Connection:
    """Where the steps write: one row a step under a deterministic id, and one a run of it."""
    connection = sqlite3.connect(directory / "effects.db", timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS effect (id TEXT PRIMARY KEY, value INTEGER)")
    connection.execute("CREATE TABLE IF NOT EXISTS run (step INTEGER)")
    return connection


async def sum_up(directory: Path, context: JobContext, script: Script) -> dict[str, JsonValue]:
    total = 0
    for number in range(script.steps):

        async def write(number: int = number, so_far: int = total) -> Number:
            while number == script.steps - 1 and not (directory / MAY_END).exists():
                await asyncio.sleep(0.005)
            with closing(effects_of(directory)) as effects:
                effects.execute("INSERT INTO run VALUES (?)", (number,))
                await asyncio.sleep(0.005)
                name = str(uuid5(UUID(int=7), f"{script.name}:{number}"))
                effects.execute("INSERT OR REPLACE INTO effect VALUES (?, ?)", (name, so_far + number))
            return Number(value=number)

        total += (await context.step(f"step {number}", Number, write)).value
        await context.progress("adding", done=number + 1, total=script.steps, overall=(number + 1) / script.steps)
    return {"total": total}


async def work(directory: Path, url: str) -> None:
    async def run(context: JobContext, script: Script) -> dict[str, JsonValue]:
        return await sum_up(directory, context, script)

    queue = DurableQueue(url)
    worker = DbosWorker(
        queue,
        scope_with(url, {"ingest": workflow(Script, run)}),
        data_dir=directory,
        executor_id="api",
        concurrency={"jobs": 2},
    )
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await worker.start()
    say(READY)
    await stop.wait()
    await worker.stop(3.0)
    queue.close()


async def submit(url: str) -> None:
    database, queue = Database(url), DurableQueue(url)
    uow = UnitOfWork(database)
    runner = DbosRunner(uow, queue)
    async with uow(WORKSPACE) as tx:
        accepted = await runner.submit(tx, JobRequest("ingest", Script(name="accepted", steps=2), "accepted"))
    async with uow(WORKSPACE) as tx:
        unaccepted = await runner.submit(tx, JobRequest("ingest", Script(name="unaccepted", steps=2), "unaccepted"))
        say(f"{accepted} {unaccepted}")
        signal.pause()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    where = Path(sys.argv[1])
    database_url = f"sqlite:///{where / 'nexus.db'}"
    asyncio.run(work(where, database_url) if sys.argv[2] == "work" else submit(database_url))
