"""Documents that a model drafts from: how far it is, and what came of it."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, get_args
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from contracts.drafting import DraftingResult, DropReason
from contracts.jobs import Job, JobKind, JobStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.badges import JOB_STATUS, badge
from frontend.components.jobs import stage_text, steady_left
from frontend.components.notices import act, load
from frontend.components.words import plural, sentence
from frontend.safe_text import plain, told

KIND: Final[JobKind] = "draft_document"
NEWEST: Final = 50
GoOn = Callable[[UUID], None]
DROPPED: Final[dict[DropReason, str]] = {
    "not_quoted": "with a quote that is not in the text",
    "unsupported": "whose quote does not carry the answer",
    "repeated": "asked already",
    "unusable": "without usable words",
}


def follow_drafting(api: Api, *, may_control: bool, go_on: GoOn | None) -> None:
    """The jobs that go on, and those that ended since this page first saw them; the timer lives while one goes on."""
    jobs = load("drafting_jobs", lambda: _followed(api))
    if not jobs:
        return
    with st.container(border=True, key="drafting", gap="small"):
        if any(not job.status.is_final for job in jobs):
            _ticking(api, len([job for job in jobs if job.status.is_final]), may_control=may_control, go_on=go_on)
            return
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown("**Drafted with a model**", width="content")
            st.button("Hide", key="hide_drafting", type="tertiary", icon=":material/close:", on_click=_hide)
        _rows(api, jobs, may_control=may_control, go_on=go_on)


def _followed(api: Api) -> list[Job]:
    """The last one of each document."""
    followed = state.faq().drafting_jobs
    jobs = api.jobs(kind=KIND, limit=NEWEST).items
    followed.update(job.id for job in jobs if not job.status.is_final)
    last = {job.document_id: job for job in reversed(jobs)}
    return [job for job in jobs if job.id in followed and last[job.document_id] is job]


def _ticking(api: Api, ended: int, *, may_control: bool, go_on: GoOn | None) -> None:
    @st.fragment(run_every="500ms")
    def tick() -> None:
        jobs = load("drafting_tick", lambda: _followed(api), inline=True)
        if jobs is None:
            return
        if len([job for job in jobs if job.status.is_final]) != ended:
            st.rerun()
        running = sum(not job.status.is_final for job in jobs)
        st.markdown(f"**A model drafts from {plural(running, 'document')}**")
        _rows(api, jobs, may_control=may_control, go_on=go_on)

    tick()


def _rows(api: Api, jobs: Sequence[Job], *, may_control: bool, go_on: GoOn | None) -> None:
    for job in jobs:
        _row(api, job, may_control=may_control, go_on=go_on)


def _row(api: Api, job: Job, *, may_control: bool, go_on: GoOn | None) -> None:
    result = result_of(job)
    with st.container(key=f"drafting_{job.id}", gap="xsmall"):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(plain(job.title or "Document"), width="content")
            with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
                badge(STOPPED if result is not None and result.stopped else JOB_STATUS[job.status])
                if may_control:
                    _control(api, job)
                if result is not None and result.left and go_on is not None:
                    _go_on_button(job, go_on)
        if job.status is JobStatus.RUNNING:
            left = steady_left(job, state.faq().time_left)
            st.progress(min(max(job.progress, 0.0), 1.0), text=stage_text(job, left))
        elif result is not None:
            st.markdown(f":small[:gray[{plain(result_text(result))}]]")
        elif job.error is not None:
            st.markdown(
                f":red[{plain(job.error.title)}.] {told(sentence(job.error.detail))} "
                "What was drafted is kept; Retry goes on behind it."
            )
        elif job.status is JobStatus.CANCELLED:
            st.markdown(":small[:gray[What was drafted is kept; Retry goes on behind it.]]")


STOPPED: Final = ("orange", "pause_circle", "Stopped early")


def result_of(job: Job) -> DraftingResult | None:
    """None while there is none, also of another version of the API."""
    try:
        return DraftingResult.model_validate(job.result) if job.result is not None else None
    except ValidationError:
        return None


def result_text(result: DraftingResult) -> str:
    """What was kept, what was not and why, what it took, and what is left."""
    parts = [plural(result.drafts, "draft")]
    dropped = [
        f"{result.dropped[reason]:,} {DROPPED[reason]}" for reason in get_args(DropReason) if result.dropped.get(reason)
    ]
    if dropped:
        parts.append(f"dropped {', '.join(dropped)}")
    if result.failed:
        parts.append(f"{plural(result.failed, 'call')} without a readable answer")
    parts.append(f"{result.input_tokens + result.output_tokens:,} tokens")
    if result.cost_usd:
        parts.append(dollars(result.cost_usd))
    if result.left:
        why = {"budget": "stopped at the budget: ", "sections": "stopped as asked: ", None: ""}[result.stopped]
        parts.append(f"{why}{result.done:,} of {plural(result.sections, 'section')} done")
    return " · ".join(parts)


def dollars(value: Decimal) -> str:
    """To the cent, or to two digits below that."""
    return f"${value:.2f}" if value >= Decimal("0.1") or not value else f"${float(value):.2g}"


def _control(api: Api, job: Job) -> None:
    if not job.status.is_final:
        st.button("Cancel", key=f"cancel_drafting_{job.id}", type="tertiary", on_click=_cancel, args=(api, job))
    elif job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
        st.button(
            "Retry",
            key=f"retry_drafting_{job.id}",
            type="tertiary",
            icon=":material/refresh:",
            on_click=_retry,
            args=(api, job),
        )


def _go_on_button(job: Job, go_on: GoOn) -> None:
    st.button(
        "Go on",
        key=f"go_on_{job.id}",
        type="tertiary",
        icon=":material/play_arrow:",
        on_click=go_on,
        args=(job.document_id,),
    )


def _hide() -> None:
    state.faq().drafting_jobs.clear()


def _cancel(api: Api, job: Job) -> None:
    act(lambda: api.cancel_job(job.id), f"{plain(job.title)} is being cancelled")


def _retry(api: Api, job: Job) -> None:
    act(lambda: api.retry_job(job.id))
