"""The unit of work: a short transaction with the repositories of one workspace."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.engine import Database
from backend.db.tx import Tx as BaseTx
from backend.repositories.access import AccessRepository, WorkspaceRepository
from backend.repositories.agents import AgentRepository
from backend.repositories.aliases import AliasRepository
from backend.repositories.batches import BatchRepository
from backend.repositories.collections import CollectionRepository
from backend.repositories.comparisons import ComparisonRepository
from backend.repositories.conversations import ConversationRepository
from backend.repositories.datasets import DatasetRepository
from backend.repositories.documents import DocumentRepository
from backend.repositories.drafting import DraftingRepository
from backend.repositories.faqs import FaqRepository
from backend.repositories.jobs import JobRepository
from backend.repositories.leads import LeadRepository
from backend.repositories.overview import OverviewRepository
from backend.repositories.removal import RemovalRepository
from backend.repositories.tuning import TuningRepository

T = TypeVar("T")


class Tx(BaseTx):
    """The repositories of one workspace, in one transaction."""

    @cached_property
    def documents(self) -> DocumentRepository:
        return DocumentRepository(self.session, self.workspace_id)

    @cached_property
    def faqs(self) -> FaqRepository:
        return FaqRepository(self.session, self.workspace_id)

    @cached_property
    def collections(self) -> CollectionRepository:
        return CollectionRepository(self.session, self.workspace_id)

    @cached_property
    def conversations(self) -> ConversationRepository:
        return ConversationRepository(self.session, self.workspace_id)

    @cached_property
    def agents(self) -> AgentRepository:
        return AgentRepository(self.session, self.workspace_id)

    @cached_property
    def access(self) -> AccessRepository:
        return AccessRepository(self.session, self.workspace_id)

    @cached_property
    def jobs(self) -> JobRepository:
        return JobRepository(self.session, self.workspace_id)

    @cached_property
    def leads(self) -> LeadRepository:
        return LeadRepository(self.session, self.workspace_id)

    @cached_property
    def drafting(self) -> DraftingRepository:
        return DraftingRepository(self.session, self.workspace_id)

    @cached_property
    def datasets(self) -> DatasetRepository:
        return DatasetRepository(self.session, self.workspace_id)

    @cached_property
    def tuning(self) -> TuningRepository:
        return TuningRepository(self.session, self.workspace_id)

    @cached_property
    def comparisons(self) -> ComparisonRepository:
        return ComparisonRepository(self.session, self.workspace_id)

    @cached_property
    def batches(self) -> BatchRepository:
        return BatchRepository(self.session, self.workspace_id)

    @cached_property
    def aliases(self) -> AliasRepository:
        return AliasRepository(self.session, self.workspace_id)

    @cached_property
    def removal(self) -> RemovalRepository:
        return RemovalRepository(self.session, self.workspace_id)

    @cached_property
    def overview(self) -> OverviewRepository:
        return OverviewRepository(self.session, self.workspace_id)


class UnitOfWork:
    """`async with uow(workspace_id) as tx` commits on exit; `uow.read(workspace_id)` only reads.

    Writers of a workspace take turns, on every database.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    @asynccontextmanager
    async def __call__(self, workspace_id: UUID) -> AsyncIterator[Tx]:
        async with self.database.write() as session:
            await self.database.take_turn(session, workspace_id.int >> 65)
            tx = Tx(session, workspace_id)
            yield tx
        for callback in tx.callbacks:
            callback()

    @asynccontextmanager
    async def read(self, workspace_id: UUID) -> AsyncIterator[Tx]:
        async with self.database.read() as session:
            yield Tx(session, workspace_id)

    async def reading(self, workspace_id: UUID, work: Callable[[Tx], Awaitable[T]]) -> T:
        """As `read`, in one trip to a thread: for the ways on which many wait. `work` awaits nothing but the
        transaction."""
        return await self.database.read_at_once(lambda session: work(Tx(session, workspace_id)))

    async def writing(self, workspace_id: UUID, work: Callable[[Tx], Awaitable[T]]) -> T:
        """As a transaction that writes, in one trip to a thread; not cut by a cancellation."""

        async def turned(session: AsyncSession) -> tuple[T, Tx]:
            await self.database.take_turn(session, workspace_id.int >> 65)
            tx = Tx(session, workspace_id)
            return await work(tx), tx

        result, tx = await self.database.write_at_once(turned)
        for callback in tx.callbacks:
            callback()
        return result

    @asynccontextmanager
    async def all_workspaces(self) -> AsyncIterator[WorkspaceRepository]:
        """A write transaction over all workspaces: start-up, the command line and sign-in."""
        async with self.database.write() as session:
            await self.database.take_turn(session, 0)
            yield WorkspaceRepository(session)

    @asynccontextmanager
    async def read_all_workspaces(self) -> AsyncIterator[WorkspaceRepository]:
        async with self.database.read() as session:
            yield WorkspaceRepository(session)
