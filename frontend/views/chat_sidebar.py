"""The conversations one can go back to."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.access import Role
from contracts.chat import ConversationSource, ConversationSummary
from frontend import state
from frontend.api_client import Api
from frontend.components.notices import load
from frontend.components.words import ago
from frontend.layout import Frame
from frontend.safe_text import plain
from frontend.views.chat_target import MODEL

STEP = 15
API_PAGE = 200
SEARCH = "conversation_search"
EVERYBODYS = "everybodys_conversations"
SOURCE = "conversation_source"
HERE = "On this page"
SOURCES: Final[Mapping[str, tuple[ConversationSource, ...]]] = {
    HERE: ("pages", "unknown"),
    "By programs": ("program",),
}


def conversation_list(frame: Frame, current: UUID | None) -> None:
    view = state.chat()
    wanted = str(st.session_state.get(SEARCH, "")).strip()
    everybody = bool(st.session_state.get(EVERYBODYS))
    sources = SOURCES[st.session_state.get(SOURCE) or HERE]
    with st.sidebar, st.container(key="conversations", gap="xsmall"):
        found = load("conversations", lambda: _newest(frame.api, view.listed, wanted, sources, everybody=everybody))
        if found is None:
            return
        items, has_more = found
        can_see_all = frame.me.auth == "keys" and frame.me.role is Role.ADMIN
        is_chosen = "program" in sources or _has_programs(frame.api, everybody=everybody)
        if not items and not wanted and not can_see_all and not is_chosen:
            return
        st.markdown(":small[:gray[Conversations]]")
        if can_see_all:
            st.toggle("Everybody's", key=EVERYBODYS, help="Conversations of every key, to read and to delete")
        if is_chosen:
            st.segmented_control(
                "Begun", list(SOURCES), default=HERE, required=True, key=SOURCE, label_visibility="collapsed"
            )
        if wanted or has_more or view.listed > STEP:
            _search()
        for item in items:
            _row(item, is_current=item.id == current)
        if wanted and not items:
            st.caption("No conversation has this in its title.")
        if has_more:
            st.button("Show more", key="more_conversations", icon=":material/expand_more:", on_click=_more)


def _search() -> None:
    st.text_input(
        "Search conversations",
        key=SEARCH,
        placeholder="Search titles",
        label_visibility="collapsed",
        icon=":material/search:",
        max_chars=200,
    )


def _has_programs(api: Api, *, everybody: bool) -> bool:
    found = load("programs", lambda: api.conversations(sources=("program",), everybody=everybody, limit=1))
    return bool(found and found.items)


def _newest(
    api: Api, count: int, text: str, sources: tuple[ConversationSource, ...], *, everybody: bool
) -> tuple[list[ConversationSummary], bool]:
    """At most `count`, the last used first, and whether there are more."""
    items: list[ConversationSummary] = []
    cursor: str | None = None
    while len(items) < count:
        limit = min(count - len(items), API_PAGE)
        page = api.conversations(q=text, everybody=everybody, sources=sources, limit=limit, cursor=cursor)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return items, cursor is not None


def _row(item: ConversationSummary, *, is_current: bool) -> None:
    title = plain(item.title) or "Untitled"
    own = ":material/terminal:" if item.source == "program" else ":material/chat_bubble_outline:"
    icon = own if item.is_mine else ":material/person:"
    used = f" :small[:gray[{ago(item.updated_at)}]]"
    st.button(
        (f"**{title}**" if is_current else title) + used,
        key=f"open_{item.id}",
        type="tertiary",
        icon=":material/chevron_right:" if is_current else icon,
        width="stretch",
        help=f"Last used {item.updated_at:%-d %b %Y, %H:%M} UTC",
        on_click=open_conversation,
        args=(item.id,),
    )


def _more() -> None:
    state.chat().listed += STEP


def open_conversation(conversation_id: UUID | None) -> None:
    """Shows another one, or with None a new one. An answer that is still being written is left, which stops it."""
    view = state.chat()
    if view.pending is not None:
        view.pending.hang_up()
    view.pending, view.citation = None, None
    if conversation_id is None:
        st.query_params.pop("conversation", None)
    else:
        st.query_params.pop(MODEL, None)
        st.query_params["conversation"] = str(conversation_id)
