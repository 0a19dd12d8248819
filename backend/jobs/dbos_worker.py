"""Runs durable jobs in this process, on DBOS, on an event loop and thread of its own."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from backend.db.engine import Database
from backend.errors import NexusError
from backend.jobs.base import USUAL, JsonObject, QueueName, Workflow
from backend.jobs.children import errors_by_code
from backend.jobs.context import StepBody
from backend.jobs.dbos_database import SCHEMA, dbos_engine, migrate_jobs, quieten_dbos, serializer
from backend.jobs.execution import Executor
from backend.jobs.executor_lock import ExecutorLock
from backend.jobs.queue import APPLICATION, WORKFLOW, DurableQueue
from backend.jobs.reconciler import Reconciler
from backend.jobs.rows import JobRows
from backend.repositories.jobs import Attempt
from contracts.jobs import JobKind

if TYPE_CHECKING:
    from dbos import DBOSConfig
    from sqlalchemy import Engine

POLL_INTERVAL: Final = 0.2
LONG_POLL_INTERVAL: Final = 1.0
"""Seconds, of the queues whose jobs take minutes and more."""
WATCH_INTERVAL: Final = 0.5
RECONCILE_INTERVAL: Final = 10.0
MAX_RECOVERY_ATTEMPTS: Final = 100
_POOL_SIZE: Final = 10

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerScope:
    """What jobs need, made on the worker's event loop and used nowhere else."""

    database: Database
    workflows: Mapping[JobKind, Workflow]


ScopeFactory = Callable[[], AbstractAsyncContextManager[WorkerScope]]


