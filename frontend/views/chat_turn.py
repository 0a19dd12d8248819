"""The answer being made: streamed as it comes, stopped at once, never lost."""

from collections.abc import Callable
from contextlib import closing
from time import monotonic
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.chat import ChatEvent, CitationEvent, Conversation, DoneEvent, ErrorEvent, TokenEvent
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.api_problems import OFFLINE
from frontend.components.answer import avatar, ended_badge
from frontend.components.answer_stream import AnswerStream
from frontend.components.citations import Opener, citation_list, cited_markdown
from frontend.components.notices import problem_card
from frontend.components.words import plural
from frontend.safe_text import model_text, paragraphs
from frontend.views.chat_target import Target

SEARCH_SECONDS: Final = 3.0
"""No search takes longer: silence after it is the model's, which may first have to be loaded."""


def pending_turn(
    api: Api,
    turn: state.ChatTurn,
    target: Target | None,
    conversation: Conversation | None,
    *,
    stop_in: DeltaGenerator,
    on_open: Opener,
    try_again: Callable[[str], None],
) -> None:
    """Asks when the turn is new; otherwise shows how far it came and offers to try again."""
    with st.chat_message("user", avatar=avatar("user")):
        st.markdown(paragraphs(turn.question))
    with st.chat_message("assistant", avatar=avatar("assistant")):
        if turn.running and not turn.started and target is not None:
            _stream(api, turn, target, conversation, stop_in)
        else:
            _interrupted(turn, on_open, try_again)


def _stream(
    api: Api, turn: state.ChatTurn, target: Target, conversation: Conversation | None, stop_in: DeltaGenerator
) -> None:
    sources = sum(one.faqs + one.passages for one in target.collections)
    turn.started, turn.turns_before = True, len(conversation.turns) if conversation else 0
    began, shown = monotonic(), st.empty()
    shown.markdown(f":shimmer[Looking through {plural(sources, 'source')}]")
    stop_in.button("Stop", key="stop", icon=":material/stop_circle:", on_click=_stop)
    stream = AnswerStream(api, target.question(turn.question, conversation))
    turn.hang_up = stream.stop
    try:
        with closing(stream.batches()) as batches:
            for batch in batches:
                _keep_address(stream)
                for event in batch:
                    _take(turn, event)
                if turn.partial:
                    shown.markdown(model_text(turn.partial))
                elif monotonic() - began > SEARCH_SECONDS:
                    shown.markdown(":shimmer[Waiting for the model's first words]")
    except ApiError as error:
        turn.problem = error.problem
    finally:
        turn.running = False
    if turn.answer is not None:
        state.chat().pending = None
    st.rerun()


def _keep_address(stream: AnswerStream) -> None:
    """The conversation in the address, so that a refresh shows it.

    Looking at the address is also where Streamlit ends a run that nobody watches any more, however silent the model.
    """
    shown, known = st.query_params.get("conversation"), stream.conversation_id
    if known is not None and shown != str(known):
        st.query_params["conversation"] = str(known)


def _take(turn: state.ChatTurn, event: ChatEvent) -> None:
    match event:
        case TokenEvent():
            turn.partial += event.text
        case CitationEvent():
            turn.citations.append(event.citation)
        case DoneEvent():
            turn.answer = event.answer
        case ErrorEvent():
            turn.problem = event.problem


def _stop() -> None:
    turn = state.chat().pending
    if turn is not None:
        turn.stopped, turn.running = True, False
        turn.hang_up()


def _interrupted(turn: state.ChatTurn, on_open: Opener, try_again: Callable[[str], None]) -> None:
    if turn.partial:
        st.markdown(cited_markdown(turn.partial, turn.citations, key="partial"))
        citation_list(turn.citations, key="partial", on_open=on_open)
    if turn.problem is not None and turn.problem.code != OFFLINE:  # the page says that once, while it is so
        problem_card(turn.problem, key="answer", retry=False)
    else:
        ended_badge("Stopped" if turn.stopped else "Interrupted")
    with st.container(horizontal=True):
        try_again(turn.question)
        st.button("Dismiss", key="forget_turn", type="tertiary", on_click=_forget)


def _forget() -> None:
    state.chat().pending = None
