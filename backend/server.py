"""The API process: uvicorn, with streams told to end before the server waits for them."""

import asyncio
import logging
import signal
from types import FrameType

import uvicorn
from fastapi import FastAPI

from backend.app import create_app, prepare, stop_streams
from backend.settings import Settings

log = logging.getLogger("nexus")


class ApiServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._stopping: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends streams and lets the rest finish; a second one stops at once."""
        super().handle_exit(sig, frame)
        if self._stopping is None:
            loop = asyncio.get_running_loop()
            self._stopping = loop.create_task(stop_streams(self._app))


def serve(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Raises `StartRefused`."""
    prepare(settings)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=int(settings.shutdown_seconds),
        timeout_keep_alive=30,
    )
    ApiServer(config, app).run()


async def run_worker(settings: Settings) -> None:
    """Runs jobs, without an API, until SIGTERM or SIGINT."""
    from backend.container import Container

    container = Container(settings)
    worker = container.worker()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        container.files.prepare()
        await worker.start()
        log.info("worker ready", extra={"executor": settings.executor_id})
        await stopping.wait()
        await worker.stop(settings.shutdown_seconds)
    finally:
        await container.close()
