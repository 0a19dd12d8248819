"""The answer being made: streamed as it comes, stopped at once, never lost."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.chat import ChatEvent, CitationEvent, Conversation, DoneEvent, ErrorEvent, TokenEvent
from contracts.smart import LeadEvent, SmartDoneEvent, SmartEvent
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.api_problems import OFFLINE
from frontend.components.answer import avatar, ended_badge
from frontend.components.answer_stream import AnswerStream, SmartAnswerStream
from frontend.components.citations import Opener, citation_list, cited_markdown
from frontend.components.notices import load, problem_card
from frontend.safe_text import model_text, paragraphs

SEARCH_SECONDS: Final = 3.0
"""No search takes longer: silence after it is the model's, which may first have to be loaded."""
ANSWER_SECONDS: Final = 300
"""No answer takes longer: the server ends it then."""
WAITING: Final = "Waiting for the model's first words"


@dataclass(frozen=True)
class Asking:
    """How a question comes to its answer: `open` asks it, `first_step` says what goes on until something comes. The
    conversation has `turns` before it. `on_lead` is told what is known of a visitor."""

    open: Callable[[], AnswerStream | SmartAnswerStream]
    first_step: str
    turns: int
    on_lead: Callable[[LeadEvent], None] = lambda _: None


def pending_turn(
    turn: state.ChatTurn,
    asking: Asking | None,
    *,
    forget: Callable[[], None],
    stop_in: DeltaGenerator,
    on_open: Opener,
    try_again: Callable[[str], None],
) -> None:
    """Asks when the turn is new; otherwise shows how far it came and offers to try again. `forget` lets go of it."""
    with st.chat_message("user", avatar=avatar("user")):
        st.markdown(paragraphs(turn.question))
    with st.chat_message("assistant", avatar=avatar("assistant")):
        if turn.running and not turn.started and asking is not None:
            _stream(turn, asking, stop_in)
            if turn.answer is not None:
                forget()
            st.rerun()
        _interrupted(turn, on_open, try_again, forget)


def _stream(turn: state.ChatTurn, asking: Asking, stop_in: DeltaGenerator) -> None:
    turn.started, turn.turns_before = True, asking.turns
    began, shown = monotonic(), st.empty()
    shown.markdown(f":shimmer[{asking.first_step}]")
    stop_in.button("Stop", key="stop", icon=":material/stop_circle:", on_click=_stop, args=(turn,))
    stream = asking.open()
    turn.hang_up = stream.stop
    try:
        with closing(stream.batches()) as batches:
            for batch in batches:
                _keep_address(stream)
                for event in batch:
                    _take(turn, event, asking)
                if turn.partial:
                    shown.markdown(model_text(turn.partial))
                elif monotonic() - began > SEARCH_SECONDS:
                    shown.markdown(f":shimmer[{WAITING}]")
    except ApiError as error:
        turn.problem = error.problem
    finally:
        turn.running = False


def _keep_address(stream: AnswerStream | SmartAnswerStream) -> None:
    """The conversation in the address, so that a refresh shows it.

    Looking at the address is also where Streamlit ends a run that nobody watches any more, however silent the model.
    """
    shown, known = st.query_params.get("conversation"), stream.conversation_id
    if known is not None and shown != str(known):
        st.query_params["conversation"] = str(known)


def _take(turn: state.ChatTurn, event: ChatEvent | SmartEvent, asking: Asking) -> None:
    match event:
        case TokenEvent():
            turn.partial += event.text
        case CitationEvent():
            turn.citations.append(event.citation)
        case LeadEvent():
            turn.captured = event
            asking.on_lead(event)
        case DoneEvent() | SmartDoneEvent():
            turn.answer = event.answer
        case ErrorEvent():
            turn.problem = event.problem


def _stop(turn: state.ChatTurn) -> None:
    turn.stopped, turn.running = True, False
    turn.hang_up()


def _interrupted(
    turn: state.ChatTurn, on_open: Opener, try_again: Callable[[str], None], forget: Callable[[], None]
) -> None:
    if turn.partial:
        st.markdown(cited_markdown(turn.partial, turn.citations, key="partial"))
        citation_list(turn.citations, key="partial", on_open=on_open)
    if turn.problem is not None and turn.problem.code != OFFLINE:  # the page says that once, while it is so
        problem_card(turn.problem, key="answer", retry=False)
    else:
        ended_badge("Stopped" if turn.stopped else "Interrupted")
    with st.container(horizontal=True):
        try_again(turn.question)
        st.button("Dismiss", key="forget_turn", type="tertiary", on_click=forget)


def unanswered_turn(api: Api, conversation: Conversation, try_again: Callable[[str], None]) -> None:
    """A question without its answer: it is being written for another tab, or for this one before a refresh."""
    asked = conversation.turns[-1]
    with st.chat_message("assistant", avatar=avatar("assistant")):
        if (datetime.now(UTC) - asked.created_at).total_seconds() > ANSWER_SECONDS:
            ended_badge("Interrupted")
        else:
            _follow_answer(api, conversation)
        try_again(asked.content)


def _follow_answer(api: Api, conversation: Conversation) -> None:
    @st.fragment(run_every="1s")
    def follow() -> None:
        now = load("turns", partial(api.conversation, conversation.id), inline=True)
        if now is not None and len(now.turns) > len(conversation.turns):
            st.rerun()
        st.markdown(":shimmer[Waiting for the end of this answer]")

    follow()
