"""Fields of an agent's form: who answers, with what, from where, within which limits."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.agents import (
    MORE_COLLECTIONS,
    Agent,
    AgentEdit,
    AgentNew,
    AgentParameters,
    AgentSettings,
    Fallback,
    ModelStep,
)
from contracts.collections import Collection
from contracts.providers import Provider
from frontend import state
from frontend.components.words import listed, provider_words
from frontend.safe_text import plain

Known = Agent | AgentSettings
"""What a form begins with."""
STEPS: Final[dict[ModelStep, str]] = {
    "rewrite": "Understand follow-ups",
    "plan": "Plan the search",
    "search": "Search in other words",
    "rerank": "Rank the passages",
}
"""In the order in which they are taken."""


def provider_choices(providers: Sequence[Provider], agent: Agent | None) -> tuple[dict[str, str], list[str]]:
    """The labels of those that can be chosen, by name, and of those among them whose model writes nothing."""
    used = {agent.provider, *(one.provider for one in agent.fallbacks)} if agent is not None else set()
    ready = [one for one in providers if (one.configured and not one.hidden) or one.name in used]
    labels = {one.name: provider_words(one.label)[0] for one in ready}
    return labels, [labels[one.name] for one in ready if not one.generates]


def who_fields(known: Known | None, labels: Mapping[str, str], quoting: Sequence[str]) -> dict[str, object]:
    names = list(labels)
    provider = st.selectbox(
        "Provider",
        names,
        index=names.index(known.provider) if known is not None and known.provider in names else 0,
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
        (known.model or "") if known is not None else "",
        max_chars=200,
        key=state.form_key("agent_model"),
        placeholder="The provider's default",
        help="Another provider has other models: empty takes its default.",
    )
    fallbacks = st.multiselect(
        "Steps in when it fails",
        names,
        default=[one.provider for one in known.fallbacks if one.provider in names] if known is not None else [],
        format_func=labels.__getitem__,
        key=state.form_key("agent_fallbacks"),
        max_selections=5,
        placeholder="Nobody",
    )
    return {
        "provider": provider,
        "model": model.strip() or None,
        "fallbacks": [_kept(known, chosen) for chosen in fallbacks if chosen != provider],
    }


def collection_fields(known: Known | None, collections: Sequence[Collection]) -> dict[str, object]:
    by_id = {one.id: one.name for one in collections}
    ids = list(by_id)
    collection = st.selectbox(
        "Answers from",
        ids,
        index=ids.index(known.collection_id) if known is not None and known.collection_id in ids else 0,
        format_func=by_id.__getitem__,
        key=state.form_key("agent_collection"),
    )
    return {"collection_id": collection, "more_collection_ids": _more(known, by_id, collection)}


def _more(known: Known | None, by_id: Mapping[UUID, str], first: UUID | None) -> list[UUID]:
    """Beside the first one; those that are not among the offered ones stay."""
    before = known.more_collection_ids if known is not None else []
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


def limit_fields(known: Known | None) -> dict[str, object]:
    before = known.parameters if known is not None else AgentParameters()
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
    st.session_state.setdefault(daily_key, known.daily_tokens if known is not None else None)
    with st.container(horizontal=True, gap="small"):
        temperature = st.number_input(
            "Temperature", 0.0, 2.0, value=None, step=0.1, placeholder="Default", key=temperature_key
        )
        daily = st.number_input("Tokens a day", 1, 10**12, value=None, step=1000, placeholder="No limit", key=daily_key)
    taken = [step for step in STEPS if step in steps]
    parameters = before.model_copy(update={"temperature": temperature, "instructions": instructions, "steps": taken})
    return {"parameters": parameters, "daily_tokens": daily}


def _kept(known: Known | None, provider: str) -> Fallback:
    """With the model that it had."""
    fallbacks = known.fallbacks if known is not None else []
    return next((one for one in fallbacks if one.provider == provider), Fallback(provider=provider))


def changes(agent: Agent, new: AgentNew) -> AgentEdit:
    """What differs: a model that was left as it stood goes with its provider. No model is the provider's default."""
    wanted = new.model_dump(include=new.model_fields_set)
    before = agent.model_dump(include=set(wanted))
    return AgentEdit.model_validate({name: value for name, value in wanted.items() if value != before[name]})