class DbosWorker:
    """One per process. `start` and `stop` may be called from any event loop; jobs run on the worker's own, so many of
    each queue at once as `concurrency` says.

    What a stopped or killed worker left goes on when the next one starts under the same executor id.
    """

    def __init__(
        self,
        queue: DurableQueue,
        scope: ScopeFactory,
        *,
        data_dir: Path,
        executor_id: str,
        concurrency: Mapping[QueueName, int],
    ) -> None:
        self._queue = queue
        self._scope = scope
        self._data_dir = data_dir
        self._executor_id = executor_id
        self._concurrency = concurrency
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._executor: Executor | None = None
        self._grace = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    async def start(self) -> None:
        """Returns when jobs are picked up. Raises `StartRefused` when another process runs as this executor."""
        lock = ExecutorLock(self._data_dir, self._executor_id)
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready, lock), name="nexus-jobs", daemon=True)
        self._thread.start()
        await asyncio.wrap_future(ready)

    async def stop(self, timeout: float = 20.0) -> None:
        """Picks up nothing more, lets running steps end for a third of `timeout` seconds, then cuts them short.

        The jobs stay running in their rows and go on at the next start.
        """
        thread, loop, stop = self._thread, self._loop, self._stop
        if thread is None or loop is None or stop is None or not thread.is_alive():
            return
        self._grace = timeout / 3
        loop.call_soon_threadsafe(self._begin_stop, stop)
        with ThreadPoolExecutor(1) as waiting:
            await asyncio.get_running_loop().run_in_executor(waiting, thread.join, timeout)
        if thread.is_alive():
            log.error("the job worker did not stop in time", extra={"code": "shutting_down"})

    def _begin_stop(self, stop: asyncio.Event) -> None:
        if self._executor is not None:
            self._executor.stop()
        stop.set()

    def _run(self, ready: "Future[None]", lock: ExecutorLock) -> None:
        failure: BaseException | None = None
        try:
            asyncio.run(self._main(ready, lock))
        except BaseException as exc:  # noqa: BLE001  the end of the thread: it is handed to `start` or logged
            failure = exc
        lock.release()
        if failure is not None and not ready.done():
            ready.set_exception(failure)
        elif failure is not None:
            log.error("the job worker died", exc_info=failure, extra={"code": "internal_error"})

    async def _main(self, ready: "Future[None]", lock: ExecutorLock) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        await asyncio.to_thread(migrate_jobs, self._queue.url)
        async with self._scope() as scope:
            executor = self._executor = Executor(JobRows(scope.database), scope.workflows, _remember)
            reconciler = Reconciler(scope.database, self._queue, lock.is_gone)
            engine = dbos_engine(self._queue.url, synchronous=self._queue.synchronous, pool_size=_POOL_SIZE)
            try:
                await self._register_queues()
                await reconciler.renew_old_versions()
                self._launch(self._config(engine), executor)
                ready.set_result(None)
                await asyncio.gather(
                    self._repeat(executor.cancel_unwanted, WATCH_INTERVAL),
                    self._repeat(reconciler.reconcile, RECONCILE_INTERVAL),
                )
                await self._wind_down()
            finally:
                await self._destroy()
                if engine is not None:
                    engine.dispose()

    async def _register_queues(self) -> None:
        client = await asyncio.to_thread(self._queue.connect)
        for name, at_once in self._concurrency.items():
            interval = POLL_INTERVAL if name == USUAL else LONG_POLL_INTERVAL
            await client.register_queue_async(name, worker_concurrency=at_once, polling_interval_sec=interval)

    def _config(self, engine: "Engine | None") -> "DBOSConfig":
        config: DBOSConfig = {
            "name": APPLICATION,
            "application_version": self._queue.version,
            "executor_id": self._executor_id,
            "dbos_system_schema": SCHEMA,
            "serializer": serializer(),
            "log_level": "WARNING",
            "enable_otlp": False,
            "scheduler_polling_interval_sec": 3600.0,  # there are no schedules
            "notification_listener_polling_interval_sec": 0.25,  # nor listeners, but stopping waits for one turn
        }
        if engine is None:
            config["system_database_url"] = self._queue.url
        else:
            config["system_database_engine"] = engine
        return config

    def _launch(self, config: "DBOSConfig", executor: Executor) -> None:
        """Blocks this loop, on which nothing else runs yet; DBOS adopts the loop it is launched on."""
        from dbos import DBOS

        quieten_dbos()
        DBOS(config=config)

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=MAX_RECOVERY_ATTEMPTS)
        async def job(job_id: str, attempt: int) -> None:
            await self._attempt(executor, Attempt(UUID(job_id), attempt))

        DBOS.launch()

    async def _attempt(self, executor: Executor, attempt: Attempt) -> None:
        if self._stop is None or self._stop.is_set():
            raise asyncio.CancelledError
        task = asyncio.current_task()
        assert task is not None, "DBOS runs a workflow in a task"
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)  # not before DBOS has written the outcome
        await executor.run(attempt)

    async def _repeat(self, work: Callable[[], Awaitable[None]], interval: float) -> None:
        assert self._stop is not None
        while not self._stop.is_set():
            try:
                await work()
            except NexusError as exc:
                log.warning("a pass over the jobs failed: %s", exc, extra={"code": exc.code})
            except Exception:
                log.exception("a pass over the jobs failed", extra={"code": "internal_error"})
            try:
                async with asyncio.timeout(interval):
                    await self._stop.wait()
            except TimeoutError:
                continue

    async def _wind_down(self) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._grace)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._grace)

    async def _destroy(self) -> None:
        from dbos import DBOS

        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as own:
            await loop.run_in_executor(own, lambda: DBOS.destroy(destroy_registry=True))
        loop.set_default_executor(ThreadPoolExecutor(4))  # DBOS put its own there, which is shut down now


async def _remember(name: str, body: StepBody) -> JsonObject:
    """A durable step. A failure that is remembered comes back as the error it was."""
    from dbos import DBOS, PortableWorkflowError

    try:
        return await DBOS.run_step_async({"name": name}, body)
    except PortableWorkflowError as exc:
        kind = errors_by_code().get(str(exc.code))
        if kind is None:
            raise
        raise kind(exc.message) from None
