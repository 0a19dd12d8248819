"""The registry of models that were trained here."""

from uuid import UUID

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from contracts.finetuning import LearntFrom, TunedModel
from contracts.page import Page

router = guarded_router("models")


@router.get("/models")
async def list_models(services: Services, principal: CurrentPrincipal, slice_: PageSlice) -> Page[TunedModel]:
    """Newest first."""
    return await services.tuned_models.page(principal, slice_)


@router.get("/models/{model_id}")
async def get_model(model_id: UUID, services: Services, principal: CurrentPrincipal) -> TunedModel:
    return await services.tuned_models.get(principal, model_id)


@router.get("/models/{model_id}/learnt-from")
async def model_lineage(
    model_id: UUID, services: Services, principal: CurrentPrincipal, slice_: PageSlice
) -> Page[LearntFrom]:
    """Every row that it was trained on, with the FAQ and the revision behind it."""
    return await services.tuned_models.learnt_from(principal, model_id, slice_)


@router.delete("/models/{model_id}", status_code=204)
async def delete_model(model_id: UUID, services: Services, principal: CurrentPrincipal) -> None:
    """With its files; its training and its dataset stay. 409 for one that an agent uses."""
    await services.tuned_models.delete(principal, model_id)
