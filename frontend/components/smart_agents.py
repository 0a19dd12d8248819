"""Words and moves that the smart agents page's parts share."""

from collections.abc import Mapping
from typing import Final, Literal
from uuid import UUID

import streamlit as st

from contracts.agents import Agent, AgentState
from frontend import state
from frontend.components.badges import Look
from frontend.components.lead_card import kept_fields
from frontend.components.lead_words import field_label
from frontend.components.words import listed, plural
from frontend.safe_text import plain

View = Literal["agents", "new", "chat", "configure"]
IDS: Final[dict[View, str]] = {"chat": "agent", "configure": "agent"}
CONVERSATION: Final = "conversation"
LOOKS: Final[Mapping[AgentState, Look]] = {
    "ready": ("green", "check_circle", "Ready"),
    "preparing": ("blue", "progress_activity", "Taking in its knowledge"),
    "not_ready": ("red", "error", "Not ready"),
    "archived": ("gray", "archive", "Archived"),
}
DEFAULT: Final[Look] = ("gray", "star", "Default")


def go(view: View, which: UUID | None = None) -> None:
    """Shows a view, and the agent that it is of; for button callbacks."""
    state.show(view, IDS, which, without=CONVERSATION)
    shown = state.smart()
    if shown.pending is not None:
        shown.pending.hang_up()
    shown.form, shown.dialog, shown.doomed = "", None, None
    shown.pending = shown.citation = shown.refused = shown.editing = None


def asked_view() -> View:
    """By the address; of an agent without a view, its talk."""
    named = st.query_params.get("view", "")
    if named == "new":
        return "new"
    if state.query_id("agent") is None:
        return "agents"
    return "configure" if named == "configure" else "chat"


def keeps_text(agent: Agent) -> str:
    """`Keeps name, company, role and 6 more once the visitor agrees, for 90 days`"""
    fields = kept_fields(agent)
    if not fields:
        return "Keeps nothing of its visitors"
    names = [field_label(name) for name in fields]
    what = listed([names[0], *(name[:1].lower() + name[1:] for name in names[1:])])
    consent = " once the visitor agrees" if agent.consent_text else ""
    days = f", for {plural(agent.retention_days, 'day')}" if agent.retention_days is not None else ""
    return plain(f"Keeps {what[:1].lower()}{what[1:]}{consent}{days}")
