from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.collections import Ingest, IngestAccepted

router = guarded_router("collections")


@router.post("/ingest", status_code=202)
async def ingest(body: Ingest, services: Services, principal: CurrentPrincipal) -> IngestAccepted:
    """For other programs: FAQs and documents into a collection. When the job has succeeded they can be found."""
    return await services.collections.ingest(principal, body)
