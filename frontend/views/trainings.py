"""The trainings that were begun: those that go on, and what became of the others."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import streamlit as st

from contracts.finetuning import Training, TrainingMethod
from contracts.jobs import JobStatus
from contracts.page import Page
from frontend.components.badges import JOB_STATUS, badge
from frontend.components.tuning import go, method_label, provider_label
from frontend.components.tuning_jobs import ended_row, progress_row, ticking
from frontend.components.words import ago
from frontend.layout import Frame, section
from frontend.safe_text import plain

PER_PAGE: Final = 10


def training_list(frame: Frame, page: Page[Training], methods: Sequence[TrainingMethod]) -> None:
    if not page.items:
        return
    section("Trainings", key="trainings")
    pages = -(-len(page.items) // PER_PAGE)
    at = min(int(st.session_state.get("trainings_page", 1)), pages)
    for training in page.items[(at - 1) * PER_PAGE : at * PER_PAGE]:
        with st.container(border=True, key=f"training_{training.id}", gap="xsmall"):
            _card(frame, training, methods)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key="trainings_page")
    if page.next_cursor is not None:
        st.caption(f"The newest {len(page.items):,} are listed.")


def training_facts(training: Training, methods: Sequence[TrainingMethod]) -> str:
    dataset = f"{plain(training.dataset_name)}, version {training.dataset_version}"
    return f"{plain(method_label(methods, training.method))} on {dataset} · begun {ago(training.created_at)}"


def _card(frame: Frame, training: Training, methods: Sequence[TrainingMethod]) -> None:
    job = training.job
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(training.name)}**", width="content")
        badge(JOB_STATUS[job.status])
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f":small[:gray[{training_facts(training, methods)}]]", width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            _buttons(training)
    if not job.status.is_final:
        at = provider_label(methods, training)
        draw = partial(progress_row, frame.api, may_control=frame.can("jobs.control"), at=at)
        ticking(frame.api, [job], draw, key=f"training_{job.id}")
    elif job.status is not JobStatus.SUCCEEDED:
        ended_row(frame.api, job, may_control=frame.can("jobs.control"))
    elif training.model_id is None:
        st.markdown(":small[:gray[Its model was deleted.]]")


def _buttons(training: Training) -> None:
    st.button(
        "Curves",
        key=f"curves_{training.id}",
        type="tertiary",
        icon=":material/show_chart:",
        on_click=go,
        args=("train", training.id),
    )
    if training.model_id is not None:
        st.button(
            "Open the model",
            key=f"model_of_{training.id}",
            type="tertiary",
            icon=":material/arrow_forward:",
            on_click=go,
            args=("models", training.model_id),
        )
