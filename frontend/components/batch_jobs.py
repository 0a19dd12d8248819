"""A batch being compared: how far it is, live, with cancel; and why one has no results."""

from functools import partial
from typing import Final

import streamlit as st

from contracts.jobs import Job
from frontend import state
from frontend.api_client import Api
from frontend.components.jobs import Stages, stage_text, steady_left
from frontend.components.notices import act, load

STAGES: Final[Stages] = {
    "": ("Waiting for its turn", ""),
    "asking": ("Asking", "questions"),
    "judging": ("The judge reads the answers", "pairs"),
    "measuring": ("Adding up what was measured", ""),
}


def follow_batch(api: Api, job: Job, *, may_control: bool) -> None:
    """Drawn every half second while it goes on; the page is drawn anew when it ends."""

    @st.fragment(run_every="500ms")
    def tick() -> None:
        now = load(f"batch_tick_{job.id}", partial(api.job, job.id), inline=True)
        if now is None:
            return
        if now.status.is_final:
            st.rerun()
        _row(api, now, may_control=may_control)

    tick()


def _row(api: Api, job: Job, *, may_control: bool) -> None:
    text = stage_text(job, steady_left(job, state.compare().time_left), STAGES)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=f"job_{job.id}"
    ):
        st.progress(min(max(job.progress, 0.0), 1.0), text=text)
        if may_control:
            st.button("Cancel", key=f"cancel_{job.id}", type="tertiary", on_click=_cancel, args=(api, job))


def _cancel(api: Api, job: Job) -> None:
    act(partial(api.cancel_job, job.id), "The batch is being cancelled")
