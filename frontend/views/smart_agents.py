"""Smart agents: who talks with visitors, how, from which knowledge, and what is kept of whom they talk with."""

import streamlit as st

from contracts.agents import Agent
from frontend import state
from frontend.api_client import ApiError
from frontend.components.notices import empty_state, show_problem
from frontend.components.smart_agents import asked_view, go
from frontend.layout import Frame
from frontend.views.smart_form import configure_view, new_view
from frontend.views.smart_list import agents_view
from frontend.views.smart_talk import talk_view


def render(frame: Frame) -> None:
    view = asked_view()
    if not frame.can("settings.read"):
        empty_state("lock", "Not for your role", "Your role may not see agents.", key="role")
    elif view == "agents":
        agents_view(frame)
    elif view == "new":
        new_view(frame)
    else:
        agent = _agent(frame)
        if agent is not None:
            configure_view(frame, agent) if view == "configure" else talk_view(frame, agent)


def _agent(frame: Frame) -> Agent | None:
    """The one of the address; None after saying that there is none, or what went wrong."""
    agent_id = state.query_id("agent")
    if agent_id is None:
        return None
    try:
        return frame.api.agent(agent_id)
    except ApiError as error:
        if error.problem.status != 404:
            show_problem(error, key="agent")
            return None
    st.error(
        "It was deleted, or it belongs to another workspace.",
        title="This agent is not here",
        icon=":material/person_off:",
    )
    st.button("See the agents", key="to_agents", icon=":material/arrow_back:", on_click=go, args=("agents",))
    return None
