"""The sample handbook being read, for an agent that is made from it."""

from functools import partial

import streamlit as st

from contracts.jobs import Job, JobStatus
from frontend import state
from frontend.api_client import Api
from frontend.components.jobs import stage_text, steady_left
from frontend.components.notices import act, load
from frontend.components.tuning_jobs import ended_row, ticking
from frontend.components.words import plural
from frontend.layout import Frame
from frontend.safe_text import plain


def sample_is_read(frame: Frame) -> bool:
    """False while it is read, which is shown. Then its documents are those that the form begins with."""
    view = state.smart()
    if not view.reading:
        return True
    jobs = load("reading", lambda: [frame.api.job(id) for id in view.reading])
    if jobs is None:
        return False
    going = [job for job in jobs if not job.status.is_final]
    failed = [job for job in jobs if job.status in (JobStatus.FAILED, JobStatus.CANCELLED)]
    if not going and not failed:
        view.chosen = [job.document_id for job in jobs if job.document_id is not None]
        view.reading, view.form = [], ""
        return True
    with st.container(border=True, key="sample_reading", gap="small"):
        if going:
            st.markdown(f"**Reading {plural(len(going), 'document')} of the sample handbook**")
            ticking(frame.api, going, _row, key="sample")
        for job in failed:
            st.markdown(f"**{plain(job.title or 'Document')}**")
            ended_row(frame.api, job, may_control=frame.can("jobs.control"))
        if failed and not going:
            go_on = partial(_without, [job for job in jobs if job not in failed])
            st.button("Go on without it", key="without_sample", icon=":material/arrow_forward:", on_click=go_on)
    return False


def _row(job: Job) -> None:
    text = stage_text(job, steady_left(job, state.tune().time_left))
    st.progress(min(max(job.progress, 0.0), 1.0), text=f"{plain(job.title or 'Document')} · {text}")


def _without(read: list[Job]) -> None:
    view = state.smart()
    view.reading, view.form = [], ""
    view.chosen = [job.document_id for job in read if job.document_id is not None]


def read_sample(api: Api) -> bool:
    """Follows the documents of the sample, also where they were read before; False when that failed, which the next
    run shows."""

    def read() -> None:
        state.smart().reading = [job.id for job in api.load_samples().jobs if isinstance(job, Job)]

    return act(read)
