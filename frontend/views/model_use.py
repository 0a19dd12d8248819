"""Which agents search with a model, and letting one begin or stop."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

import streamlit as st

from contracts.agents import Agent, AgentEdit
from contracts.collections import Collection
from contracts.finetuning import TunedModel
from frontend.api_client import Api
from frontend.components.notices import act, load
from frontend.components.words import distinct
from frontend.layout import Frame, card_title
from frontend.safe_text import plain
from frontend.views.tuned_models import users_of


def model_use(frame: Frame, model: TunedModel) -> None:
    """Agents are seen by those who may read settings, and changed by those who may change them."""
    if not frame.can("settings.read"):
        return
    agents = load("agents", frame.api.agents)
    collections = load("collections", frame.api.collections)
    if agents is None or collections is None:
        return
    may_change = frame.can("settings.write")
    users = users_of(model, agents.items)
    with st.container(border=True, key="model_use", gap="small"):
        card_title("Who searches with it", key="model_use")
        for agent in users:
            _user(frame.api, agent, may_change=may_change)
        if not users:
            st.markdown(
                ":gray[No agent yet. An agent that uses it answers as before, and finds passages by this model.]"
            )
        others = [one for one in fitting(model, agents.items, collections.items) if one not in users]
        if not may_change:
            st.caption("Who may change settings can let an agent use it.")
        elif model.state == "usable" and others:
            _choice(frame.api, model, others)


def fitting(model: TunedModel, agents: Sequence[Agent], collections: Sequence[Collection]) -> list[Agent]:
    """The agents of whose collections one has vectors of the kind that the model was trained for."""
    kinds = {one.id: one.embedding_model for one in collections}
    kind = kinds.get(model.collection_id) if model.collection_id is not None else None
    asked = ((agent, (agent.collection_id, *agent.more_collection_ids)) for agent in agents)
    return [agent for agent, ids in asked if kind is not None and kind in (kinds.get(id) for id in ids)]


def _user(api: Api, agent: Agent, *, may_change: bool) -> None:
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=f"user_{agent.id}"
    ):
        st.markdown(f":green[:material/check_circle:] Agent **{plain(agent.name)}**", width="content")
        if may_change:
            st.button(
                "Stop using it",
                key=f"stop_{agent.id}",
                type="tertiary",
                icon=":material/close:",
                on_click=partial(_set, api, agent, None, f"{plain(agent.name)} searches as before"),
            )


def _choice(api: Api, model: TunedModel, others: Sequence[Agent]) -> None:
    by_id = {agent.id: agent for agent in others}
    labels = distinct({agent.id: _words(agent) for agent in others})
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="use_model"):
        chosen: UUID = st.selectbox("Agent", list(by_id), format_func=labels.__getitem__, key="use_agent", width=320)
        agent = by_id.get(chosen, others[0])
        st.button(
            "Use it for this agent",
            key="use_model_button",
            icon=":material/check:",
            on_click=partial(_set, api, agent, model.name, f"{plain(agent.name)} searches with {plain(model.name)}"),
        )


def _words(agent: Agent) -> str:
    now = agent.parameters.retrieval_model
    return f"{agent.name} (now with {now})" if now else agent.name


def _set(api: Api, agent: Agent, name: str | None, done: str) -> None:
    parameters = agent.parameters.model_copy(update={"retrieval_model": name})
    act(lambda: api.edit_agent(agent.id, AgentEdit(parameters=parameters)), done)
