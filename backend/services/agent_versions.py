"""What an agent was: each change of its settings is a version of them, and one can be gone back to."""

from backend.db.models import Agent, AgentVersion
from backend.errors import NotFound
from backend.repositories.uow import Tx
from backend.services.agent_views import settings_of
from contracts import agents as wire


async def keep_first(tx: Tx, agent: Agent, author: str, note: str) -> None:
    agent.version = 1
    await _keep(tx, agent, await settings_of(tx, agent), author, note)


async def keep_change(tx: Tx, agent: Agent, before: wire.AgentSettings, author: str, note: str = "") -> None:
    """Nothing where the settings are what they were `before`."""
    after = await settings_of(tx, agent)
    if after == before:
        return
    if await tx.agents.version(agent.id, agent.version) is None:
        await _keep(tx, agent, before, "", "")  # an agent from before versions were kept
    agent.version += 1
    await _keep(tx, agent, after, author, note)


async def versions_of(tx: Tx, agent: Agent) -> list[wire.AgentVersion]:
    """Newest first; the first of them is what the agent is."""
    kept = [_to_wire(row) for row in await tx.agents.versions(agent.id)]
    if kept:
        return kept
    settings = await settings_of(tx, agent)
    return [wire.AgentVersion(number=agent.version, settings=settings, note="", author="", created_at=agent.created_at)]


async def version_of(tx: Tx, agent: Agent, number: int) -> wire.AgentVersion:
    """Raises `NotFound`."""
    found = next((one for one in await versions_of(tx, agent) if one.number == number), None)
    if found is None:
        raise NotFound(f"the agent {agent.name!r} has no version {number}; its newest is {agent.version}")
    return found


async def _keep(tx: Tx, agent: Agent, settings: wire.AgentSettings, author: str, note: str) -> None:
    await tx.agents.add_version(
        AgentVersion(
            workspace_id=tx.workspace_id,
            agent_id=agent.id,
            number=agent.version,
            settings=settings.model_dump(mode="json"),
            note=note,
            author=author,
        )
    )


def _to_wire(row: AgentVersion) -> wire.AgentVersion:
    return wire.AgentVersion(
        number=row.number,
        settings=wire.AgentSettings.model_validate(row.settings),
        note=row.note,
        author=row.author,
        created_at=row.created_at,
    )
