"""Datasets being made, models being trained, collections moved to them: how far each is, with cancel and retry."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import streamlit as st

from contracts.jobs import Job, JobKind, JobStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.jobs import Stages, stage_text, steady_left
from frontend.components.notices import act, load
from frontend.components.words import everyday, sentence
from frontend.safe_text import plain, told

OF_THE_REQUEST: Final = frozenset({400, 404, 409, 413, 415, 422})
MENDABLE: Final = frozenset({"outbound_refused"})
"""Codes of what is of the request, and may be allowed meanwhile."""
STAGES: Final[Mapping[JobKind, Stages]] = {
    "make_dataset": {
        "": ("Waiting for its turn", ""),
        "collecting": ("Collecting the approved FAQs", "FAQs"),
        "embedding": ("Reading what the questions mean", "questions"),
        "rewording": ("A model writes paraphrases", "questions"),
        "checking": ("Checking the rows", ""),
        "storing": ("Storing the rows", "rows"),
    },
    "ingest": {
        "": ("Waiting for its turn", ""),
        "storing": ("Taking in FAQs", "FAQs"),
        "indexing": ("Reading what the texts mean", "entries"),
    },
    "switch_model": {
        "": ("Waiting for its turn", ""),
        "embedding": ("Embedding the collection anew", "vectors"),
    },
    "finetune": {
        "": ("Waiting for its turn", ""),
        "reading": ("Reading the collection", "entries"),
        "embedding": ("Reading what the questions mean", "questions"),
        "training": ("Training", "epochs"),
        "uploading": ("Sending the rows to {at}", ""),
        "unsent": ("Waiting to send the rows to {at}", ""),
        "validating": ("{at} reads the rows", ""),
        "queued": ("Waiting at {at} to begin", ""),
        "waiting": ("Waiting for trainings before it", ""),
        "loading": ("Loading the base model", ""),
        "measuring": ("Looking at how well the base model does", ""),
        "resuming": ("Going on from the last checkpoint", "steps"),
        "learning": ("Training", "steps"),
        "stepping": ("{at} trains", "steps"),
        "advancing": ("{at} trains", "%"),
        "storing": ("{at} stores the model", ""),
        "naming": ("{at} has trained, and does not name the model yet", ""),
        "cancelling": ("{at} ends it", ""),
    },
}
"""What a provider does names it as `{at}`."""


def ticking(api: Api, jobs: Sequence[Job], draw: Callable[[Job], None], *, key: str) -> None:
    """Draws each of the jobs every half second while they go on; the page is drawn anew when one of them ends."""

    @st.fragment(run_every="500ms")
    def tick() -> None:
        now = load(f"{key}_tick", lambda: [api.job(job.id) for job in jobs], inline=True)
        if now is None:
            return
        if any(job.status.is_final for job in now):
            st.rerun()
        for job in now:
            draw(job)

    tick()


def progress_row(api: Api, job: Job, *, may_control: bool, at: str = "") -> None:
    """The stage, the count, the time left, and the button that ends it. `at` is the provider that trains."""
    text = stage_text(job, _left(job), _named(STAGES.get(job.kind, {}), plain(at)))
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=f"job_{job.id}"
    ):
        st.progress(min(max(job.progress, 0.0), 1.0), text=text)
        if may_control:
            st.button("Cancel", key=f"cancel_{job.id}", type="tertiary", on_click=_cancel, args=(api, job))
    if job.message:
        st.caption(f":material/info: {told(sentence(job.message))}")


def _left(job: Job) -> str:
    """Nothing where a provider has its own pace, or nothing is counted: the time would be invented."""
    words, unit = STAGES.get(job.kind, {}).get(job.stage, ("", ""))
    return steady_left(job, state.tune().time_left) if unit and "{at}" not in words else ""


def _named(stages: Stages, at: str) -> Stages:
    return {stage: (words.format(at=at) if at else _unnamed(words), unit) for stage, (words, unit) in stages.items()}


def _unnamed(words: str) -> str:
    words = words.format(at="the provider")
    return words[:1].upper() + words[1:]


def ended_row(api: Api, job: Job, *, may_control: bool) -> None:
    """Why it failed, or that it was cancelled, and the button that begins it again where that can help."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if job.error is not None:
            st.markdown(
                f":red[:material/error: {plain(job.error.title)}.] {told(sentence(everyday(job.error.detail)))}"
            )
        else:
            is_why = job.message and job.kind != "finetune"  # of a training it tells what was to be known while it ran
            why = told(sentence(job.message)) if is_why else "It was cancelled before it was done."
            st.markdown(f":gray[{why}]")
        if may_control and can_change(job):
            st.button("Retry", key=f"retry_{job.id}", icon=":material/refresh:", on_click=_retry, args=(api, job))


def _cancel(api: Api, job: Job) -> None:
    act(partial(api.cancel_job, job.id), f"{plain(job.title)} is being cancelled")


def can_change(job: Job) -> bool:
    """Whether another attempt may end otherwise: what is wrong with the request itself stays wrong, a key or a package
    can be mended meanwhile."""
    if job.status is JobStatus.FAILED:
        error = job.error
        return error is None or error.retryable or error.code in MENDABLE or error.status not in OF_THE_REQUEST
    return job.status is JobStatus.CANCELLED


def _retry(api: Api, job: Job) -> None:
    act(partial(api.retry_job, job.id))
