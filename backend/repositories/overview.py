"""Counts for the home page. Each counts by an index range."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.db.models import Document, Faq, Job, Message


class OverviewRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def jobs_by_status(self) -> dict[str, int]:
        query = sa.select(Job.status, sa.func.count()).where(Job.workspace_id == self._workspace_id)
        return dict((await self._session.execute(query.group_by(Job.status))).all())

    async def documents_by_day(self, since: datetime) -> dict[str, int]:
        return await self._by_day(Document.created_at, since, Document.workspace_id == self._workspace_id)

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
