"""The parts of the product whose state `/ready` tells."""

from typing import Protocol

from backend.embeddings.base import Embedder
from backend.errors import MissingExtra, NexusError, StoreUnavailable, UnknownStrategy
from backend.repositories.uow import UnitOfWork
from backend.services.system import Part
from backend.settings import Settings
from backend.vectors import VECTOR_STORES


class Running(Protocol):
    """What runs jobs."""

    @property
    def is_running(self) -> bool: ...


class Process(Protocol):
    """What of a process is looked at."""

    @property
    def settings(self) -> Settings: ...
    @property
    def embedder(self) -> Embedder: ...
    @property
    def worker(self) -> Running: ...


class JobRunnerDown(NexusError):
    code, status, title, retryable = "job_runner_down", 503, "The job runner has stopped", True


def readiness(container: Process, uow: UnitOfWork) -> list[Part]:
    async def embedder() -> str:
        await container.embedder.embed(["ready"], kind="query")
        return f"{container.embedder.spec.model}"

    async def database() -> str:
        await uow.database.ping()
        return "SQLite" if uow.database.is_sqlite else "PostgreSQL"

    async def jobs() -> str:
        if not container.worker.is_running:
            raise JobRunnerDown("the job runner has stopped; restart AI Nexus")
        return "in this process"

    async def vector_store() -> str:
        async with uow.read_all_workspaces() as all_workspaces:
            kept_in = await all_workspaces.vector_stores()
        names = sorted({*kept_in, container.settings.vector_store})
        for name in names:
            _require_store(name)
        return ", ".join(names)

    parts = [
        Part("database", "Database", database),
        Part("embedder", "Embedding model", embedder),
        Part("vector_store", "Vector store", vector_store),
    ]
    return [*parts, Part("jobs", "Job runner", jobs)] if container.settings.jobs == "here" else parts


def _require_store(name: str) -> None:
    """That it could be made; opening a large index is not for a check. Raises `StoreUnavailable`."""
    try:
        VECTOR_STORES.get(name)
    except (UnknownStrategy, MissingExtra) as exc:
        raise StoreUnavailable(f"{exc}; a collection is kept there, so bring it back or make that one anew") from exc
