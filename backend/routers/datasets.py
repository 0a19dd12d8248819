"""Datasets: what models are trained on and asked about."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import StreamingResponse

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.faq import FORM
from backend.routers.guarded import guarded_router, problems
from contracts.base import Name
from contracts.datasets import Dataset, DatasetAccepted, DatasetFormat, DatasetRow, NewDataset, SplitName
from contracts.page import Page

router = guarded_router("datasets")

_MEDIA: Final[dict[DatasetFormat, str]] = {
    "openai": "application/x-ndjson",
    "alpaca": "application/json",
    "alpaca_lines": "application/x-ndjson",
    "sharegpt": "application/x-ndjson",
    "csv": "text/csv",
}
_SUFFIX: Final[dict[DatasetFormat, str]] = {
    "openai": "jsonl",
    "alpaca": "json",
    "alpaca_lines": "jsonl",
    "sharegpt": "jsonl",
    "csv": "csv",
}
_EXPORTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {media: {"schema": {"type": "string"}} for media in sorted(set(_MEDIA.values()))},
        "description": "The file",
    },
    **problems(409),
}


@router.post("/datasets", status_code=202)
async def create_dataset(new: NewDataset, services: Services, principal: CurrentPrincipal) -> DatasetAccepted:
    """A durable job makes it from the approved FAQs; it is ready once it has a `content_hash`."""
    return await services.datasets.create(principal, new)


@router.post("/datasets/import", status_code=202, openapi_extra=FORM)
async def import_dataset(
    request: Request, services: Services, principal: CurrentPrincipal, name: Annotated[Name, Query()]
) -> DatasetAccepted:
    """One file of rows: OpenAI chat (JSON lines), Alpaca (array or lines), ShareGPT or CSV, found from its content.

    Rows stay in the split that the file tells, where it tells one for all of them.
    """
    content_type = request.headers.get("content-type", "")
    note = partial(setattr, request.state, "fingerprint")
    file = await services.uploads.receive_one(request.stream(), content_type, note)
    return await services.datasets.take(principal, name, file)


@router.get("/datasets")
async def list_datasets(services: Services, principal: CurrentPrincipal, slice_: PageSlice) -> Page[Dataset]:
    """Newest first."""
    return await services.datasets.page(principal, slice_)


@router.get("/datasets/{dataset_id}")
async def get_dataset(dataset_id: UUID, services: Services, principal: CurrentPrincipal) -> Dataset:
    return await services.datasets.get(principal, dataset_id)


@router.get("/datasets/{dataset_id}/rows", responses=problems(409))
async def list_dataset_rows(
    dataset_id: UUID,
    services: Services,
    principal: CurrentPrincipal,
    slice_: PageSlice,
    split: SplitName | None = None,
) -> Page[DatasetRow]:
    """In the order of the dataset: by split, then by FAQ, each followed by its paraphrases."""
    return await services.datasets.rows(principal, dataset_id, slice_, split=split)


@router.get("/datasets/{dataset_id}/export", response_class=StreamingResponse, responses=_EXPORTS)
async def export_dataset(
    dataset_id: UUID,
    services: Services,
    principal: CurrentPrincipal,
    format: DatasetFormat = "openai",
    split: SplitName | None = None,
    metadata: bool = True,
) -> StreamingResponse:
    """Without `metadata` the rows alone, as other programs take them; with it, what gives the same dataset again."""
    rows = await services.datasets.export(principal, dataset_id, format, split=split, with_metadata=metadata)
    return StreamingResponse(
        rows,
        media_type=_MEDIA[format],
        headers={"Content-Disposition": f'attachment; filename="dataset.{_SUFFIX[format]}"'},
    )


@router.delete("/datasets/{dataset_id}", status_code=204)
async def delete_dataset(dataset_id: UUID, services: Services, principal: CurrentPrincipal) -> None:
    await services.datasets.delete(principal, dataset_id)
