"""The agents of the workspace as cards: how each is, what it keeps, and what may be done with it."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final, Literal
from uuid import UUID

import streamlit as st

from contracts.agents import Agent
from contracts.jobs import Job
from contracts.personas import Persona
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.badges import badge
from frontend.components.notices import act, empty_state, load, show_problem
from frontend.components.smart_agents import DEFAULT, LOOKS, go, keeps_text
from frontend.components.tuning_jobs import progress_row, ticking
from frontend.components.words import provider_words, sentence
from frontend.layout import Frame
from frontend.safe_text import plain, told
from frontend.views.smart_reading import read_sample

ARCHIVED: Final = "smart_archived"


def agents_view(frame: Frame) -> None:
    may_write = frame.can("agents.write")
    found = load("agents", lambda: _with_jobs(frame.api))
    if found is None:
        return
    agents, jobs = found
    is_first = all(one.is_default for one in agents)
    with frame.actions:
        if may_write and not is_first:
            st.button("New agent", key="new_smart", type="primary", icon=":material/add:", on_click=go, args=("new",))
    st.toggle("Show archived", key=ARCHIVED)
    archived = load("archived_agents", frame.api.archived_agents) if st.session_state[ARCHIVED] else None
    if is_first:
        _first(frame, may_write=may_write)
    else:
        _cards(frame, agents, jobs)
    if archived is not None:
        _archived(frame, archived.items)
    _dialogs(frame.api, [*agents, *(archived.items if archived is not None else [])])


def _with_jobs(api: Api) -> tuple[list[Agent], dict[UUID, Job]]:
    """The agents, and the jobs of those that take in their knowledge. One that ended between these questions is told
    by the agents, which are read again."""
    agents = api.agents().items
    ids = {one.job_id for one in agents if one.state == "preparing" and one.job_id is not None}
    jobs = {id: api.job(id) for id in ids}
    if any(job.status.is_final for job in jobs.values()):
        agents = api.agents().items
    return agents, {id: job for id, job in jobs.items() if not job.status.is_final}


# --- the first one -------------------------------------------------------------------
def _first(frame: Frame, *, may_write: bool) -> None:
    empty_state(
        "support_agent",
        "No agent talks with your visitors yet",
        "An agent answers from your FAQs and documents, speaks as you say, and keeps what visitors tell of themselves "
        "as leads: each value with the words that it came from.",
        key="smart",
    )
    if not may_write:
        return
    with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
        if frame.can("documents.write"):
            st.button(
                "Make one from the sample handbook",
                key="smart_from_sample",
                type="primary",
                icon=":material/menu_book:",
                on_click=_from_sample,
                args=(frame.api,),
            )
        st.button("Make one of my own", key="new_smart", icon=":material/add:", on_click=go, args=("new",))


def _from_sample(api: Api) -> None:
    if read_sample(api):
        go("new")


# --- cards -----------------------------------------------------------------------------
def _cards(frame: Frame, agents: Sequence[Agent], jobs: Mapping[UUID, Job]) -> None:
    shared = _shared(frame)
    drawn: set[UUID] = set()
    with st.grid(2, min_column_width=320, gap="small", key="smart_cards"):
        for agent in agents:
            job = jobs.get(agent.job_id) if agent.job_id is not None and agent.job_id not in drawn else None
            with st.container(border=True, key=f"smart_{agent.id}", gap="xsmall", height="stretch"):
                _card(frame, agent, *shared)
                if job is not None:
                    drawn.add(job.id)
                    draw = partial(progress_row, frame.api, may_control=frame.can("jobs.control"))
                    ticking(frame.api, [job], draw, key=f"agent_{job.id}")


def _archived(frame: Frame, agents: Sequence[Agent]) -> None:
    st.markdown("**Archived**")
    if not agents:
        st.markdown(":gray[No agent is archived.]")
        return
    shared = _shared(frame)
    with st.grid(2, min_column_width=320, gap="small", key="archived_cards"):
        for agent in agents:
            with st.container(border=True, key=f"smart_{agent.id}", gap="xsmall", height="stretch"):
                _card(frame, agent, *shared)


def _shared(frame: Frame) -> tuple[Persona, Mapping[str, str]]:
    """How the workspace's agents speak, and what its providers are called."""
    persona = load("default_persona", frame.api.default_persona)
    providers = load("providers", frame.api.providers)
    return persona or Persona(), {one.name: provider_words(one.label)[0] for one in providers or []}


