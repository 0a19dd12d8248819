"""What an agent was: who changed what and when, and the way back."""

from typing import Final

import streamlit as st

from contracts.agents import Agent, AgentVersion
from frontend import state
from frontend.api_client import Api
from frontend.components.agent_changes import changed_text
from frontend.components.notices import act, load
from frontend.components.words import ago
from frontend.layout import Frame, section
from frontend.safe_text import plain

SHOWN: Final = 20


def version_list(frame: Frame, agent: Agent) -> None:
    page = load("versions", lambda: frame.api.agent_versions(agent.id))
    if page is None:
        return
    section("Versions", key="versions")
    older = [*page.items[1:], None]
    for version, before in list(zip(page.items, older, strict=True))[:SHOWN]:
        with st.container(border=True, key=f"version_{version.number}", gap="xsmall"):
            _row(frame.api, agent, version, before)
    if len(page.items) > SHOWN:
        st.caption(f"The newest {SHOWN} of {len(page.items):,} are listed.")


def _row(api: Api, agent: Agent, version: AgentVersion, before: AgentVersion | None) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        author = f" · {plain(version.author)}" if version.author else ""
        st.markdown(
            f"**Version {version.number}** :small[:gray[{ago(version.created_at)}{author}]]  \n"
            f":small[{plain(_what(version, before))}]",
            width="content",
        )
        if version.number == agent.version:
            st.badge("Now", icon=":material/check:", color="green")
        else:
            st.button(
                "Go back to this",
                key=f"back_to_{version.number}",
                type="tertiary",
                icon=":material/history:",
                on_click=_go_back,
                args=(api, agent, version.number),
            )


def _what(version: AgentVersion, before: AgentVersion | None) -> str:
    """Where it came from, if that is told, and what it changed."""
    changed = changed_text(before.settings, version.settings) if before is not None else "As it was made"
    return f"{version.note[:1].upper()}{version.note[1:]}. {changed}" if version.note else changed


def _go_back(api: Api, agent: Agent, number: int) -> None:
    """The form then begins with what the agent is."""
    if act(lambda: api.roll_back_agent(agent.id, number), f"{plain(agent.name)} is as in version {number}"):
        view = state.smart()
        view.editing, view.refused, view.form = None, None, ""
