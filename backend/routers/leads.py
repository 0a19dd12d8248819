"""Leads, for sales people: lists, merges, files, and what a person may ask for."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Path, Query
from fastapi.responses import StreamingResponse

from backend.repositories.leads import LeadFilter
from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from backend.services.leads import LeadQuery
from contracts.base import Storable, UtcTime
from contracts.lead_records import (
    Erasure,
    Lead,
    LeadEdit,
    LeadForm,
    LeadMerge,
    LeadRow,
    LeadSort,
    LeadView,
    Owner,
    PersonalData,
    SavedLeadView,
    Stage,
    ViewName,
)
from contracts.page import Page

router = guarded_router("leads")

_EXPORTS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A line for each lead"}
}
InPath = Annotated[ViewName, Path()]


async def _filter(
    stage: Stage | None = None,
    agent_id: UUID | None = None,
    owner: Annotated[Owner | None, Query()] = None,
    score: Annotated[int | None, Query(ge=0, le=100)] = None,
    since: Annotated[UtcTime | None, Query()] = None,
) -> LeadFilter:
    return LeadFilter(stage=stage, agent_id=agent_id, owner=owner, score=score, since=since)


async def _query(
    where: Annotated[LeadFilter, Depends(_filter)],
    q: Annotated[str, Query(max_length=200), Storable] = "",
    sort: LeadSort = "newest",
) -> LeadQuery:
    return LeadQuery(where, text=q.strip(), sort=sort)


LeadsAsked = Annotated[LeadQuery, Depends(_query)]


@router.get("/leads")
async def list_leads(
    services: Services, principal: CurrentPrincipal, query: LeadsAsked, slice_: PageSlice
) -> Page[LeadRow]:
    """`q` is part of a value, or of the words that it came from; `score` is the least, as it was when something was
    last said; `since` is when a lead began. Leads that are part of another one are not listed."""
    return await services.leads.page(principal, query, slice_)


@router.get("/leads/export", response_class=StreamingResponse, responses=_EXPORTS)
async def export_leads(
    services: Services, principal: CurrentPrincipal, query: LeadsAsked, format: LeadForm = "csv"
) -> StreamingResponse:
    """The list as a file, with all fields in columns of their own, the notes, and no cell that a spreadsheet runs."""
    return StreamingResponse(
        await services.lead_export.lines(principal, query),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="leads.{format}"'},
    )


@router.get("/leads/{lead_id}")
async def get_lead(lead_id: UUID, services: Services, principal: CurrentPrincipal) -> Lead:
    return await services.leads.get(principal, lead_id)


@router.patch("/leads/{lead_id}")
async def edit_lead(lead_id: UUID, edit: LeadEdit, services: Services, principal: CurrentPrincipal) -> Lead:
    """409 `stale_revision` when the lead is another one since: edited by somebody, or said more of."""
    return await services.leads.edit(principal, lead_id, edit)


@router.delete("/leads/{lead_id}")
async def erase_person(lead_id: UUID, services: Services, principal: CurrentPrincipal) -> Erasure:
    """For ever: the lead with its parts, and the conversations with all that was said in them."""
    return await services.persons.erase(principal, lead_id)


@router.get("/leads/{lead_id}/export")
async def export_person(lead_id: UUID, services: Services, principal: CurrentPrincipal) -> PersonalData:
    """All that is kept of a person: the lead, the conversations with all that was said in them, the consents."""
    return await services.persons.kept(principal, lead_id)


@router.post("/leads/{lead_id}/merge")
async def merge_leads(lead_id: UUID, body: LeadMerge, services: Services, principal: CurrentPrincipal) -> Lead:
    """The others become part of the lead, which shows the newest value of each field."""
    return await services.leads.merge(principal, lead_id, body)


@router.delete("/leads/{lead_id}/merge/{part_id}")
async def undo_merge(lead_id: UUID, part_id: UUID, services: Services, principal: CurrentPrincipal) -> Lead:
    """The part is a lead of its own again; answers with the lead that it was part of."""
    return await services.leads.take_out(principal, lead_id, part_id)


@router.get("/lead_views")
async def list_views(services: Services, principal: CurrentPrincipal) -> list[SavedLeadView]:
    """The workspace's, by name."""
    return list(await services.lead_views.all(principal))


@router.get("/lead_views/{name}")
async def get_view(name: InPath, services: Services, principal: CurrentPrincipal) -> SavedLeadView:
    return await services.lead_views.get(principal, name)


@router.put("/lead_views/{name}")
async def put_view(name: InPath, view: LeadView, services: Services, principal: CurrentPrincipal) -> SavedLeadView:
    """In the place of one of that name."""
    return await services.lead_views.put(principal, name, view)


@router.delete("/lead_views/{name}", status_code=204)
async def delete_view(name: InPath, services: Services, principal: CurrentPrincipal) -> None:
    await services.lead_views.delete(principal, name)
