"""The unit of work: a short transaction with the repositories of one workspace."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from uuid import UUID

from backend.db.engine import Database
from backend.db.tx import Tx as BaseTx
from backend.repositories.jobs import JobRepository


class Tx(BaseTx):
    """The repositories of one workspace, in one transaction."""

    @cached_property
    def jobs(self) -> JobRepository:
        return JobRepository(self.session, self.workspace_id)


class UnitOfWork:
    """`async with uow(workspace_id) as tx` commits on exit; `uow.read(workspace_id)` only reads."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @asynccontextmanager
    async def __call__(self, workspace_id: UUID) -> AsyncIterator[Tx]:
        async with self.database.write() as session:
            tx = Tx(session, workspace_id)
            yield tx
        for callback in tx.callbacks:
            callback()

    @asynccontextmanager
    async def read(self, workspace_id: UUID) -> AsyncIterator[Tx]:
        async with self.database.read() as session:
            yield Tx(session, workspace_id)