def _card(frame: Frame, agent: Agent, workspace: Persona, providers: Mapping[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(agent.name)}**", width="content")
        badge(LOOKS[agent.state])
        if agent.is_default:
            badge(DEFAULT)
    role = agent.persona.role or workspace.role
    st.markdown(plain(role[:1].upper() + role[1:]) if role else ":gray[No role is given.]")
    provider = plain(providers.get(agent.provider, agent.provider))
    st.markdown(f":small[:gray[Version {agent.version} · {provider}  \n{keeps_text(agent)}]]")
    if agent.state == "not_ready":
        _not_ready(frame, agent)
    with st.container(horizontal=True, gap="small"):
        _buttons(frame, agent)


def _not_ready(frame: Frame, agent: Agent) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f":red[:material/error: {told(sentence(agent.reason or 'Taking in its knowledge failed'))}]")
        if frame.can("agents.write"):
            st.button(
                "Try again",
                key=f"retry_agent_{agent.id}",
                icon=":material/refresh:",
                on_click=_retry,
                args=(frame.api, agent),
            )


def _retry(api: Api, agent: Agent) -> None:
    act(lambda: api.retry_agent(agent.id), f"{plain(agent.name)} takes in its knowledge again")


def _buttons(frame: Frame, agent: Agent) -> None:
    if agent.state == "ready" and frame.can("chat"):
        _button("Chat", "forum", f"chat_{agent.id}", partial(go, "chat", agent.id))
    if not frame.can("agents.write"):
        return
    if agent.state != "archived" and (not agent.is_default or frame.can("settings.write")):
        _button("Configure", "tune", f"configure_{agent.id}", partial(go, "configure", agent.id))
    _button("Duplicate", "content_copy", f"duplicate_{agent.id}", partial(_ask, "duplicate", agent.id))
    if agent.is_default:
        return
    if agent.state == "archived":
        restored = partial(_do, partial(frame.api.restore_agent, agent.id), f"{plain(agent.name)} is back")
        _button("Restore", "unarchive", f"restore_{agent.id}", restored)
    else:
        archived = partial(_do, partial(frame.api.archive_agent, agent.id), f"{plain(agent.name)} is archived")
        _button("Archive", "archive", f"archive_{agent.id}", archived)
    _button("Delete", "delete", f"delete_agent_{agent.id}", partial(_ask, "delete", agent.id))


def _button(label: str, icon: str, key: str, pressed: "partial[None]") -> None:
    st.button(label, key=key, type="tertiary", icon=f":material/{icon}:", on_click=pressed)


def _do(call: "partial[Agent]", done: str) -> None:
    act(call, done)


# --- dialogs ---------------------------------------------------------------------------
def _ask(dialog: Literal["delete", "duplicate"], agent_id: UUID) -> None:
    view = state.smart()
    view.dialog, view.doomed = dialog, agent_id
    state.begin_form()


def _close() -> None:
    view = state.smart()
    view.dialog = view.doomed = None


def _dialogs(api: Api, agents: Sequence[Agent]) -> None:
    view = state.smart()
    agent = next((one for one in agents if one.id == view.doomed), None)
    if agent is None:
        _close()
    elif view.dialog == "delete":
        _delete_dialog(api, agent)
    elif view.dialog == "duplicate":
        _duplicate_dialog(api, agent)


@st.dialog("Delete this agent?", icon=":material/delete:", on_dismiss=_close)
def _delete_dialog(api: Api, agent: Agent) -> None:
    st.markdown(
        f"**{plain(agent.name)}** answers nobody from then on; programs that ask it are refused. Its conversations and "
        "what it answers from stay. This cannot be undone: an agent that is archived can be restored."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it", key="keep_agent"):
            _close()
            st.rerun()
        if st.button("Delete", key="delete_smart", type="primary", icon=":material/delete:"):
            act(lambda: api.delete_agent(agent.id), f"{plain(agent.name)} is deleted")
            _close()
            st.rerun()


@st.dialog("Duplicate", icon=":material/content_copy:", on_dismiss=_close)
def _duplicate_dialog(api: Api, agent: Agent) -> None:
    st.markdown(f"Another agent with the settings of **{plain(agent.name)}**, and what it answers from.")
    name = st.text_input("Name", f"{agent.name} (copy)"[:200], max_chars=200, key=state.form_key("duplicate_name"))
    if not st.button("Duplicate", key="duplicate_smart", type="primary", icon=":material/content_copy:"):
        return
    if not name.strip():
        st.error("Give the copy a name.", icon=":material/error:")
        return
    try:
        copy = api.duplicate_agent(agent.id, name.strip())
    except ApiError as error:
        show_problem(error, key="duplicate", inline=True)
        return
    state.session().flash = state.Flash(f"{plain(copy.name)} is made")
    _close()
    st.rerun()
