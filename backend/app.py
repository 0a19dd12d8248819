"""`create_app(settings)`: the API as an ASGI application."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Final

from fastapi import FastAPI
from fastapi.middleware import Middleware
from fastapi.telemetry import TelemetryConfig

from backend import problems
from backend.container import Container
from backend.data_lock import DataLock
from backend.embeddings.base import Embedder
from backend.errors import ModelUnavailable, StartRefused
from backend.jobs.dbos_worker import DbosWorker
from backend.middleware import BodyLimitMiddleware
from backend.preparation import database_files
from backend.routers import ROUTERS
from backend.services.app_services import AppServices
from backend.settings import Settings
from backend.tracing import track
from backend.tracing.config import LangfuseTarget, OpikTarget, OtlpTarget, Target, TracingConfig
from backend.tracing.metrics import MetricsMiddleware
from backend.tracing.request_id import RequestIdMiddleware

MULTIPART_OVERHEAD: Final = 1024 * 1024
_NO_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's own sends spans and exception texts to whatever the environment names; ours is an allow-list."""

log = logging.getLogger("nexus")


def create_app(settings: Settings, lock: DataLock | None = None) -> FastAPI:
    """The `lock` on the data directory, when this process is alone on it, is shared once leftovers are removed."""
    container = Container(settings)
    app = FastAPI(
        title="AI Nexus",
        version=version("ai-nexus"),
        lifespan=_lifespan(settings, container, lock),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        middleware=[
            Middleware(RequestIdMiddleware),
            Middleware(MetricsMiddleware, metrics=container.metrics),
            Middleware(
                BodyLimitMiddleware,
                limit=settings.body_limit,
                larger={
                    "/faq/upload": settings.upload_request_limit + MULTIPART_OVERHEAD,
                    "/datasets/import": settings.upload_limit + MULTIPART_OVERHEAD,
                },
            ),
        ],
    )
    app.state.stopping, app.state.worker = asyncio.Event(), None
    problems.install(app)
    for router in ROUTERS:
        # `include_router` would match each request through a wrapper around every router: half of its time.
        app.router.routes.extend(router.routes)
    return app


async def _try_model(embedder: Embedder) -> None:
    """A damaged model is seen now, not by a user."""
    try:
        await embedder.embed(["ready"], kind="query")
    except ModelUnavailable as exc:
        raise StartRefused(str(exc)) from exc


def _lifespan(
    settings: Settings, container: Container, lock: DataLock | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(container.close)
            track.configure(_tracing(settings), on_drop=container.metrics.count_dropped_spans)
            stack.callback(track.shutdown)
            scope = await stack.enter_async_context(container.loop_scope())
            await scope.services.access.prepare()
            await _try_model(container.embedder)
            container.files.prepare()
            app.state.services, app.state.scope = scope.services, scope
            if settings.jobs == "here":
                worker = app.state.worker = container.worker
                await worker.start()
                stack.push_async_callback(worker.stop, settings.shutdown_seconds)
            if lock is None or lock.is_alone:
                container.files.sweep_incoming()
                await scope.services.idempotency.release_all()
                await scope.services.conversations.end_open()
                await scope.services.documents.sweep_files(since=database_files(settings).restored_at())
            await scope.services.documents.finish_removals()
            stack.push_async_callback(_ended, asyncio.create_task(scope.services.upkeep.run()))
            if lock is not None:
                lock.share()
            stack.push_async_callback(stop_streams, app)
            yield

    return lifespan


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def wind_down(app: FastAPI, seconds: float) -> None:
    """Ends streams and jobs while requests are still answered. Safe to repeat."""
    await stop_streams(app)
    worker: DbosWorker | None = app.state.worker
    if worker is not None:
        await worker.stop(seconds)


async def stop_streams(app: FastAPI) -> None:
    """Readiness turns to down and every event stream ends with `shutting_down`. Safe to repeat."""
    services: AppServices = app.state.services
    services.system.is_stopping = True
    app.state.stopping.set()
    await services.job_events.aclose()


def _tracing(settings: Settings) -> TracingConfig:
    targets: list[Target] = []
    if settings.opik_url:
        key = settings.opik_api_key.get_secret_value() if settings.opik_api_key else None
        targets.append(OpikTarget(settings.opik_url, settings.opik_project, settings.opik_workspace, key))
    if settings.langfuse_url:
        if not settings.langfuse_public_key or settings.langfuse_secret_key is None:
            raise StartRefused(
                "NEXUS_LANGFUSE_URL is set; set NEXUS_LANGFUSE_PUBLIC_KEY and NEXUS_LANGFUSE_SECRET_KEY too"
            )
        secret = settings.langfuse_secret_key.get_secret_value()
        targets.append(LangfuseTarget(settings.langfuse_url, settings.langfuse_public_key, secret))
    if settings.otlp_url:
        targets.append(OtlpTarget(settings.otlp_url))
    return TracingConfig(targets=tuple(targets), service_version=version("ai-nexus"))
