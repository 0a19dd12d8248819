from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from backend.repositories.faqs import FaqFilter
from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from backend.services.faqs import ExportFormat
from contracts.base import Storable
from contracts.documents import SourceText
from contracts.faqs import (
    Faq,
    FaqAction,
    FaqCounts,
    FaqDecision,
    FaqEdit,
    FaqIds,
    FaqKind,
    FaqMerge,
    FaqRevision,
    FaqSort,
    FaqStatus,
    NewFaq,
)
from contracts.page import Page

router = guarded_router("faqs")

_MEDIA = {"json": "application/x-ndjson", "csv": "text/csv", "markdown": "text/markdown"}
_SUFFIX = {"json": "jsonl", "csv": "csv", "markdown": "md"}
_EXPORTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media: {"schema": {"type": "string"}} for media in _MEDIA.values()}, "description": "The file"}
}
Text = Annotated[str | None, Query(max_length=200), Storable]
Collections = Annotated[Sequence[UUID], Query(max_length=32)]
"""As many as four agents search at most."""
Share = Annotated[float | None, Query(ge=0, le=1)]


async def _place(
    document_id: UUID | None = None, group_id: UUID | None = None, collection_id: Collections = ()
) -> FaqFilter:
    return FaqFilter(document_id=document_id, group_id=group_id, collection_ids=collection_id)


async def _confidence(min_confidence: Share = None, max_confidence: Share = None) -> FaqFilter:
    return FaqFilter(min_confidence=min_confidence, max_confidence=max_confidence)


async def _filter(
    place: Annotated[FaqFilter, Depends(_place)],
    bounds: Annotated[FaqFilter, Depends(_confidence)],
    status: FaqStatus | None = None,
    kind: FaqKind | None = None,
    tag: Text = None,
    q: Text = None,
) -> FaqFilter:
    least, below = bounds.min_confidence, bounds.max_confidence
    return replace(place, status=status, kind=kind, tag=tag, text=q, min_confidence=least, max_confidence=below)


Filter = Annotated[FaqFilter, Depends(_filter)]


@router.get("/faqs")
async def list_faqs(
    services: Services, principal: CurrentPrincipal, where: Filter, slice_: PageSlice, sort: FaqSort = "document"
) -> Page[Faq]:
    """`q` is searched for as written, in questions and answers. Confidence: from `min_confidence` on, below
    `max_confidence`. `collection_id`, given once or more: those that one of these collections draws from."""
    return await services.faqs.page(principal, where, sort=sort, slice_=slice_)


@router.post("/faqs", status_code=201)
async def create_faq(new: NewFaq, services: Services, principal: CurrentPrincipal) -> Faq:
    """A FAQ that a person wrote: approved at once."""
    return await services.faqs.create(principal, new)


@router.get("/faqs/counts")
async def count_faqs(services: Services, principal: CurrentPrincipal, where: Filter) -> FaqCounts:
    return await services.faqs.counts(principal, where)


@router.get("/faqs/export", response_class=StreamingResponse, responses=_EXPORTS)
async def export_faqs(
    services: Services, principal: CurrentPrincipal, where: Filter, format: ExportFormat = "json"
) -> StreamingResponse:
    """JSON Lines, CSV or Markdown, in review order."""
    return StreamingResponse(
        await services.faqs.export(principal, where, format),
        media_type=_MEDIA[format],
        headers={"Content-Disposition": f'attachment; filename="faqs.{_SUFFIX[format]}"'},
    )


@router.post("/faqs/approve")
async def approve(body: FaqIds, services: Services, principal: CurrentPrincipal) -> FaqAction:
    return await services.faqs.decide(principal, body.ids, FaqStatus.APPROVED)


@router.post("/faqs/reject")
async def reject(body: FaqIds, services: Services, principal: CurrentPrincipal) -> FaqAction:
    return await services.faqs.decide(principal, body.ids, FaqStatus.REJECTED)


@router.post("/faqs/merge")
async def merge(body: FaqMerge, services: Services, principal: CurrentPrincipal) -> FaqAction:
    """Keeps one of several near-duplicates."""
    return await services.faqs.merge(principal, body)


@router.get("/faqs/actions")
async def list_decisions(
    services: Services,
    principal: CurrentPrincipal,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    mine: bool = False,
) -> list[FaqDecision]:
    """The decisions that moved a FAQ, newest first. `mine`: only those made with this name."""
    return await services.faqs.decisions(principal, limit=limit, mine=mine)


@router.post("/faqs/actions/{action_id}/undo")
async def undo(action_id: UUID, services: Services, principal: CurrentPrincipal) -> FaqAction:
    return await services.faqs.undo(principal, action_id)


@router.get("/faqs/{faq_id}")
async def get_faq(faq_id: UUID, services: Services, principal: CurrentPrincipal) -> Faq:
    return await services.faqs.get(principal, faq_id)


@router.patch("/faqs/{faq_id}")
async def edit_faq(faq_id: UUID, edit: FaqEdit, services: Services, principal: CurrentPrincipal) -> Faq:
    """409 `stale_revision` when somebody else edited it since."""
    return await services.faqs.edit(principal, faq_id, edit)


@router.get("/faqs/{faq_id}/source")
async def faq_source(faq_id: UUID, services: Services, principal: CurrentPrincipal) -> SourceText:
    return await services.faqs.source(principal, faq_id)


@router.get("/faqs/{faq_id}/revisions")
async def faq_revisions(faq_id: UUID, services: Services, principal: CurrentPrincipal) -> list[FaqRevision]:
    """Newest first."""
    return await services.faqs.revisions(principal, faq_id)
