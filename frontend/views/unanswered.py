"""The questions that had no answer: what to write next."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from contracts.chat import ConversationSource, UnansweredQuestion
from frontend import state
from frontend.api_client import Api
from frontend.components.notices import empty_state, load
from frontend.components.words import ago
from frontend.safe_text import plain

CHAT_PAGE: Final = "pages/2_Chat.py"
SHOWN: Final = 100
SOURCE: Final = "unanswered_source"
ALL: Final = "All"
SOURCES: Final[Mapping[str, tuple[ConversationSource, ...]]] = {
    ALL: (),
    "On the chat page": ("pages", "unknown"),
    "By programs": ("program",),
}


def unanswered_list(api: Api, *, may_write: bool) -> None:
    sources = SOURCES[st.session_state.get(SOURCE) or ALL]
    page = load("unanswered", lambda: api.unanswered(limit=SHOWN, sources=sources))
    if page is None:
        return
    if sources or any(item.source == "program" for item in page.items):
        st.segmented_control(
            "Asked", list(SOURCES), default=ALL, required=True, key=SOURCE, label_visibility="collapsed"
        )
    waiting = [item for item in page.items if item.faq_id is None]
    if not waiting:
        empty_state(
            "task_alt", "Every question had an answer", "Questions without one will be listed here.", key="unanswered"
        )
        return
    for item in waiting:
        _row(item, may_write=may_write)
    if page.next_cursor is not None:
        st.caption(f"The newest {SHOWN} questions are looked at; older ones follow when these have an answer.")


def _row(item: UnansweredQuestion, *, may_write: bool) -> None:
    with st.container(border=True, key=f"unanswered_{item.message_id}", gap="xsmall"):
        st.markdown(f"**{plain(item.question)}**")
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            by = ", by a program" if item.source == "program" else ""
            st.markdown(f":small[:gray[Asked {ago(item.asked_at)}{by}]]", width="content")
            with st.container(horizontal=True, width="content", gap="small", vertical_alignment="center"):
                if item.conversation_id is not None:
                    st.page_link(
                        CHAT_PAGE,
                        label="Open the conversation",
                        icon=":material/forum:",
                        query_params={"conversation": str(item.conversation_id)},
                    )
                if may_write:
                    st.button(
                        "Write the answer",
                        key=f"answer_{item.message_id}",
                        icon=":material/edit_note:",
                        on_click=_write,
                        args=(item.question,),
                    )


def _write(question: str) -> None:
    view = state.faq()
    state.begin_form()
    view.writing, view.opened, view.similar = question, None, None
