"""An agent in a drawer: who answers, with which model, from which collection, and who steps in."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from contracts.agents import Agent, AgentNew
from contracts.collections import Collection
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.agent_fields import changes, collection_fields, limit_fields, provider_choices, who_fields
from frontend.components.notices import act, load, show_problem
from frontend.safe_text import plain

NEW = "new"


def open_agent(which: UUID | str) -> None:
    state.begin_form()
    state.chat().editing = which


def close() -> None:
    state.chat().editing = None


def agent_dialog(api: Api, agents: Sequence[Agent], collections: Sequence[Collection]) -> None:
    """Shows the drawer that the state asks for."""
    editing = state.chat().editing
    if editing is None:
        return
    agent = next((one for one in agents if one.id == editing), None)
    if agent is None and editing != NEW:
        close()
        return
    _drawer(api, agent, collections)


@st.dialog("Agent", width="medium", position="right", icon=":material/smart_toy:", on_dismiss=close)
def _drawer(api: Api, agent: Agent | None, collections: Sequence[Collection]) -> None:
    providers = load("agent_providers", api.providers, inline=True)
    if providers is None:
        return
    labels, quoting = provider_choices(providers, agent)
    # No form: what may also be searched depends on what is chosen first.
    values, unnamed = _fields(agent, labels, collections, quoting)
    sent = st.button("Save", key="save_agent", type="primary", icon=":material/save:")
    new = _checked(values, unnamed) if sent else None
    if new is not None:
        _save(api, agent, new)
    if agent is not None and not agent.is_default:
        with st.popover("Delete agent", icon=":material/delete:", type="tertiary", key="delete_agent_menu"):
            st.markdown("Its conversations stay. Programs that ask it are refused from then on.")
            if st.button("Delete", key="delete_agent") and act(lambda: api.delete_agent(agent.id), "Agent deleted"):
                close()
                st.rerun()


def _fields(
    agent: Agent | None, labels: Mapping[str, str], collections: Sequence[Collection], quoting: Sequence[str]
) -> tuple[dict[str, object], DeltaGenerator]:
    """What the form says, and the place below its name. `quoting` are the providers whose model writes nothing."""
    is_default = agent is not None and agent.is_default
    name = st.text_input(
        "Name",
        agent.name if agent is not None else "",
        max_chars=200,
        key=state.form_key("agent_name"),
        disabled=is_default,
        help="The default agent keeps its name." if is_default else None,
    )
    unnamed = st.container()
    external_id = agent.external_id if agent is not None else None
    values: dict[str, object] = {"name": name, "external_id": external_id}
    values |= {**who_fields(agent, labels, quoting), **collection_fields(agent, collections), **limit_fields(agent)}
    return values, unnamed


def _checked(values: Mapping[str, object], unnamed: DeltaGenerator) -> AgentNew | None:
    """None, after saying what is wrong, where it cannot be saved."""
    try:
        return AgentNew.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
    if fault["loc"][0] == "name" and not str(values["name"]).strip():
        unnamed.error("Give the agent a name.", icon=":material/error:")
    else:
        st.error(f"Check the field {plain(str(fault['loc'][0]))}: {plain(fault['msg'])}.")
    return None


def _save(api: Api, agent: Agent | None, new: AgentNew) -> None:
    try:
        saved = api.create_agent(new) if agent is None else api.edit_agent(agent.id, changes(agent, new))
    except ApiError as error:
        show_problem(error, key="agent", inline=True)
        return
    close()
    state.chat().saved = saved.id
    state.session().flash = state.Flash(f"Agent {plain(new.name)} saved")
    st.rerun()
