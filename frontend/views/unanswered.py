"""The questions that had no answer: what to write next."""

from typing import Final

import streamlit as st

from contracts.chat import UnansweredQuestion
from frontend import state
from frontend.api_client import Api
from frontend.components.notices import empty_state, load
from frontend.components.words import ago
from frontend.safe_text import plain

CHAT_PAGE: Final = "pages/2_Chat.py"
SHOWN: Final = 100


def unanswered_list(api: Api, *, may_write: bool) -> None:
    page = load("unanswered", lambda: api.unanswered(limit=SHOWN))
    if page is None:
        return
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
            st.markdown(f":small[:gray[Asked {ago(item.asked_at)}]]", width="content")
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
    view.writing, view.opened, view.similar = question, None, None
