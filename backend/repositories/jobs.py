from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.models import Job


class JobRepository:
    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def add(self, job: Job) -> None:
        self._session.add(job)
        await self._session.flush()
