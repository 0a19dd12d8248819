"""Documents being read, followed through the API: a refresh or another browser shows the same."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.jobs import Job, JobCounts, JobKind, JobStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.badges import JOB_STATUS, badge
from frontend.components.notices import act, load
from frontend.components.words import plural, sentence
from frontend.safe_text import plain, told

KIND: Final[JobKind] = "extract_document"
ROWS: Final = 5
MOST_ROWS: Final = 100
SHOWN_FIRST: Final = (
    JobStatus.RUNNING,
    JobStatus.FAILED,
    JobStatus.CANCELLED,
    JobStatus.PENDING,
    JobStatus.SUCCEEDED,
)
Stages = Mapping[str, tuple[str, str]]
STAGES: Final[Stages] = {
    "": ("Waiting for its turn", ""),
    "reading": ("Reading the document", ""),
    "storing": ("Storing its sections", "sections"),
    "drafting": ("Drafting questions", "drafts"),
    "asking": ("Asking the model", "sections"),
    "comparing": ("Looking for similar questions", "drafts"),
}
"""What each stage does and what it counts; nothing where the unit differs from format to format."""


def stage_text(job: Job, left: str = "", stages: Stages = STAGES) -> str:
    """The stage, its count and the time left, as far as they are known."""
    words, unit = stages.get(job.stage, (job.stage.replace("_", " ").capitalize(), ""))
    parts = [words]
    if job.total > 0 and unit:
        parts.append(f"{job.done:,} of {job.total:,} {unit}")
    elif job.total > 0:
        parts.append(f"{job.done / job.total:.0%}")
    elif job.done > 0 and unit:
        parts.append(f"{job.done:,} {unit} so far")
    return " · ".join([*parts, left] if left else parts)


def steady_left(job: Job, said: dict[UUID, int]) -> str:
    """The time left in coarse steps, or nothing while it is not known or is more than was `said` of the job before.

    `said` holds the minutes that were said of each job.
    """
    if job.seconds_left is None or job.status is not JobStatus.RUNNING:
        return ""
    minutes = max(math.ceil(job.seconds_left / 60), 1)
    if minutes > 10:
        minutes = math.ceil(minutes / 5) * 5
    if minutes > said.get(job.id, minutes):
        return ""
    said[job.id] = minutes
    if minutes == 1:
        return "less than a minute left"
    return f"about {minutes} min left" if minutes < 90 else f"about {math.ceil(minutes / 60)} h left"


def outcome_text(job: Job) -> str:
    """What a finished extraction brought, as its result says."""
    drafts = (job.result or {}).get("drafts")
    return plural(drafts, "draft") if isinstance(drafts, int) else job.message


def follow_jobs(api: Api, *, may_control: bool, on_dismiss: Callable[[], None], hold: bool) -> bool:
    """How far the documents are; the timer lives only as long as one of them is read. True while one is.

    The page is drawn again when a document is read; with `hold`, only when all are, or when the person asks for it:
    what somebody is about to click must not move.
    """
    view = state.faq()
    counts = load("jobs", lambda: _counts(api))
    if counts is None:
        return False
    view.is_reading = counts.unfinished > 0
    if not counts.unfinished + counts.ended:
        return False
    with st.container(border=True, key="progress", gap="small"):
        if view.is_reading:
            _ticking(api, counts, may_control=may_control, hold=hold)
            return True
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{_summary(counts)}**", width="content")
            st.button("Hide", key="hide_jobs", type="tertiary", icon=":material/close:", on_click=on_dismiss)
        _rows(api, counts, may_control=may_control)
    return False


def _counts(api: Api) -> JobCounts:
    """Of what is read now; what was read since this page first saw it stays counted."""
    view = state.faq()
    counts = api.job_counts(kind=KIND, since=view.jobs_since)
    if view.jobs_since is None:
        view.jobs_since = counts.since
    return counts


def count_from(jobs: Sequence[Job]) -> None:
    """Counts what becomes of these jobs, with those that are followed already."""
    view = state.faq()
    if jobs and not view.is_reading:
        waiting = [job.created_at for job in jobs if not job.status.is_final]
        view.jobs_since = min(waiting) if waiting else max(job.finished_at or job.created_at for job in jobs)


def _summary(counts: JobCounts) -> str:
    if counts.unfinished:
        return f"Reading {plural(counts.unfinished, 'document')}"
    parts = [f"{plural(counts.succeeded, 'document')} read"] if counts.succeeded else []
    parts += [f"{counts.failed:,} failed"] if counts.failed else []
    return ", ".join(parts) or "Cancelled"


def _details(counts: JobCounts) -> str:
    named = {
        "running": counts.running,
        "waiting": counts.pending,
        "done": counts.succeeded,
        "failed": counts.failed,
        "cancelled": counts.cancelled,
    }
    return ", ".join(f"{count:,} {word}" for word, count in named.items() if count)


def _ticking(api: Api, drawn: JobCounts, *, may_control: bool, hold: bool) -> None:
    @st.fragment(run_every="500ms")
    def tick() -> None:
        counts = load("jobs_tick", lambda: _counts(api), inline=True)
        if counts is None:
            return
        is_news = counts.ended > drawn.ended
        if not counts.unfinished or (is_news and not hold):
            st.rerun()
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{_summary(counts)}**", width="content")
            if is_news and st.button("Show new drafts", key="show_news", type="tertiary", icon=":material/refresh:"):
                st.rerun()
        if counts.unfinished + counts.ended > 1:
            st.progress(min(max(counts.progress, 0.0), 1.0), text=_details(counts))
        _rows(api, counts, may_control=may_control)

    tick()


# --- rows --------------------------------------------------------------------
def _rows(api: Api, counts: JobCounts, *, may_control: bool) -> None:
    every = counts.unfinished + counts.ended
    rows = load("job_rows", lambda: _first(api, counts, ROWS), inline=True)
    for job in rows or []:
        _row(job, api, may_control=may_control)
    if rows is None or every <= len(rows):
        return
    with st.expander(plural(every - len(rows), "more document"), key="more_jobs", on_change="rerun") as more:
        if more.open:
            _others(api, counts, {job.id for job in rows}, may_control=may_control)


def _others(api: Api, counts: JobCounts, shown: set[UUID], *, may_control: bool) -> None:
    jobs = load("more_job_rows", lambda: _first(api, counts, MOST_ROWS + len(shown)), inline=True)
    if jobs is None:
        return
    for job in jobs:
        if job.id not in shown:
            _row(job, api, may_control=may_control)
    left = counts.unfinished + counts.ended - len(jobs)
    if left > 0:
        st.caption(f"and {left:,} more")


def _first(api: Api, counts: JobCounts, limit: int) -> list[Job]:
    """What goes on, then what needs somebody, then what waits in the order of its turn, then what is done."""
    found: dict[UUID, Job] = {}
    for status in SHOWN_FIRST:
        wanted = min(limit - len(found), 200)
        if wanted > 0 and getattr(counts, status.value):
            # One that ends between two of these questions is in both answers.
            found |= {job.id: job for job in _of_status(api, status, counts.since, wanted)[:wanted]}
    return list(found.values())


def _of_status(api: Api, status: JobStatus, since: datetime | None, limit: int) -> list[Job]:
    """Of those that ended, the ones since then: they are looked for among the newest."""
    if not status.is_final:
        return api.jobs(kind=KIND, status=status, order="oldest", limit=limit).items
    jobs = api.jobs(kind=KIND, status=status, limit=min(4 * limit, 200)).items
    return [job for job in jobs if job.finished_at is not None and since is not None and job.finished_at >= since]


def _row(job: Job, api: Api, *, may_control: bool) -> None:
    with st.container(key=f"job_{job.id}", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            done = f" :small[:gray[{plain(outcome_text(job))}]]" if job.status is JobStatus.SUCCEEDED else ""
            st.markdown(plain(job.title or "Document") + done, width="content")
            with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
                badge(JOB_STATUS[job.status])
                if may_control:
                    _control(job, api)
        if job.status is JobStatus.RUNNING:
            left = steady_left(job, state.faq().time_left)
            st.progress(min(max(job.progress, 0.0), 1.0), text=stage_text(job, left))
        elif job.error is not None:
            st.markdown(f":red[{plain(job.error.title)}.] {told(sentence(job.error.detail))}")


def _control(job: Job, api: Api) -> None:
    if not job.status.is_final:
        st.button("Cancel", key=f"cancel_{job.id}", type="tertiary", on_click=_cancel, args=(api, job))
    elif job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
        st.button(
            "Retry", key=f"retry_{job.id}", type="tertiary", icon=":material/refresh:", on_click=_retry, args=(api, job)
        )


def _cancel(api: Api, job: Job) -> None:
    act(lambda: api.cancel_job(job.id), f"{plain(job.title)} is being cancelled")


def _retry(api: Api, job: Job) -> None:
    act(lambda: retry(api, job.id))


def retry(api: Api, job_id: UUID) -> None:
    """Begins the job again, and follows it."""
    api.retry_job(job_id)
    view = state.faq()
    if not view.is_reading:
        view.jobs_since = None
