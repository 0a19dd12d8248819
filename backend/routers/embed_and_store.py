from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.chat import EmbedAndStore, Stored

router = guarded_router("collections")


@router.post("/embed_and_store")
async def embed_and_store(body: EmbedAndStore, services: Services, principal: CurrentPrincipal) -> Stored:
    """Chunks of a document into a collection, searchable when the answer comes; they replace its earlier ones."""
    return await services.chunks.store(principal, body)
