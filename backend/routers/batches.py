"""Batch comparisons: the questions of a dataset to all targets, and what came out."""

from typing import Any, Final
from uuid import UUID

from fastapi.responses import StreamingResponse

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from contracts.batches import Batch, BatchDetail, BatchForm, MetricWords, NewBatch
from contracts.page import Page

router = guarded_router("compare")

_MEDIA: Final[dict[BatchForm, str]] = {"csv": "text/csv", "jsonl": "application/x-ndjson"}
_EXPORTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {media: {"schema": {"type": "string"}} for media in _MEDIA.values()},
        "description": "A line for each question and lane",
    }
}


@router.post("/comparisons/batch", status_code=202)
async def start_batch(new: NewBatch, services: Services, principal: CurrentPrincipal) -> Batch:
    """A durable job asks every question of the split; `/jobs/{id}` follows and cancels it."""
    return await services.batches.start(principal, new)


@router.get("/comparisons/batch")
async def list_batches(services: Services, principal: CurrentPrincipal, slice_: PageSlice) -> Page[Batch]:
    """Newest first, without results."""
    return await services.batches.page(principal, slice_)


@router.get("/comparisons/metrics")
async def list_metrics(services: Services) -> list[MetricWords]:
    """What is measured of each answer, and what a figure means."""
    return services.batches.metrics()


@router.get("/comparisons/batch/{batch_id}")
async def get_batch(batch_id: UUID, services: Services, principal: CurrentPrincipal) -> BatchDetail:
    """With its results once all is compared. Its questions are `/comparisons?batch_id=`."""
    return await services.batches.get(principal, batch_id)


@router.get("/comparisons/batch/{batch_id}/export", response_class=StreamingResponse, responses=_EXPORTS)
async def export_batch(
    batch_id: UUID, services: Services, principal: CurrentPrincipal, format: BatchForm = "csv"
) -> StreamingResponse:
    """Every question and lane: answer, expected answer, metrics, latency, tokens, cost, error, what the judge said."""
    lines = await services.batch_export.lines(principal, batch_id, format)
    return StreamingResponse(
        lines,
        media_type=_MEDIA[format],
        headers={"Content-Disposition": f'attachment; filename="comparison.{format}"'},
    )
