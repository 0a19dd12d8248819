"""An agent in a drawer: who answers, with which model, from which collection, and who steps in."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from contracts.agents import MORE_COLLECTIONS, Agent, AgentEdit, AgentNew, AgentParameters, Fallback, ModelStep
from contracts.collections import Collection
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.notices import act, load, show_problem
from frontend.components.words import listed, provider_words
from frontend.safe_text import plain

NEW = "new"
STEPS: Final[dict[ModelStep, str]] = {
    "rewrite": "Understand follow-ups",
    "plan": "Plan the search",
    "search": "Search in other words",
    "rerank": "Rank the passages",
}
"""In the order in which they are taken."""


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
    used = {agent.provider, *(one.provider for one in agent.fallbacks)} if agent is not None else set()
    ready = [one for one in providers if (one.configured and not one.hidden) or one.name in used]
    labels = {one.name: provider_words(one.label)[0] for one in ready}
    quoting = [labels[one.name] for one in ready if not one.generates]
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
    values = {"name": name, **_who(agent, labels, quoting), **_what(agent, collections), **_limits(agent)}
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


def _who(agent: Agent | None, labels: Mapping[str, str], quoting: Sequence[str]) -> dict[str, object]:
    names = list(labels)
    provider = st.selectbox(
        "Provider",
        names,
        index=names.index(agent.provider) if agent is not None and agent.provider in names else 0,
        format_func=labels.__getitem__,
        key=state.form_key("agent_provider"),
        help="Those that are set up under Settings.",
    )
    if quoting:
        st.caption(
            f":material/info: With {plain(listed(quoting))} the documents are quoted: model, instructions, steps and "
            "temperature change nothing there."
        )
    model = st.text_input(
        "Model",
        agent.model if agent is not None else "",
        max_chars=200,
        key=state.form_key("agent_model"),
        placeholder="The provider's default",
        help="Another provider has other models: empty takes its default.",
    )
    fallbacks = st.multiselect(
        "Steps in when it fails",
        names,
        default=[one.provider for one in agent.fallbacks if one.provider in names] if agent is not None else [],
        format_func=labels.__getitem__,
        key=state.form_key("agent_fallbacks"),
        max_selections=5,
        placeholder="Nobody",
    )
    return {
        "external_id": agent.external_id if agent is not None else None,
        "provider": provider,
        "model": model.strip() or None,
        "fallbacks": [_kept(agent, chosen) for chosen in fallbacks if chosen != provider],
    }


def _what(agent: Agent | None, collections: Sequence[Collection]) -> dict[str, object]:
    by_id = {one.id: one.name for one in collections}
    ids = list(by_id)
    collection = st.selectbox(
        "Answers from",
        ids,
        index=ids.index(agent.collection_id) if agent is not None and agent.collection_id in ids else 0,
        format_func=by_id.__getitem__,
        key=state.form_key("agent_collection"),
    )
    return {"collection_id": collection, "more_collection_ids": _more(agent, by_id, collection)}


def _more(agent: Agent | None, by_id: Mapping[UUID, str], first: UUID | None) -> list[UUID]:
    """Beside the first one; those that are not among the offered ones stay."""
    before = agent.more_collection_ids if agent is not None else []
    if len(by_id) < 2:
        return before
    offered, key = [one for one in by_id if one != first], state.form_key("agent_more")
    st.session_state[key] = [one for one in st.session_state.get(key, before) if one in offered]
    chosen = st.multiselect(
        "Also search in",
        offered,
        key=key,
        format_func=by_id.__getitem__,
        max_selections=MORE_COLLECTIONS,
        placeholder="No other collection",
        help="A question that names a collection is searched there; else in all of them, or in those that the model "
        "chooses where it plans the search.",
    )
    return [*chosen, *(one for one in before if one not in by_id)]


def _limits(agent: Agent | None) -> dict[str, object]:
    before = agent.parameters if agent is not None else AgentParameters()
    instructions = st.text_area(
        "Instructions",
        before.instructions,
        max_chars=20_000,
        key=state.form_key("agent_instructions"),
        placeholder="Tone, audience, what to leave out",
        help="For providers that write answers; the built-in one quotes.",
    )
    steps = st.pills(
        "Steps that the model takes",
        list(STEPS),
        selection_mode="multi",
        default=before.steps,
        format_func=STEPS.__getitem__,
        key=state.form_key("agent_steps"),
        help="A request more for each; rules take the others, and all where a provider of this agent only quotes.",
    )
    temperature_key, daily_key = state.form_key("agent_temperature"), state.form_key("agent_daily")
    # A number field that is given its value cannot be emptied; one whose state is set can.
    st.session_state.setdefault(temperature_key, before.temperature)
    st.session_state.setdefault(daily_key, agent.daily_tokens if agent is not None else None)
    with st.container(horizontal=True, gap="small"):
        temperature = st.number_input(
            "Temperature", 0.0, 2.0, value=None, step=0.1, placeholder="Default", key=temperature_key
        )
        daily = st.number_input("Tokens a day", 1, 10**12, value=None, step=1000, placeholder="No limit", key=daily_key)
    taken = [step for step in STEPS if step in steps]
    parameters = before.model_copy(update={"temperature": temperature, "instructions": instructions, "steps": taken})
    return {"parameters": parameters, "daily_tokens": daily}


def _kept(agent: Agent | None, provider: str) -> Fallback:
    """With the model that it had."""
    known = agent.fallbacks if agent is not None else []
    return next((one for one in known if one.provider == provider), Fallback(provider=provider))


def _save(api: Api, agent: Agent | None, new: AgentNew) -> None:
    try:
        saved = api.create_agent(new) if agent is None else api.edit_agent(agent.id, _changes(agent, new))
    except ApiError as error:
        show_problem(error, key="agent", inline=True)
        return
    close()
    state.chat().saved = saved.id
    state.session().flash = state.Flash(f"Agent {plain(new.name)} saved")
    st.rerun()


def _changes(agent: Agent, new: AgentNew) -> AgentEdit:
    """What differs: a model that was left as it stood goes with its provider. No model is the provider's default."""
    wanted = new.model_dump(include=new.model_fields_set)
    before = agent.model_dump(include=set(wanted))
    return AgentEdit.model_validate({name: value for name, value in wanted.items() if value != before[name]})
