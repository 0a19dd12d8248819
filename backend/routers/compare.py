"""Comparisons: targets side by side, votes, and what the votes say."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import JSONResponse

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router, problems
from backend.routers.sse import EVENT_STREAM, event_stream
from contracts.comparisons import Comparison, Contest, ContestDetail, ContestEdit, NewComparison, NewVote
from contracts.page import Page

router = guarded_router("compare")

_COMPARED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": Comparison,
        "content": EVENT_STREAM,
        "description": "The comparison; with `stream` the events token and lane, each with its lane, done and error",
    },
    **problems(429),
}


@router.post("/compare", responses=_COMPARED, response_model=None)
async def compare(body: NewComparison, request: Request, services: Services, principal: CurrentPrincipal) -> Response:
    """One question to two to four targets at once. A lane that fails says why; the others have their answers."""
    race = await services.comparisons.begin(principal, body)
    if body.stream:
        return event_stream(services.comparisons.events(principal, race), request.app.state.stopping, {})
    compared = await services.comparisons.whole(principal, race)
    return JSONResponse(compared.model_dump(mode="json"))


@router.get("/comparisons")
async def list_comparisons(
    services: Services,
    principal: CurrentPrincipal,
    slice_: PageSlice,
    contest_id: UUID | None = None,
    batch_id: UUID | None = None,
    to_vote: Annotated[bool, Query(description="Only those that the caller has not voted on")] = False,
) -> Page[Comparison]:
    """Newest first; those of a batch in its order."""
    return await services.comparisons.page(principal, slice_, contest_id=contest_id, batch_id=batch_id, to_vote=to_vote)


@router.get("/comparisons/{comparison_id}")
async def get_comparison(comparison_id: UUID, services: Services, principal: CurrentPrincipal) -> Comparison:
    return await services.comparisons.get(principal, comparison_id)


@router.post("/comparisons/{comparison_id}/vote")
async def vote(comparison_id: UUID, body: NewVote, services: Services, principal: CurrentPrincipal) -> Comparison:
    """The caller's vote, after which the names are told; a later one takes its place and, cast with the names in sight,
    does not count in the verdict. 409 for a closed contest and where fewer than two lanes have an answer."""
    return await services.contests.vote(principal, comparison_id, body)


@router.get("/contests")
async def list_contests(services: Services, principal: CurrentPrincipal, slice_: PageSlice) -> Page[Contest]:
    """Newest first: the same targets over all their questions, and the verdict of the votes."""
    return await services.contests.page(principal, slice_)


@router.get("/contests/{contest_id}")
async def get_contest(contest_id: UUID, services: Services, principal: CurrentPrincipal) -> ContestDetail:
    """With the win rate and its interval after each vote."""
    return await services.contests.contest(principal, contest_id)


@router.patch("/contests/{contest_id}")
async def edit_contest(
    contest_id: UUID, body: ContestEdit, services: Services, principal: CurrentPrincipal
) -> ContestDetail:
    """Closes it, or opens it again. Closing tells the names: later votes on what was asked until then do not count."""
    return await services.contests.edit(principal, contest_id, body)


@router.delete("/contests/{contest_id}", status_code=204)
async def delete_contest(contest_id: UUID, services: Services, principal: CurrentPrincipal) -> None:
    """With its comparisons, votes and batches. 409 while a batch of it is under way."""
    await services.contests.delete(principal, contest_id)
