"""Drafting FAQs from a document with a model."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.drafting import DraftingEstimate, ModelChoice, NewDrafting, ProviderName
from contracts.jobs import Job

router = guarded_router("documents")


@router.get("/documents/{document_id}/drafting")
async def estimate_drafting(
    document_id: UUID,
    services: Services,
    principal: CurrentPrincipal,
    provider: Annotated[ProviderName, Query()],
    model: Annotated[ModelChoice, Query()] = "",
    again: bool = False,
) -> DraftingEstimate:
    """What it would take; nothing is asked of the model. Without a `model`, of the provider's default."""
    return await services.drafting.estimate(principal, document_id, provider, model, again=again)


@router.post("/documents/{document_id}/drafting", status_code=202)
async def draft_document(document_id: UUID, new: NewDrafting, services: Services, principal: CurrentPrincipal) -> Job:
    """A durable job, one at a time for a document; its result is a `DraftingResult`."""
    return await services.drafting.start(principal, document_id, new)
