"""One training: how far it is, its curves, and what came out."""

from typing import Final
from uuid import UUID

import streamlit as st

from contracts.finetuning import Training, TrainingMethod, TunedModel
from contracts.jobs import JobStatus
from frontend.api_client import Api
from frontend.components.badges import JOB_STATUS, badge
from frontend.components.comparing import compare_with_default
from frontend.components.curves import curves
from frontend.components.model_figures import BETTER, figures_sentence, verdict
from frontend.components.notices import load
from frontend.components.tuning import go, provider_label
from frontend.components.tuning_jobs import ended_row, progress_row
from frontend.layout import Frame, titled
from frontend.safe_text import plain
from frontend.views.trainings import training_facts

_ALL: Final = ("train",)


def training_detail(frame: Frame, training_id: UUID) -> None:
    st.button(
        "All trainings", key="all_trainings", type="tertiary", icon=":material/arrow_back:", on_click=go, args=_ALL
    )
    training = load("training", lambda: frame.api.training(training_id))
    methods = load("training_methods", frame.api.training_methods)
    if training is None or methods is None:
        return
    _title(training, methods)
    status = training.job.status
    if not status.is_final:
        _live(frame, training, at=provider_label(methods, training))
        return
    if status is JobStatus.SUCCEEDED:
        _outcome(frame, training)
    else:
        ended_row(frame.api, training.job, may_control=frame.can("jobs.control"))
    points = load("points", lambda: frame.api.training_points(training_id))
    if points:
        curves(points)
    elif points is not None:
        st.markdown(":gray[It ended before the first epoch: there are no curves.]")


def _title(training: Training, methods: list[TrainingMethod]) -> None:
    titled(plain(training.name), [JOB_STATUS[training.job.status]], key="training")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":small[:gray[{training_facts(training, methods)}]]", width="content")
        st.button(
            "Open the dataset",
            key="dataset_of_training",
            type="tertiary",
            icon=":material/table_rows:",
            on_click=go,
            args=("datasets", training.dataset_id),
        )


def _live(frame: Frame, training: Training, *, at: str) -> None:
    """The stage and the curves, drawn anew while it goes on."""

    @st.fragment(run_every="500ms")
    def tick() -> None:
        now = load("training_tick", lambda: _now(frame.api, training.id), inline=True)
        if now is None:
            return
        if now.job.status.is_final:
            st.rerun()
        progress_row(frame.api, now.job, may_control=frame.can("jobs.control"), at=at)
        points = load("points_tick", lambda: frame.api.training_points(training.id), inline=True)
        if points is not None:
            curves(points)

    tick()


def _now(api: Api, training_id: UUID) -> Training:
    return api.training(training_id)


def _outcome(frame: Frame, training: Training) -> None:
    model_id = training.model_id
    if model_id is None:
        st.markdown(":gray[Its model was deleted.]")
        return
    model = load("model_of_training", lambda: frame.api.tuned_model(model_id))
    if model is None:
        return
    with st.container(
        border=True, key="outcome", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        _said(model)
        with st.container(horizontal=True, gap="small", width="content"):
            can_compare = model.makes != "embeddings" and frame.can("comparisons.write")
            if can_compare and st.button(
                "Compare", key="compare_outcome", icon=":material/compare:", disabled=model.state == "unusable"
            ):
                compare_with_default(model.id)
            st.button(
                "Use it in a collection"
                if model.makes == "embeddings" and verdict(model) == BETTER
                else "Open the model",
                key="open_outcome",
                type="primary",
                icon=":material/arrow_forward:",
                on_click=go,
                args=("models", model.id),
            )


def _said(model: TunedModel) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        look = verdict(model)
        if look is not None:
            badge(look)
        st.markdown(figures_sentence(model), width="content")
