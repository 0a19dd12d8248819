from uuid import UUID

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router, problems
from contracts.page import Page
from contracts.providers import Agent, AgentEdit, Provider, ProviderCheck, ProviderSettings

router = guarded_router("settings")


@router.get("/providers")
async def list_providers(services: Services, principal: CurrentPrincipal) -> list[Provider]:
    return await services.providers.all(principal)


@router.put("/providers/{name}")
async def configure_provider(
    name: str, body: ProviderSettings, services: Services, principal: CurrentPrincipal
) -> Provider:
    """The key is write-only and bound to its base URL."""
    return await services.providers.configure(principal, name, body)


@router.delete("/providers/{name}", status_code=204)
async def forget_provider(name: str, services: Services, principal: CurrentPrincipal) -> None:
    """Removes the settings and the key; agents on it go back to the built-in provider."""
    await services.providers.forget(principal, name)


@router.post("/providers/{name}/check", responses=problems(429, 502, 504))
async def check_provider(name: str, services: Services, principal: CurrentPrincipal) -> ProviderCheck:
    """One short test request."""
    return await services.providers.check(principal, name)


@router.get("/agents")
async def list_agents(services: Services, principal: CurrentPrincipal) -> Page[Agent]:
    return Page(items=await services.providers.agents(principal))


@router.get("/agents/{agent_id}")
async def get_agent(agent_id: UUID, services: Services, principal: CurrentPrincipal) -> Agent:
    return await services.providers.agent(principal, agent_id)


@router.patch("/agents/{agent_id}")
async def edit_agent(agent_id: UUID, edit: AgentEdit, services: Services, principal: CurrentPrincipal) -> Agent:
    """Which provider and model answer."""
    return await services.providers.edit_agent(principal, agent_id, edit)
