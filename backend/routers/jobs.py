from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent

from backend.problems import problem_of
from backend.repositories.jobs import JobFilter
from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from backend.services.job_events import JobState, JobStream
from contracts.base import UtcTime
from contracts.jobs import Job, JobCounts, JobKind, JobOrder, JobStatus
from contracts.page import Page

router = guarded_router("jobs")


async def _known(
    services: Services,
    principal: CurrentPrincipal,
    status: JobStatus | None = None,
    kind: JobKind | None = None,
    document_id: UUID | None = None,
    collection_id: UUID | None = None,
) -> JobFilter:
    wanted = JobFilter(status, kind, document_id, collection_id)
    await services.jobs.check(principal, wanted)
    return wanted


@router.get("/jobs")
async def list_jobs(
    services: Services,
    principal: CurrentPrincipal,
    slice_: PageSlice,
    wanted: Annotated[JobFilter, Depends(_known)],
    order: JobOrder = "newest",
) -> Page[Job]:
    """By the time they were added."""
    return await services.jobs.page(principal, wanted, slice_, order=order)


@router.get("/jobs/counts")
async def count_jobs(
    services: Services, principal: CurrentPrincipal, kind: JobKind | None = None, since: UtcTime | None = None
) -> JobCounts:
    """What goes on, and what ended at `since` or later; without `since`, what ended beside what goes on."""
    return await services.jobs.counts(principal, kind, since)


@router.get("/jobs/{job_id}")
async def get_job(job_id: UUID, services: Services, principal: CurrentPrincipal) -> Job:
    return await services.jobs.get(principal, job_id)


@router.post("/jobs/{job_id}/cancel")
async def cancel_job(job_id: UUID, services: Services, principal: CurrentPrincipal) -> Job:
    return await services.jobs.cancel(principal, job_id)


@router.post("/jobs/{job_id}/retry")
async def retry_job(job_id: UUID, services: Services, principal: CurrentPrincipal) -> Job:
    return await services.jobs.retry(principal, job_id)


async def _watched(
    job_id: UUID,
    services: Services,
    principal: CurrentPrincipal,
    last_event_id: Annotated[str | None, Header()] = None,
) -> AsyncIterator[JobStream]:
    """Opened before the answer begins, so that an unknown job is a 404."""
    stream = await services.job_events.open(principal, job_id, last_event_id=last_event_id)
    try:
        yield stream
    finally:
        stream.close()


@router.get("/jobs/{job_id}/events", response_class=EventSourceResponse)
async def job_events(stream: Annotated[JobStream, Depends(_watched)]) -> AsyncIterator[ServerSentEvent]:
    """Events `job` with the job's state until it is final, or one `error` with a problem; a comment every 15 s."""
    async for item in stream:
        if isinstance(item, JobState):
            yield ServerSentEvent(event="job", id=str(item.id), data=item.job)
        else:
            yield ServerSentEvent(event="error", data=problem_of(item.error))
