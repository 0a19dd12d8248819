"""Counts for the home page. Each counts by an index range."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.db.models import Collection, Document, Faq, Job, Message
from backend.repositories.jobs import UNFINISHED
from backend.repositories.removal import REMOVING
from contracts.documents import DocumentStatus
from contracts.jobs import JobStatus


class OverviewRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def unfinished_jobs(self) -> int:
        return await self._jobs(Job.status.in_(UNFINISHED))

    async def failed_documents(self) -> int:
        """Documents that could not be read: their latest job failed, and none before it succeeded."""
        unread = sa.exists().where(
            Document.id == Job.document_id,
            Document.job_id == Job.id,
            Document.status.not_in((DocumentStatus.READY.value, *REMOVING)),
        )
        return await self._jobs(Job.status == JobStatus.FAILED, unread)

    async def failed_updates(self, since: datetime) -> int:
        """Collections whose latest sync failed, and ingestions that failed after `since`: nothing says of an
        older one whether the program that asked for it has sent it again."""
        current = sa.exists().where(Collection.id == Job.collection_id, Collection.job_id == Job.id)
        recent = sa.and_(Job.kind == "ingest", Job.finished_at >= since)
        return await self._jobs(Job.status == JobStatus.FAILED, sa.or_(current, recent))

    async def _jobs(self, *where: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(Job).where(Job.workspace_id == self._workspace_id, *where)
        return await self._session.scalar(query) or 0

    async def documents_by_day(self, since: datetime) -> dict[str, int]:
        there = sa.and_(Document.workspace_id == self._workspace_id, Document.status.not_in(REMOVING))
        return await self._by_day(Document.created_at, since, there)

    async def approved_by_day(self, since: datetime) -> dict[str, int]:
        """Approved FAQs by the day of their last change."""
        approved = sa.and_(Faq.workspace_id == self._workspace_id, Faq.status == "approved")
        return await self._by_day(Faq.updated_at, since, approved)

    async def answers_by_day(self, since: datetime, *, answered: bool) -> dict[str, int]:
        answers = sa.and_(
            Message.workspace_id == self._workspace_id, Message.role == "assistant", Message.answered.is_(answered)
        )
        return await self._by_day(Message.created_at, since, answers)

    async def _by_day(
        self, column: InstrumentedAttribute[datetime], since: datetime, where: sa.ColumnElement[bool]
    ) -> dict[str, int]:
        day = sa.cast(sa.func.date(column), sa.String)
        query = sa.select(day, sa.func.count()).where(where, column >= since).group_by(day)
        return dict((await self._session.execute(query)).all())
