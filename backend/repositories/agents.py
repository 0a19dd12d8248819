"""Agents and what they used."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.models import Agent, AgentCollection, AgentUsage, AgentVersion, Workspace
from backend.errors import AgentNotFound
from backend.repositories.rows import table_of
from contracts.personas import Persona

DEFAULT = "default"
_BY: dict[str, sa.Select[Agent]] = {
    column.key: sa.select(Agent).where(Agent.workspace_id == sa.bindparam("workspace"), column == sa.bindparam("value"))
    for column in (Agent.id, Agent.name, Agent.external_id)
}
"""Built once: every question asks for its agent."""
_PERSONA: Final = sa.select(Workspace.persona).where(Workspace.id == sa.bindparam("workspace"))
_USED: Final = table_of(AgentUsage)
_ADD_USAGE = (
    sa.update(_USED)
    .where(
        _USED.c.workspace_id == sa.bindparam("workspace"),
        _USED.c.agent_id == sa.bindparam("agent"),
        _USED.c.day == sa.bindparam("of_day"),
    )
    .values(
        input_tokens=_USED.c.input_tokens + sa.bindparam("more_in"),
        output_tokens=_USED.c.output_tokens + sa.bindparam("more_out"),
    )
    .returning(_USED.c.day)
)


class AgentRepository:
    """Sees one workspace. Another workspace's agent is not found, as an unknown one is."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def all(self) -> Sequence[Agent]:
        return (await self._session.scalars(self._mine().order_by(Agent.created_at, Agent.id))).all()

    async def names(self) -> dict[UUID, str]:
        """Of all, by id."""
        query = sa.select(Agent.id, Agent.name).where(Agent.workspace_id == self._workspace_id)
        return dict((await self._session.execute(query)).all())

    async def get(self, agent_id: UUID) -> Agent:
        found = await self._by("id", agent_id)
        if found is None:
            raise AgentNotFound(f"no agent {str(agent_id)!r}")
        return found

    async def find(self, ref: str) -> Agent:
        """By another program's id, by its own or by its name, in this order. Raises `AgentNotFound`."""
        found = await self._by("external_id", ref)
        if found is None and (agent_id := _as_uuid(ref)) is not None:
            found = await self._by("id", agent_id)
        if found is None:
            found = await self._by("name", ref)
        if found is None:
            raise AgentNotFound(f"no agent {ref!r}")
        return found

    async def default(self) -> Agent:
        return (await self._session.scalars(_BY["name"], {"workspace": self._workspace_id, "value": DEFAULT})).one()

    async def named(self, name: str) -> Agent | None:
        return await self._by("name", name)

    async def of_other_program(self, external_id: str) -> Agent | None:
        return await self._by("external_id", external_id)

    async def more_collections(self) -> dict[UUID, list[UUID]]:
        """Those that each agent answers from beside its first one, in their order."""
        query = sa.select(AgentCollection.agent_id, AgentCollection.collection_id).where(
            AgentCollection.workspace_id == self._workspace_id
        )
        found: dict[UUID, list[UUID]] = {}
        for agent_id, collection_id in await self._session.execute(query.order_by(AgentCollection.place)):
            found.setdefault(agent_id, []).append(collection_id)
        return found

    async def more_collections_of(self, agent_id: UUID) -> list[UUID]:
        query = sa.select(AgentCollection.collection_id).where(AgentCollection.agent_id == agent_id)
        return list((await self._session.scalars(query.order_by(AgentCollection.place))).all())

    async def give_collections(self, agent: Agent, collection_ids: Sequence[UUID]) -> None:
        """In the place of those that it had beside its first one."""
        await self._session.execute(sa.delete(AgentCollection).where(AgentCollection.agent_id == agent.id))
        base = {"workspace_id": self._workspace_id, "agent_id": agent.id}
        self._session.add_all(AgentCollection(**base, collection_id=id, place=n) for n, id in enumerate(collection_ids))
        await self._session.flush()

    async def default_persona(self) -> Persona:
        """How the workspace's agents speak where they do not say themselves."""
        stored = await self._session.scalar(_PERSONA, {"workspace": self._workspace_id})
        return Persona.model_validate(stored or {})

    async def put_default_persona(self, persona: Persona) -> None:
        stored = persona.model_dump(mode="json", exclude_none=True)
        query = sa.update(Workspace).where(Workspace.id == self._workspace_id).values(persona=stored)
        await self._session.execute(query)

    async def versions(self, agent_id: UUID) -> Sequence[AgentVersion]:
        """Newest first."""
        query = sa.select(AgentVersion).where(*self._versions(agent_id)).order_by(AgentVersion.number.desc())
        return (await self._session.scalars(query)).all()

    async def version(self, agent_id: UUID, number: int) -> AgentVersion | None:
        query = sa.select(AgentVersion).where(*self._versions(agent_id), AgentVersion.number == number)
        return (await self._session.scalars(query)).one_or_none()

    async def add_version(self, version: AgentVersion) -> None:
        self._session.add(version)
        await self._session.flush()

    async def add(self, agent: Agent) -> None:
        self._session.add(agent)
        await self._session.flush()

    async def remove(self, agent: Agent) -> None:
        """With its usage and its versions."""
        await self._session.execute(sa.delete(AgentUsage).where(*self._usage(agent.id)))
        await self._session.execute(sa.delete(AgentVersion).where(*self._versions(agent.id)))
        await self._session.delete(agent)
        await self._session.flush()

    async def used(self, day: str) -> dict[UUID, int]:
        """Tokens in and out of every agent on a day of UTC."""
        total = AgentUsage.input_tokens + AgentUsage.output_tokens
        query = sa.select(AgentUsage.agent_id, total).where(
            AgentUsage.workspace_id == self._workspace_id, AgentUsage.day == day
        )
        return dict((await self._session.execute(query)).all())

    async def used_by(self, agent_id: UUID, day: str) -> int:
        total = AgentUsage.input_tokens + AgentUsage.output_tokens
        return await self._session.scalar(sa.select(total).where(*self._usage(agent_id), AgentUsage.day == day)) or 0

    async def add_usage(self, agent_id: UUID, day: str, *, input_tokens: int, output_tokens: int) -> None:
        """Writers of a workspace take turns, so nobody adds in between. Nothing for an agent that is gone."""
        more = {
            "workspace": self._workspace_id,
            "agent": agent_id,
            "of_day": day,
            "more_in": input_tokens,
            "more_out": output_tokens,
        }
        if await self._session.scalar(_ADD_USAGE, more):
            return
        if await self._by("id", agent_id) is None:
            return
        row = AgentUsage(workspace_id=self._workspace_id, agent_id=agent_id, day=day)
        row.input_tokens, row.output_tokens = input_tokens, output_tokens
        self._session.add(row)
        await self._session.flush()

    def _mine(self) -> sa.Select[Agent]:
        return sa.select(Agent).where(Agent.workspace_id == self._workspace_id)

    async def _by(self, column: str, value: UUID | str) -> Agent | None:
        asked = {"workspace": self._workspace_id, "value": value}
        return (await self._session.scalars(_BY[column], asked)).one_or_none()

    def _versions(self, agent_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
        return AgentVersion.workspace_id == self._workspace_id, AgentVersion.agent_id == agent_id

    def _usage(self, agent_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
        return AgentUsage.workspace_id == self._workspace_id, AgentUsage.agent_id == agent_id


def _as_uuid(ref: str) -> UUID | None:
    try:
        return UUID(ref)
    except ValueError:
        return None
