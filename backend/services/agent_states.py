"""Whether an agent can be asked: what it was created with must be in its collection, and it must not be archived."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from backend.db.models import Agent
from backend.errors import Conflict
from backend.repositories.uow import Tx
from contracts.agents import AgentState
from contracts.jobs import Job, JobStatus


class AgentNotReady(Conflict):
    """What it was created with is not in its collection, or it was archived."""

    code, title = "agent_not_ready", "The agent answers nothing now"


@dataclass(frozen=True, slots=True)
class Standing:
    state: AgentState
    reason: str | None = None


READY = Standing("ready")


async def standing_of(tx: Tx, agent: Agent) -> Standing:
    """Costs a query only for an agent that was created with knowledge."""
    return (await standings_of(tx, [agent]))[agent.id]


async def standings_of(tx: Tx, agents: Sequence[Agent]) -> dict[UUID, Standing]:
    """By the agent's id."""
    job_ids = [agent.job_id for agent in agents if agent.job_id is not None]
    jobs = await tx.jobs.those(job_ids) if job_ids else {}
    return {agent.id: _standing(agent, jobs.get(agent.job_id) if agent.job_id else None) for agent in agents}


def _standing(agent: Agent, job: Job | None) -> Standing:
    """A job that is not kept any more has succeeded long ago."""
    if agent.archived_at is not None:
        return Standing("archived", "it was archived; restore it to ask it again")
    if job is None or job.status is JobStatus.SUCCEEDED:
        return READY
    if not job.status.is_final:
        return Standing("preparing", "it is taking in what it was created with; ask again when that is done")
    said = job.error.detail if job.error is not None else "taking in what it was created with was cancelled"
    return Standing("not_ready", said)


async def askable(tx: Tx, agents: Sequence[Agent]) -> list[Agent]:
    """Those of them that answer now."""
    standings = await standings_of(tx, agents)
    return [agent for agent in agents if standings[agent.id] is READY]


async def require_ready(tx: Tx, agent: Agent) -> None:
    """Raises `AgentNotReady` with the reason."""
    standing = await standing_of(tx, agent)
    if standing is READY:
        return
    advice = "; retry it, or give it other documents" if standing.state == "not_ready" else ""
    raise AgentNotReady(f"the agent {agent.name!r} answers nothing: {standing.reason}{advice}")
