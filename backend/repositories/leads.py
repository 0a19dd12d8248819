"""Leads, and what their visitors agreed to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.leads import Consent, Lead, LeadView
from backend.db.models import Conversation, utc_now
from backend.errors import NotFound
from backend.repositories.paging import Keyset, Slice, cursor_behind, page_of
from contracts.lead_records import LeadSort

_KEYSETS: Final[dict[LeadSort, Keyset]] = {
    "newest": Keyset.by(Lead.created_at, Lead.id, descending=True),
    "score": Keyset.by(Lead.score, Lead.created_at, Lead.id, descending=True),
    "updated": Keyset.by(Lead.updated_at, Lead.id, descending=True),
}


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """`score` is the least, as it was when something was last said; of `since` and later ones."""

    stage: str | None = None
    agent_id: UUID | None = None
    owner: str | None = None
    score: int | None = None
    since: datetime | None = None


class Alike(NamedTuple):
    """A lead, and the hashes by which its person is known."""

    id: UUID
    email_hash: str | None
    phone_hash: str | None


class LeadRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def page(self, where: LeadFilter, sort: LeadSort, slice_: Slice) -> tuple[Sequence[Lead], str | None]:
        """Without those that are part of another one."""
        query = self._alive().where(Lead.merged_into.is_(None), *_conditions(where))
        return await page_of(self._session, query, _KEYSETS[sort], slice_)

    def cursor(self, lead: Lead, sort: LeadSort) -> str:
        """Of the page behind a lead."""
        return cursor_behind(lead, _KEYSETS[sort])

    async def get(self, lead_id: UUID) -> Lead:
        """Raises `NotFound`, also for one whose time is over."""
        found = (await self._session.scalars(self._alive().where(Lead.id == lead_id))).one_or_none()
        if found is None:
            raise NotFound(f"no lead {str(lead_id)!r}")
        return found

    async def find(self, lead_id: UUID) -> Lead | None:
        """Also one whose time is over."""
        return (await self._session.scalars(self._mine().where(Lead.id == lead_id))).one_or_none()

    async def of_conversation(self, conversation_id: UUID) -> Lead | None:
        query = self._mine().where(Lead.conversation_id == conversation_id)
        return (await self._session.scalars(query)).one_or_none()

    async def parts(self, lead_ids: Sequence[UUID]) -> dict[UUID, list[Lead]]:
        """For each those that were merged into it, and those that were merged into these."""
        found: dict[UUID, list[Lead]] = {lead_id: [] for lead_id in lead_ids}
        of = {lead_id: lead_id for lead_id in lead_ids}
        while of:
            query = self._mine().where(Lead.merged_into.in_(of)).order_by(Lead.created_at, Lead.id)
            level: dict[UUID, UUID] = {}
            for row in await self._session.scalars(query):
                if row.merged_into is not None:
                    level[row.id] = of[row.merged_into]
                    found[level[row.id]].append(row)
            of = level
        return found

    async def roots(self, lead_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """For each the one that it is part of, and that is part of none; itself where there is none."""
        found = {lead_id: lead_id for lead_id in lead_ids}
        while found:
            query = sa.select(Lead.id, Lead.merged_into).where(
                Lead.workspace_id == self._workspace_id, Lead.id.in_(set(found.values())), Lead.merged_into.is_not(None)
            )
            above = dict((await self._session.execute(query)).all())
            if not above:
                break
            found = {lead_id: above.get(root) or root for lead_id, root in found.items()}
        return found

    async def alike(self, leads: Sequence[Lead]) -> list[Alike]:
        """All leads with an e-mail address or a number that one of these has, these included."""
        mails = {one.email_hash for one in leads if one.email_hash}
        phones = {one.phone_hash for one in leads if one.phone_hash}
        if not (mails or phones):
            return []
        query = sa.select(Lead.id, Lead.email_hash, Lead.phone_hash).where(
            Lead.workspace_id == self._workspace_id,
            _is_alive(),
            sa.or_(Lead.email_hash.in_(mails), Lead.phone_hash.in_(phones)),
        )
        return [Alike(id, mail, phone) for id, mail, phone in await self._session.execute(query)]

    async def of_agent(self, agent_id: UUID) -> bool:
        """Whether there is one of that agent, which may be deleted since."""
        query = self._mine().where(Lead.agent_id == agent_id).limit(1)
        return (await self._session.scalars(query)).one_or_none() is not None

    async def add(self, lead: Lead) -> None:
        self._session.add(lead)
        await self._session.flush()

    async def remove(self, lead: Lead) -> None:
        await self._session.delete(lead)
        await self._session.flush()

    async def erase(self, conversation_ids: Sequence[UUID]) -> int:
        """These conversations with all that was said in them, their leads and consents; how many there were."""
        gone = sa.delete(Conversation).where(
            Conversation.workspace_id == self._workspace_id, Conversation.id.in_(conversation_ids)
        )
        return len((await self._session.scalars(gone.returning(Conversation.id))).all())

    # --- consent -----------------------------------------------------------------
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

    # --- saved views ---------------------------------------------------------------
    async def views(self) -> Sequence[LeadView]:
        """By name."""
        query = sa.select(LeadView).where(LeadView.workspace_id == self._workspace_id).order_by(LeadView.name)
        return (await self._session.scalars(query)).all()

    async def view(self, name: str) -> LeadView:
        """Raises `NotFound`, which names those that exist."""
        found = await self._session.get(LeadView, (self._workspace_id, name))
        if found is None:
            known = [one.name for one in await self.views()]
            raise NotFound(f"no view of leads {name!r}; known: {known}")
        return found

    async def put_view(self, view: LeadView) -> None:
        """In the place of one of that name."""
        await self._session.merge(view)
        await self._session.flush()

    async def remove_view(self, view: LeadView) -> None:
        await self._session.delete(view)
        await self._session.flush()

    def _alive(self) -> sa.Select[Lead]:
        return self._mine().where(_is_alive())

    def _mine(self) -> sa.Select[Lead]:
        return sa.select(Lead).where(Lead.workspace_id == self._workspace_id)


def _is_alive() -> sa.ColumnElement[bool]:
    return sa.or_(Lead.expires_at.is_(None), Lead.expires_at > utc_now())


def _conditions(where: LeadFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if where.stage is not None:
        found.append(Lead.stage == where.stage)
    if where.agent_id is not None:
        found.append(Lead.agent_id == where.agent_id)
    if where.owner is not None:
        found.append(Lead.owner == where.owner)
    if where.score is not None:
        found.append(Lead.score >= where.score)
    if where.since is not None:
        found.append(Lead.created_at >= where.since)
    return found
