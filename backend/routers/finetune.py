"""Fine-tuning: a model is trained on a dataset."""

from uuid import UUID

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from contracts.finetuning import CurvePoint, NewTraining, Training, TrainingEstimate, TrainingMethod
from contracts.jobs import Job
from contracts.page import Page

router = guarded_router("finetune")


@router.post("/finetune", status_code=202)
async def start_training(new: NewTraining, services: Services, principal: CurrentPrincipal) -> Job:
    """A durable job; its id is the training's. It goes on after a restart."""
    return await services.finetuning.start(principal, new)


@router.post("/finetune/estimate")
async def estimate_training(new: NewTraining, services: Services, principal: CurrentPrincipal) -> TrainingEstimate:
    """What it would read, and cost at a provider; nothing is started."""
    return await services.finetuning.estimate(principal, new)


@router.get("/finetune")
async def list_trainings(services: Services, principal: CurrentPrincipal, slice_: PageSlice) -> Page[Training]:
    """Newest first."""
    return await services.finetuning.page(principal, slice_)


@router.get("/finetune/methods")
async def list_methods(services: Services, principal: CurrentPrincipal) -> list[TrainingMethod]:
    """The ways to train, with their parameters and defaults."""
    return await services.finetuning.methods(principal)


@router.get("/finetune/{training_id}")
async def get_training(training_id: UUID, services: Services, principal: CurrentPrincipal) -> Training:
    return await services.finetuning.get(principal, training_id)


@router.get("/finetune/{training_id}/points")
async def training_points(training_id: UUID, services: Services, principal: CurrentPrincipal) -> list[CurvePoint]:
    """The curves so far, by step."""
    return await services.finetuning.points(principal, training_id)


@router.post("/finetune/{training_id}/cancel")
async def cancel_training(training_id: UUID, services: Services, principal: CurrentPrincipal) -> Job:
    """409 for one that has ended."""
    return await services.finetuning.cancel(principal, training_id)
