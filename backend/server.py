"""The API process and the worker process: from start to a clean end."""

import asyncio
import gc
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket
from types import FrameType
from typing import TYPE_CHECKING, Final

import uvicorn

from backend.binding import bound_socket
from backend.data_lock import DataLock
from backend.preparation import prepare
from backend.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

JOBS_SHARE: Final = 0.6
"""Of the seconds for shutting down: first jobs and streams end while /ready tells so, then requests."""

log = logging.getLogger("nexus")


class ApiServer(uvicorn.Server):
    """The application's lifespan runs around the server, so that what refuses the start is one exception."""

    def __init__(self, config: uvicorn.Config, app: "FastAPI", *, seconds: float) -> None:
        super().__init__(config)
        self._app = app
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._winding_down: asyncio.Task[None] | None = None

    async def serve(self, sockets: list[socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        with self.capture_signals():
            async with self._app.router.lifespan_context(self._app):
                await super().serve(sockets)

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        spare_what_stays()
        log.info("the API is ready")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike uvicorn's, does not raise the signal again at the end: a clean end is status 0."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal winds down, a second one ends without waiting for that."""
        if self.started and self._loop is not None and self._winding_down is None:
            self._loop.call_soon_threadsafe(self._begin_to_wind_down)
        else:
            super().handle_exit(sig, frame)

    def _begin_to_wind_down(self) -> None:
        if self._winding_down is None:
            log.info("stopping; jobs go on at the next start")
            self._winding_down = asyncio.create_task(self._wind_down())

    async def _wind_down(self) -> None:
        from backend.app import wind_down

        try:
            await wind_down(self._app, self._seconds * JOBS_SHARE)
        finally:
            self.should_exit = True


def spare_what_stays() -> None:
    """Takes everything made so far out of garbage collection: a full one stops the process for .1 s because of it."""
    gc.collect()
    gc.freeze()


def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Raises `StartRefused`."""
    lock = DataLock(settings.data_dir)
    try:
        prepare(settings)
        listener = bound_socket(settings.api_host, settings.api_port, variable="NEXUS_API_PORT")
        # After what refuses a start, which so is told in a third of the time.
        from backend.app import create_app

        app = create_app(settings, lock)
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=max(1, int(settings.shutdown_seconds * (1 - JOBS_SHARE))),
            timeout_keep_alive=30,
        )
        ApiServer(config, app, seconds=settings.shutdown_seconds).run(sockets=[listener])
    finally:
        lock.release()


async def run_worker(settings: Settings) -> None:
    """Runs jobs, without an API, until SIGTERM or SIGINT. Raises `StartRefused`."""
    from backend.container import Container

    lock = DataLock(settings.data_dir)
    lock.share()
    prepare(settings)
    container = Container(settings)
    worker = container.worker
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        container.files.prepare()
        await worker.start()
        spare_what_stays()
        log.info("worker ready", extra={"executor": settings.executor_id})
        await stopping.wait()
        await worker.stop(settings.shutdown_seconds)
    finally:
        await container.close()
        lock.release()
