"""What `nexus key` works with. Imports no other service: those are most of a start."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.db.engine import Database
from backend.embeddings import EMBEDDERS
from backend.registry import chosen
from backend.repositories.uow import UnitOfWork
from backend.services.access import AccessService
from backend.settings import Settings
from backend.vectors import VECTOR_STORES


@asynccontextmanager
async def key_access(settings: Settings) -> AsyncIterator[AccessService]:
    """The service that makes, lists and revokes keys; it signs nobody in. Raises `StartRefused`."""
    chosen(VECTOR_STORES, settings.vector_store, "NEXUS_VECTOR_STORE")
    spec = chosen(EMBEDDERS, settings.embedder, "NEXUS_EMBEDDER")().spec
    synchronous, busy_timeout = settings.db_synchronous, settings.db_busy_timeout
    database = Database(settings.database, synchronous=synchronous, busy_timeout=busy_timeout)
    try:
        yield AccessService(
            UnitOfWork(database), auth=settings.auth, local_token=None, spec=spec, store=settings.vector_store
        )
    finally:
        await database.aclose()
