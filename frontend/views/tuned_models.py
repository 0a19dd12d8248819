"""The models that were trained here."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from contracts.agents import Agent
from contracts.finetuning import TrainingMethod, TunedModel
from frontend.components.badges import badge
from frontend.components.model_figures import USABLE, figures_sentence, verdict
from frontend.components.notices import empty_state, load
from frontend.components.tuning import go, method_label
from frontend.components.words import ago, listed, sentence
from frontend.layout import Frame
from frontend.safe_text import plain, told

PER_PAGE: Final = 10


def model_list(frame: Frame) -> None:
    page = load("models", frame.api.tuned_models)
    methods = load("training_methods", frame.api.training_methods)
    if page is None or methods is None:
        return
    if not page.items:
        _first()
        return
    agents = load("agents", frame.api.agents) if frame.can("settings.read") else None
    pages = -(-len(page.items) // PER_PAGE)
    at = min(int(st.session_state.get("models_page", 1)), pages)
    for model in page.items[(at - 1) * PER_PAGE : at * PER_PAGE]:
        with st.container(border=True, key=f"model_{model.id}", gap="xsmall"):
            _card(model, methods, agents.items if agents is not None else [])
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key="models_page")
    if page.next_cursor is not None:
        st.caption(f"The newest {len(page.items):,} are listed.")


def _first() -> None:
    empty_state(
        "neurology",
        "No model yet",
        "What a training makes is here, with its figures before and after on questions that it never saw.",
        key="models",
    )
    with st.container(horizontal_alignment="center"):
        st.button(
            "Train a model", key="train_first", type="primary", icon=":material/model_training:", on_click=_to_train
        )


def _to_train() -> None:
    go("train")


def users_of(model: TunedModel, agents: Sequence[Agent]) -> list[Agent]:
    return [agent for agent in agents if agent.parameters.retrieval_model == model.name]


def model_facts(model: TunedModel, methods: Sequence[TrainingMethod]) -> str:
    dataset = f"{plain(model.dataset_name)}, version {model.dataset_version}"
    return f"{plain(method_label(methods, model.method))} on {dataset} · made {ago(model.created_at)}"


def _card(model: TunedModel, methods: Sequence[TrainingMethod], agents: Sequence[Agent]) -> None:
    users = users_of(model, agents)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(model.name)}**", width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            look = verdict(model)
            if look is not None:
                badge(look)
            if model.state == "unusable":
                badge(USABLE[False])
            elif users:
                badge(("green", "check_circle", f"Used by {plain(listed([agent.name for agent in users]))}"))
    st.markdown(figures_sentence(model))
    if model.reason:
        st.markdown(f":small[:orange[:material/warning: {told(sentence(model.reason))}]]")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f":small[:gray[{model_facts(model, methods)}]]", width="content")
        st.button(
            "Open",
            key=f"open_model_{model.id}",
            type="tertiary",
            icon=":material/arrow_forward:",
            on_click=go,
            args=("models", model.id),
        )
