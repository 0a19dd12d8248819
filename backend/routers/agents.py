from uuid import UUID

from backend.agents.templates import templates
from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.agents import (
    Agent,
    AgentDuplicate,
    AgentEdit,
    AgentNew,
    AgentRollback,
    AgentTemplate,
    AgentVersion,
)
from contracts.page import Page

router = guarded_router("agents")


@router.get("/agents")
async def list_agents(services: Services, principal: CurrentPrincipal, archived: bool = False) -> Page[Agent]:
    """Those that are in use, or those that are archived."""
    return Page(items=await services.agents.all(principal, archived=archived))


@router.get("/agents/templates")
async def list_agent_templates() -> Page[AgentTemplate]:
    """What to begin an agent with."""
    return Page(items=list(templates()))


@router.post("/agents", status_code=201)
async def create_agent(body: AgentNew, services: Services, principal: CurrentPrincipal) -> Agent:
    """Who answers, as whom, with which model, from which collections, what is asked when that fails, and what is kept
    of visitors. Where FAQs or documents are given, a job takes them in, and the agent answers when that is done."""
    return await services.agents.create(principal, body)


@router.get("/agents/{agent_id}")
async def get_agent(agent_id: UUID, services: Services, principal: CurrentPrincipal) -> Agent:
    return await services.agents.get(principal, agent_id)


@router.patch("/agents/{agent_id}")
async def edit_agent(agent_id: UUID, edit: AgentEdit, services: Services, principal: CurrentPrincipal) -> Agent:
    """What is left out stays as it is."""
    return await services.agents.edit(principal, agent_id, edit)


@router.delete("/agents/{agent_id}", status_code=204)
async def delete_agent(agent_id: UUID, services: Services, principal: CurrentPrincipal) -> None:
    """Its conversations stay; the default agent cannot be deleted."""
    await services.agents.delete(principal, agent_id)


@router.get("/agents/{agent_id}/versions")
async def list_agent_versions(agent_id: UUID, services: Services, principal: CurrentPrincipal) -> Page[AgentVersion]:
    """Its settings, newest first."""
    return Page(items=await services.agents.versions(principal, agent_id))


@router.post("/agents/{agent_id}/rollback")
async def roll_back_agent(
    agent_id: UUID, body: AgentRollback, services: Services, principal: CurrentPrincipal
) -> Agent:
    """Its settings become again what they were; its names stay."""
    return await services.agents.roll_back(principal, agent_id, body)


@router.post("/agents/{agent_id}/duplicate", status_code=201)
async def duplicate_agent(
    agent_id: UUID, body: AgentDuplicate, services: Services, principal: CurrentPrincipal
) -> Agent:
    """Another agent with the same settings."""
    return await services.agents.duplicate(principal, agent_id, body)


@router.post("/agents/{agent_id}/retry")
async def retry_agent(agent_id: UUID, services: Services, principal: CurrentPrincipal) -> Agent:
    """What it was created with is taken in again."""
    return await services.agents.retry(principal, agent_id)


@router.post("/agents/{agent_id}/archive")
async def archive_agent(agent_id: UUID, services: Services, principal: CurrentPrincipal) -> Agent:
    """It answers nothing until it is restored."""
    return await services.agents.archive(principal, agent_id)


@router.post("/agents/{agent_id}/restore")
async def restore_agent(agent_id: UUID, services: Services, principal: CurrentPrincipal) -> Agent:
    return await services.agents.restore(principal, agent_id)
