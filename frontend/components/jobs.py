"""Documents being read, followed through the API: a refresh or another browser shows the same."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.jobs import Job, JobStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.badges import JOB_STATUS, badge
from frontend.components.notices import act, load
from frontend.components.words import plural, seconds_text, sentence
from frontend.safe_text import plain

STAGES: Final = {
    "": ("Waiting for its turn", ""),
    "reading": ("Reading the document", ""),
    "storing": ("Storing its sections", "sections"),
    "drafting": ("Drafting questions", "drafts"),
    "comparing": ("Looking for similar questions", "drafts"),
}
"""What each stage does and what it counts; nothing where the unit differs from format to format."""


def stage_text(job: Job) -> str:
    """The stage, its count and the time left, as far as they are known."""
    words, unit = STAGES.get(job.stage, (job.stage.replace("_", " ").capitalize(), ""))
    parts = [words]
    if job.total > 0 and unit:
        parts.append(f"{job.done:,} of {job.total:,} {unit}")
    elif job.total > 0:
        parts.append(f"{job.done / job.total:.0%}")
    elif job.done > 0 and unit:
        parts.append(f"{job.done:,} {unit} so far")
    if job.seconds_left is not None and job.status is JobStatus.RUNNING:
        parts.append(f"about {seconds_text(job.seconds_left)} left")
    return " · ".join(parts)


def outcome_text(job: Job) -> str:
    """What a finished extraction brought, as its result says."""
    drafts = (job.result or {}).get("drafts")
    return plural(drafts, "draft") if isinstance(drafts, int) else job.message


def extraction_jobs(api: Api) -> list[Job]:
    """The documents' jobs, newest first."""
    return api.jobs(kind="extract_document", limit=100).items


def shown_jobs(jobs: Sequence[Job], followed: set[UUID]) -> list[Job]:
    """Those that still run, and those that ended while this page watched."""
    return [job for job in jobs if not job.status.is_final or job.id in followed]


def follow_jobs(api: Api, *, may_control: bool, on_dismiss: Callable[[], None]) -> bool:
    """Rows that follow their jobs; the timer lives only as long as one of them runs. True while one does."""
    view = state.faq()
    jobs = load("jobs", lambda: extraction_jobs(api))
    if jobs is None:
        return False
    live = {job.id for job in jobs if not job.status.is_final}
    view.followed |= live
    shown = shown_jobs(jobs, view.followed)
    if not shown:
        return False
    with st.container(border=True, key="progress", gap="small"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{_summary(shown)}**", width="content")
            if not live:
                st.button("Hide", key="hide_jobs", type="tertiary", icon=":material/close:", on_click=on_dismiss)
        if live:
            _ticking(api, live, may_control=may_control)
        else:
            _rows(shown, api, may_control=may_control)
    return bool(live)


def _summary(jobs: Sequence[Job]) -> str:
    running = sum(not job.status.is_final for job in jobs)
    if running:
        return f"Reading {plural(running, 'document')}"
    failed = sum(job.status is JobStatus.FAILED for job in jobs)
    done = sum(job.status is JobStatus.SUCCEEDED for job in jobs)
    parts = [f"{plural(done, 'document')} read"] if done else []
    parts += [f"{failed} failed"] if failed else []
    return ", ".join(parts) or "Cancelled"


def _ticking(api: Api, live: set[UUID], *, may_control: bool) -> None:
    @st.fragment(run_every="500ms")
    def tick() -> None:
        jobs = load("jobs_tick", lambda: extraction_jobs(api), inline=True)
        if jobs is None:
            return
        if live - {job.id for job in jobs if not job.status.is_final}:
            st.rerun()
        _rows(shown_jobs(jobs, state.faq().followed), api, may_control=may_control)

    tick()


def _rows(jobs: Sequence[Job], api: Api, *, may_control: bool) -> None:
    for job in jobs[:20]:
        _row(job, api, may_control=may_control)
    if len(jobs) > 20:
        st.caption(f"and {len(jobs) - 20} more")


def _row(job: Job, api: Api, *, may_control: bool) -> None:
    with st.container(key=f"job_{job.id}", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            done = f" :small[:gray[{plain(outcome_text(job))}]]" if job.status is JobStatus.SUCCEEDED else ""
            st.markdown(plain(job.title or "Document") + done, width="content")
            with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
                badge(JOB_STATUS[job.status])
                if may_control:
                    _control(job, api)
        if not job.status.is_final:
            st.progress(min(max(job.progress, 0.0), 1.0), text=stage_text(job))
        elif job.error is not None:
            st.markdown(f":red[{plain(job.error.title)}.] {plain(sentence(job.error.detail))}")


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
    if act(lambda: api.retry_job(job.id)):
        state.faq().followed.add(job.id)
