from uuid import UUID

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.agents import Agent, AgentEdit, AgentNew
from contracts.page import Page

router = guarded_router("agents")


@router.get("/agents")
async def list_agents(services: Services, principal: CurrentPrincipal) -> Page[Agent]:
    return Page(items=await services.agents.all(principal))


@router.post("/agents", status_code=201)
async def create_agent(body: AgentNew, services: Services, principal: CurrentPrincipal) -> Agent:
    """Who answers, with which model, from which collections, and what is asked when that fails."""
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
