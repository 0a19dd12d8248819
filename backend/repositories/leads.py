"""Leads, and what their visitors agreed to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.leads import Consent, Lead
from backend.errors import NotFound


class LeadRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def all(self) -> Sequence[Lead]:
        """Newest first, those that are part of another one included."""
        return (await self._session.scalars(self._mine().order_by(Lead.created_at.desc(), Lead.id.desc()))).all()

    async def get(self, lead_id: UUID) -> Lead:
        """Raises `NotFound`."""
        found = (await self._session.scalars(self._mine().where(Lead.id == lead_id))).one_or_none()
        if found is None:
            raise NotFound(f"no lead {str(lead_id)!r}")
        return found

    async def of_conversation(self, conversation_id: UUID) -> Lead | None:
        query = self._mine().where(Lead.conversation_id == conversation_id)
        return (await self._session.scalars(query)).one_or_none()

    async def parts(self, lead_id: UUID) -> list[Lead]:
        """Those that were merged into it, and those that were merged into these."""
        found: list[Lead] = []
        level = [lead_id]
        while level:
            query = self._mine().where(Lead.merged_into.in_(level)).order_by(Lead.created_at, Lead.id)
            rows = (await self._session.scalars(query)).all()
            found += rows
            level = [row.id for row in rows]
        return found

    async def alike(self, leads: Sequence[Lead]) -> list[tuple[UUID, str | None, str | None]]:
        """(id, hash of its e-mail address, of its number) of all leads with one that these have."""
        mails = {one.email_hash for one in leads if one.email_hash}
        phones = {one.phone_hash for one in leads if one.phone_hash}
        if not (mails or phones):
            return []
        query = sa.select(Lead.id, Lead.email_hash, Lead.phone_hash).where(
            Lead.workspace_id == self._workspace_id,
            sa.or_(Lead.email_hash.in_(mails), Lead.phone_hash.in_(phones)),
        )
        return [(id, mail, phone) for id, mail, phone in await self._session.execute(query)]

    async def add(self, lead: Lead) -> None:
        self._session.add(lead)
        await self._session.flush()

    async def remove(self, lead: Lead) -> None:
        await self._session.delete(lead)
        await self._session.flush()

    async def consent(self, conversation_id: UUID) -> Consent | None:
        query = sa.select(Consent).where(
            Consent.workspace_id == self._workspace_id, Consent.conversation_id == conversation_id
        )
        return (await self._session.scalars(query)).one_or_none()

    async def consents(self, conversation_ids: Sequence[UUID]) -> dict[UUID, Consent]:
        query = sa.select(Consent).where(
            Consent.workspace_id == self._workspace_id, Consent.conversation_id.in_(conversation_ids)
        )
        return {row.conversation_id: row for row in await self._session.scalars(query)}

    async def put_consent(self, consent: Consent) -> None:
        """In the place of an earlier one of that conversation."""
        await self._session.merge(consent)
        await self._session.flush()

    async def new_since(self, since: datetime) -> int:
        query = sa.select(sa.func.count()).where(
            Lead.workspace_id == self._workspace_id, Lead.created_at >= since, Lead.merged_into.is_(None)
        )
        return await self._session.scalar(query) or 0

    def _mine(self) -> sa.Select[Lead]:
        return sa.select(Lead).where(Lead.workspace_id == self._workspace_id)
