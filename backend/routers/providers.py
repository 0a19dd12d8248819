from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router, problems
from contracts.providers import Provider, ProviderCheck, ProviderSettings

router = guarded_router("settings")


@router.get("/providers")
async def list_providers(services: Services, principal: CurrentPrincipal) -> list[Provider]:
    return await services.providers.all(principal)


@router.put("/providers/{name}")
async def configure_provider(
    name: str, body: ProviderSettings, services: Services, principal: CurrentPrincipal
) -> Provider:
    """The key is write-only and bound to its base URL. 409 for another URL than that where it embeds a collection."""
    return await services.providers.configure(principal, name, body)


@router.delete("/providers/{name}", status_code=204)
async def forget_provider(name: str, services: Services, principal: CurrentPrincipal) -> None:
    """Removes the settings and the key; agents on it go back to the built-in provider. 409 while it embeds a
    collection."""
    await services.providers.forget(principal, name)


@router.post("/providers/{name}/check", responses=problems(429, 502, 504))
async def check_provider(name: str, services: Services, principal: CurrentPrincipal) -> ProviderCheck:
    """One short test request."""
    return await services.providers.check(principal, name)
