"""A saved turn of a conversation, and an answer with what it rests on."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from contracts.chat import Answered, ConversationMessage
from contracts.problem import Problem
from frontend.components.citations import Opener, citation_list, cited_markdown
from frontend.components.notices import problem_card
from frontend.components.targets import ALONE
from frontend.components.trace import why_this_answer
from frontend.safe_text import model_text, paragraphs

STOPPED: Final = "stopped"


def avatar(role: str) -> str:
    return ":material/person:" if role == "user" else ":material/auto_awesome:"


def saved_turn(turn: ConversationMessage, *, on_open: Opener, try_again: Callable[[], None] | None) -> None:
    """`try_again` draws the way to ask once more under a turn that ended without an answer."""
    key = str(turn.id)
    with st.chat_message(turn.role, avatar=avatar(turn.role)):
        if turn.role == "user":
            st.markdown(paragraphs(turn.content))
            return
        if turn.answer is not None:
            answer_body(turn.answer, key=key, on_open=on_open)
        elif turn.content:
            st.markdown(model_text(turn.content))
        if turn.documents is False and turn.content:
            st.caption(ALONE)
        if turn.error is not None:
            _saved_error(turn.error, key)
            if try_again is not None:
                try_again()


def answer_body(answer: Answered, *, key: str, on_open: Opener) -> None:
    """The text, what it rests on, and how it came about."""
    is_from_search = answer.confidence is not None
    if is_from_search and not answer.answered:
        st.badge("Not answered", icon=":material/help:", color="orange")
    elif is_from_search and not answer.citations:
        st.badge("No source cited", icon=":material/link_off:", color="orange")
    if answer.fallback_used:
        st.badge("The fallback answered", icon=":material/alt_route:", color="orange")
    st.markdown(cited_markdown(answer.response, answer.citations, key=key))
    if answer.finish_reason == "length":
        ended_badge("Cut off at the limit of its length")
    citation_list(answer.citations, key=key, on_open=on_open)
    why_this_answer(answer, key=key, on_open=on_open)


def _saved_error(problem: Problem, key: str) -> None:
    if problem.code == STOPPED:
        ended_badge("Stopped")
    else:
        problem_card(problem, key=f"turn_{key}", retry=False)


def ended_badge(word: str) -> None:
    st.badge(word, icon=":material/stop_circle:", color="gray")
