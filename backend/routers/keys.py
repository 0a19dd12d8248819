from uuid import UUID

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.access import ApiKey, CreatedApiKey, NewApiKey

router = guarded_router("settings")


@router.get("/keys")
async def list_keys(services: Services, principal: CurrentPrincipal) -> list[ApiKey]:
    return await services.access.keys(principal)


@router.post("/keys", status_code=201)
async def create_key(new: NewApiKey, services: Services, principal: CurrentPrincipal) -> CreatedApiKey:
    """The key itself is in this answer only, which is not remembered: an `Idempotency-Key` is refused."""
    return await services.access.create_key(principal.workspace_id, new)


@router.delete("/keys/{key_id}", status_code=204)
async def revoke_key(key_id: UUID, services: Services, principal: CurrentPrincipal) -> None:
    await services.access.revoke_key(principal, key_id)
