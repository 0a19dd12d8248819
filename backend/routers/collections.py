from uuid import UUID

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router, problems
from contracts.collections import Collection, NewCollection
from contracts.embedding_models import ModelChoice
from contracts.jobs import Job
from contracts.page import Page

router = guarded_router("collections")


@router.get("/collections")
async def list_collections(services: Services, principal: CurrentPrincipal, slice_: PageSlice) -> Page[Collection]:
    return await services.collections.page(principal, slice_)


@router.post("/collections", status_code=201)
async def create_collection(new: NewCollection, services: Services, principal: CurrentPrincipal) -> Collection:
    return await services.collections.create(principal, new)


@router.get("/collections/{collection_id}")
async def get_collection(collection_id: UUID, services: Services, principal: CurrentPrincipal) -> Collection:
    return await services.collections.get(principal, collection_id)


@router.delete("/collections/{collection_id}", status_code=204)
async def delete_collection(collection_id: UUID, services: Services, principal: CurrentPrincipal) -> None:
    await services.collections.delete(principal, collection_id)


@router.post("/collections/{collection_id}/sync", status_code=202)
async def sync_collection(collection_id: UUID, services: Services, principal: CurrentPrincipal) -> Job:
    """Brings the collection in line with the review now."""
    return await services.collections.sync(principal, collection_id)


@router.post("/collections/{collection_id}/model", status_code=202, responses=problems(429, 502, 504))
async def switch_model(
    collection_id: UUID, choice: ModelChoice, services: Services, principal: CurrentPrincipal
) -> Job:
    """Embeds the collection anew by another model, beside the old vectors, and switches when all is there."""
    return await services.model_switch.start(principal, collection_id, choice.model)
