"""The form of an agent that talks with visitors: a new one, or one that is changed."""

from collections.abc import Sequence
from typing import Final

import streamlit as st
from pydantic import ValidationError
from streamlit.delta_generator import DeltaGenerator

from contracts.agents import Agent, AgentNew, AgentSettings, AgentTemplate
from contracts.collections import Collection
from contracts.personas import Persona
from contracts.problem import Problem
from contracts.providers import Provider
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.agent_faults import form_problem, invalid
from frontend.components.agent_fields import (
    Known,
    changes,
    collection_fields,
    limit_fields,
    provider_choices,
    who_fields,
)
from frontend.components.knowledge_fields import Knowledge, approved_ids, knowledge_fields
from frontend.components.lead_form import begin_own, lead_fields_form
from frontend.components.notices import empty_state, load, problem_card
from frontend.components.persona_fields import persona_fields
from frontend.components.smart_agents import go
from frontend.components.words import sentence
from frontend.layout import Frame, card_title, section
from frontend.safe_text import plain, told
from frontend.views.smart_reading import sample_is_read
from frontend.views.smart_versions import version_list

NEW: Final = "new"
BLANK: Final = "blank"
CONFLICT: Final = "version:"
"""How the API begins what it says of an agent that somebody else changed meanwhile."""
Offered = tuple[Sequence[Provider], Sequence[Collection], Persona]


def new_view(frame: Frame) -> None:
    _back()
    if not frame.can("agents.write"):
        empty_state("lock", "Not for your role", "Your role may not make agents.", key="role")
        return
    if not sample_is_read(frame):
        return
    templates = load("templates", frame.api.agent_templates)
    offered = _offered(frame.api)
    if templates is None or offered is None:
        return
    _begin(NEW)
    section("A new agent", key="new_agent")
    known, of = _template(templates.items)
    _rows(f"{NEW}/{of}", known)
    values, knowledge = _new_fields(frame.api, known, offered, of)
    if _save_row("Create agent"):
        state.smart().refused = _create(frame.api, values, knowledge)
        st.rerun()


def configure_view(frame: Frame, agent: Agent) -> None:
    _back()
    if not frame.can("agents.write") or (agent.is_default and not frame.can("settings.write")):
        empty_state("lock", "Not for your role", "Your role may not change this agent.", key="role")
        return
    offered = _offered(frame.api)
    if offered is None:
        return
    view = state.smart()
    if view.editing is None or view.editing.id != agent.id:
        view.editing, view.form = agent, ""
    edited = view.editing
    _begin(str(agent.id))
    _rows(f"{agent.id}/", edited)
    section(plain(agent.name), key="configure")
    values = _edit_fields(edited, offered)
    if _save_row("Save"):
        view.refused = _save(frame.api, edited, values)
        st.rerun()
    version_list(frame, agent)


def _back() -> None:
    st.button(
        "All agents", key="to_agents", type="tertiary", icon=":material/arrow_back:", on_click=go, args=("agents",)
    )


def _offered(api: Api) -> Offered | None:
    providers, collections = load("providers", api.providers), load("collections", api.collections)
    workspace = load("default_persona", api.default_persona)
    if providers is None or collections is None or workspace is None:
        return None
    return providers, collections.items, workspace


def _begin(family: str) -> None:
    """A form that is opened has fields of its own."""
    view = state.smart()
    if view.form.partition("/")[0] != family:
        state.begin_form()
        view.form = family


def _rows(form: str, known: Known) -> None:
    """The own fields that the form begins with, anew for another template."""
    view = state.smart()
    if view.form != form:
        view.form = form
        begin_own(known.lead_fields.own if known.lead_fields is not None else [])


# --- fields ----------------------------------------------------------------------------
def _template(templates: Sequence[AgentTemplate]) -> tuple[AgentSettings, str]:
    by_id = {one.id: one for one in templates}
    with _group("Begin with", "template"):
        chosen = st.radio(
            "Template",
            [*by_id, BLANK],
            format_func=lambda id: plain(by_id[id].label) if id in by_id else "Nothing",
            captions=[*(plain(one.about) for one in templates), "Every field is empty."],
            key=state.form_key("smart_template"),
            label_visibility="collapsed",
        )
    return (by_id[chosen].settings, chosen) if chosen in by_id else (AgentSettings(), BLANK)


