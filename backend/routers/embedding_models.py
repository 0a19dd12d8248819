from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.embedding_models import EmbeddingModel, ModelChoice
from contracts.jobs import Job

router = guarded_router("settings")


@router.get("/embedding-models")
async def list_embedding_models(services: Services, principal: CurrentPrincipal) -> list[EmbeddingModel]:
    return await services.embedding_models.all(principal)


@router.post("/embedding-models/fetch", status_code=202)
async def fetch_embedding_model(choice: ModelChoice, services: Services, principal: CurrentPrincipal) -> Job:
    """Downloads the model, checks it against its sha256 and makes it ready. A job that broke off can be retried."""
    return await services.embedding_models.fetch(principal, choice.model)