def _new_fields(
    api: Api, known: AgentSettings, offered: Offered, of: str
) -> tuple[dict[str, object], Knowledge | None]:
    providers, collections, workspace = offered
    values: dict[str, object] = {}
    with _group("Who it is", "who"):
        values["name"] = st.text_input(
            "Name", max_chars=200, key=state.form_key("agent_name"), placeholder="Sales adviser"
        ).strip()
        values["persona"] = persona_fields(known.persona, workspace, of=of)
    with _group("What it knows", "knowledge"):
        knowledge = knowledge_fields(api, known, collections)
    with _group("What it keeps of its visitors", "keeps"):
        values |= lead_fields_form(known, of=of)
    with _group("Which model answers", "model"):
        values |= who_fields(known, *provider_choices(providers, None))
        values |= limit_fields(known)
    return values, knowledge


def _edit_fields(agent: Agent, offered: Offered) -> dict[str, object]:
    providers, collections, workspace = offered
    of = str(agent.id)
    values: dict[str, object] = {}
    with _group("Who it is", "who"):
        values["name"] = st.text_input(
            "Name",
            agent.name,
            max_chars=200,
            key=state.form_key("agent_name"),
            disabled=agent.is_default,
            help="The default agent keeps its name." if agent.is_default else None,
        ).strip()
        values["persona"] = persona_fields(agent.persona, workspace, of=of)
    with _group("What it knows", "knowledge"):
        values |= collection_fields(agent, collections)
    with _group("What it keeps of its visitors", "keeps"):
        values |= lead_fields_form(agent, of=of)
    with _group("Which model answers", "model"):
        values |= who_fields(agent, *provider_choices(providers, agent))
        values |= limit_fields(agent)
    return values


def _group(title: str, key: str) -> DeltaGenerator:
    group = st.container(border=True, key=f"group_{key}", gap="small")
    with group:
        card_title(title, key=key)
    return group


# --- saving ----------------------------------------------------------------------------
def _save_row(label: str) -> bool:
    """Above it what is wrong. As on every form, no callback: it would be bound to what the fields held before."""
    problem = state.smart().refused
    if problem is not None:
        _refused(problem)
    return st.button(label, key="save_smart", type="primary", icon=":material/save:")


def _refused(problem: Problem) -> None:
    if not (problem.status == 409 and problem.detail.startswith(CONFLICT)):
        problem_card(problem, key="smart", retry=False)
        return
    with st.container(key="problem_smart", gap="small"):
        st.warning(
            f"{told(sentence(problem.detail.removeprefix(CONFLICT).partition(';')[0]))} Nothing of yours was saved, "
            "and your fields are as you left them: copy what you want to keep, take what is there now, and change it "
            "again.",
            title="Somebody else changed this agent meanwhile",
            icon=":material/sync_problem:",
        )
        st.button("Take what is there now", key="take_newest", icon=":material/refresh:", on_click=_take_newest)


def _take_newest() -> None:
    view = state.smart()
    view.editing, view.refused, view.form = None, None, ""


def _create(api: Api, values: dict[str, object], knowledge: Knowledge | None) -> Problem | None:
    """What is wrong; None where the agent is made, and the list is shown."""
    if knowledge is None or knowledge.is_empty:
        return form_problem("Choose what it knows: a document, an approved FAQ, or a collection that is there.")
    try:
        faqs = approved_ids(api) if knowledge.all_faqs else knowledge.faqs
        given = {"document_ids": knowledge.documents, "faq_ids": faqs, **knowledge.collections}
        made = api.create_agent(AgentNew.model_validate({**values, **given}))
    except ValidationError as error:
        return invalid(error)
    except ApiError as error:
        return error.problem
    state.smart().chosen = []
    _done(f"{plain(made.name)} is made")
    return None


def _save(api: Api, agent: Agent, values: dict[str, object]) -> Problem | None:
    """What is wrong; None where it is saved, and the list is shown."""
    try:
        edit = changes(agent, AgentNew.model_validate(values))
        if not edit.model_fields_set:
            _done(f"Nothing of {plain(agent.name)} was changed")
            return None
        saved = api.edit_agent(agent.id, edit.model_copy(update={"version": agent.version}))
    except ValidationError as error:
        return invalid(error)
    except ApiError as error:
        return error.problem
    _done(f"{plain(saved.name)} is saved")
    return None


def _done(said: str) -> None:
    go("agents")
    state.session().flash = state.Flash(said)
