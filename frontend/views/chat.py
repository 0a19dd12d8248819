"""Chat: ask a collection, read the answer as it comes, open what it rests on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import streamlit as st

from contracts.chat import (
    ChatAnswer,
    ChatEvent,
    Citation,
    CitationEvent,
    Conversation,
    ConversationMessage,
    DoneEvent,
    ErrorEvent,
    RagChat,
    TokenEvent,
)
from contracts.collections import Collection
from contracts.faqs import FaqStatus
from contracts.problem import Problem
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.answer_stream import AnswerStream
from frontend.components.citations import citation_list, show_source, why_this_answer
from frontend.components.notices import act, empty_state, load, problem_card
from frontend.components.words import plural, provider_words
from frontend.layout import Frame
from frontend.safe_text import model_text, paragraphs, plain

FAQ_PAGE = "pages/1_FAQ_Extraction.py"
MAX_QUESTION = 4_000
STOPPED = "stopped"
ANSWER_SECONDS = 300
"""No answer takes longer: the server ends it then."""


def render(frame: Frame) -> None:
    view = state.chat()
    conversation_id = state.query_id("conversation")
    collections = load("collections", frame.api.collections)
    conversation = _conversation(frame.api, conversation_id)
    _sidebar(frame.api, conversation_id)
    with frame.actions:
        _actions(frame.api, conversation)
    collection = _collection(collections.items if collections else [], conversation)
    _about_answers(frame, collection)
    asked = st.chat_input(
        "Ask a question",
        key="question",
        max_chars=MAX_QUESTION,
        submit_mode="disable",
        disabled=collection is None and collections is not None,
    )
    if asked:
        view.pending = state.ChatTurn(asked)
    with st.container(key="chat_log"):
        _log(frame, conversation, collection)
    if view.citation is not None:
        _citation_dialog(frame.api, view.citation)


def _conversation(api: Api, conversation_id: UUID | None) -> Conversation | None:
    if conversation_id is None:
        return None
    return load("conversation", partial(api.conversation, conversation_id))


# --- around the conversation -------------------------------------------------
def _sidebar(api: Api, current: UUID | None) -> None:
    with st.sidebar, st.container(key="conversations", gap="xsmall"):
        page = load("conversations", api.conversations)
        if page is None or not page.items:
            return
        st.markdown(":small[:gray[Conversations]]")
        for item in page.items[:15]:
            title = plain(item.title) or "Untitled"
            is_current = item.id == current
            st.button(
                f"**{title}**" if is_current else title,
                key=f"open_{item.id}",
                type="tertiary",
                icon=":material/chevron_right:" if is_current else ":material/chat_bubble_outline:",
                width="stretch",
                on_click=_open,
                args=(item.id,),
            )


def _open(conversation_id: UUID | None) -> None:
    view = state.chat()
    view.pending, view.citation = None, None
    if conversation_id is None:
        st.query_params.pop("conversation", None)
    else:
        st.query_params["conversation"] = str(conversation_id)


def _actions(api: Api, conversation: Conversation | None) -> None:
    if conversation is not None:
        with st.popover("Delete", icon=":material/delete:", type="tertiary", key="delete_menu"):
            st.markdown("Delete this conversation? This cannot be undone.")
            st.button("Delete conversation", key="delete_conversation", on_click=_delete, args=(api, conversation.id))
    st.button("New conversation", key="new_conversation", icon=":material/add:", on_click=_open, args=(None,))


def _delete(api: Api, conversation_id: UUID) -> None:
    if act(partial(api.delete_conversation, conversation_id), "Conversation deleted"):
        _open(None)


def _collection(collections: Sequence[Collection], conversation: Conversation | None) -> Collection | None:
    """The conversation's collection, the chosen one, or the only one."""
    if conversation is not None:
        return next((item for item in collections if item.id == conversation.collection_id), None)
    if len(collections) < 2:
        return collections[0] if collections else None
    default = next((at for at, item in enumerate(collections) if item.name == "default"), 0)
    return st.selectbox(
        "Collection",
        collections,
        index=default,
        format_func=lambda item: f"{item.name} ({plural(item.faqs, 'FAQ')}, {plural(item.passages, 'passage')})",
        key="collection",
        width=320,
    )


def _about_answers(frame: Frame, collection: Collection | None) -> None:
    who = load("agent", lambda: _who_answers(frame.api)) if frame.can("settings.read") else None
    parts = [who] if who else []
    if collection is not None:
        parts.append(f"{plural(collection.faqs, 'approved FAQ')} and {plural(collection.passages, 'passage')}")
    st.caption(" · ".join(parts))
    if collection is None or not collection.pending_changes:
        return
    if state.chat().pending is not None:
        _pending_note(collection)
    else:
        _follow_index(frame.api, collection)


def _who_answers(api: Api) -> str:
    """The provider and model of the default agent, as the settings page names them."""
    agents = api.agents().items
    agent = next((item for item in agents if item.name == "default"), agents[0] if agents else None)
    if agent is None:
        return ""
    label = next((item.label for item in api.providers() if item.name == agent.provider), agent.provider)
    model = "" if agent.model == agent.provider else f", model {plain(agent.model)}"
    return f"Answers by **{plain(provider_words(label)[0])}**{model}"


def _pending_note(collection: Collection) -> None:
    waits = plural(collection.pending_changes, "reviewed FAQ is", "reviewed FAQs are")
    st.info(f"{waits} being indexed. Answers use them in a moment.", icon=":material/sync:")


def _follow_index(api: Api, collection: Collection) -> None:
    @st.fragment(run_every="1s")
    def follow() -> None:
        page = load("index", api.collections, inline=True)
        if page is None:
            return
        now = next((item for item in page.items if item.id == collection.id), None)
        if now is None or not now.pending_changes:
            st.rerun()
        _pending_note(now)

    follow()


# --- the conversation --------------------------------------------------------
def _log(frame: Frame, conversation: Conversation | None, collection: Collection | None) -> None:
    view = state.chat()
    turns = conversation.turns if conversation else []
    pending = view.pending
    if pending is not None and not pending.running and len(turns) >= pending.turns_before + 2:
        pending = view.pending = None
    shown = turns if pending is None or (pending.running and not pending.started) else turns[: pending.turns_before]
    for turn in shown:
        _saved_turn(turn, is_last=pending is None and turn is turns[-1], question=_question(turns))
    if view.pending is not None:
        _pending_turn(frame.api, view.pending, collection, conversation)
    elif conversation is not None and turns and turns[-1].role == "user":
        _unanswered(frame.api, conversation)
    elif conversation is None:
        _welcome(frame, collection)


def _welcome(frame: Frame, collection: Collection | None) -> None:
    page = load("suggested", lambda: frame.api.faqs(status=FaqStatus.APPROVED, sort="confidence", limit=4))
    if page is None or collection is None:
        return
    if not page.items:
        _no_faqs(frame, collection)
        return
    st.markdown("**Try one of these**")
    with st.grid(2, min_column_width=280, gap="small", key="suggested"):
        for faq in page.items:
            st.button(
                plain(faq.question),
                key=f"suggest_{faq.id}",
                width="stretch",
                wrap=True,
                on_click=_ask,
                args=(faq.question,),
            )


def _no_faqs(frame: Frame, collection: Collection) -> None:
    more = " Until then, answers come from the documents' passages." if collection.passages else ""
    body = f"Approve the drafts that you trust, then ask here.{more}"
    empty_state("forum", "No approved FAQs yet", body, key="chat", picture="empty-chat.svg")
    if frame.can("faqs.review"):
        with st.container(horizontal_alignment="center"):
            st.page_link(FAQ_PAGE, label="Review the drafts", icon=":material/fact_check:")


def _question(turns: Sequence[ConversationMessage]) -> str:
    """The last one that was asked."""
    return next((turn.content for turn in reversed(turns) if turn.role == "user"), "")


def _saved_turn(turn: ConversationMessage, *, is_last: bool, question: str) -> None:
    key = str(turn.id)
    with st.chat_message(turn.role, avatar=_avatar(turn.role)):
        if turn.role == "user":
            st.markdown(paragraphs(turn.content))
            return
        if turn.answer is None:
            st.markdown(model_text(turn.content))
        else:
            _answer(turn.answer, key)
        if turn.error is not None:
            _saved_error(turn.error, key)
            if is_last and question:
                _try_again(question)


def _saved_error(problem: Problem, key: str) -> None:
    if problem.code == STOPPED:
        st.badge("Stopped", icon=":material/stop_circle:", color="gray")
    else:
        problem_card(problem, key=f"turn_{key}", retry=False)


def _try_again(question: str) -> None:
    st.button("Try again", key="ask_again", icon=":material/refresh:", on_click=_ask, args=(question,))


def _unanswered(api: Api, conversation: Conversation) -> None:
    """A question without its answer: it is being written for another tab, or for this one before a refresh."""
    asked = conversation.turns[-1]
    with st.chat_message("assistant", avatar=_avatar("assistant")):
        if (datetime.now(UTC) - asked.created_at).total_seconds() > ANSWER_SECONDS:
            st.badge("Interrupted", icon=":material/stop_circle:", color="gray")
        else:
            _follow_answer(api, conversation)
        _try_again(asked.content)


def _follow_answer(api: Api, conversation: Conversation) -> None:
    @st.fragment(run_every="1s")
    def follow() -> None:
        now = load("turns", partial(api.conversation, conversation.id), inline=True)
        if now is not None and len(now.turns) > len(conversation.turns):
            st.rerun()
        st.markdown(":shimmer[Waiting for the end of this answer]")

    follow()


def _avatar(role: str) -> str:
    return ":material/person:" if role == "user" else ":material/auto_awesome:"


def _answer(answer: ChatAnswer, key: str) -> None:
    if not answer.answered:
        st.badge("Not answered", icon=":material/help:", color="orange")
    st.markdown(model_text(answer.response))
    citation_list(answer.citations, key=key, on_open=_open_citation)
    why_this_answer(answer, key=key, on_open=_open_citation)


def _ask(question: str) -> None:
    state.chat().pending = state.ChatTurn(question[:MAX_QUESTION])


def _open_citation(citation: Citation) -> None:
    state.chat().citation = citation


def _close_citation() -> None:
    state.chat().citation = None


@st.dialog("Source", width="medium", position="right", icon=":material/description:", on_dismiss=_close_citation)
def _citation_dialog(api: Api, citation: Citation) -> None:
    show_source(api, citation)


# --- the answer being made ---------------------------------------------------
def _pending_turn(
    api: Api, turn: state.ChatTurn, collection: Collection | None, conversation: Conversation | None
) -> None:
    """Asks when the turn is new; otherwise shows how far it came and offers to try again."""
    with st.chat_message("user", avatar=_avatar("user")):
        st.markdown(paragraphs(turn.question))
    with st.chat_message("assistant", avatar=_avatar("assistant")):
        if turn.running and not turn.started and collection is not None:
            _stream(api, turn, collection, conversation)
        else:
            if conversation is None and turn.started and _adopt(api, turn):
                st.rerun()
            _interrupted(turn)


def _stream(api: Api, turn: state.ChatTurn, collection: Collection, conversation: Conversation | None) -> None:
    turn.started, turn.turns_before = True, len(conversation.turns) if conversation else 0
    shown = st.empty()
    shown.markdown(f":shimmer[Looking through {plural(collection.faqs + collection.passages, 'source')}]")
    st.button("Stop", key="stop", icon=":material/stop_circle:", on_click=_stop)
    question = RagChat(
        message=turn.question,
        collection_id=collection.id,
        conversation_id=conversation.id if conversation else None,
    )
    is_named = conversation is not None
    try:
        for batch in AnswerStream(api, question).batches():
            for event in batch:
                _take(turn, event)
            if batch and not is_named:
                is_named = _adopt(api, turn)
            if turn.partial:
                shown.markdown(model_text(turn.partial))
    except ApiError as error:
        turn.problem = error.problem
    turn.running = False
    if turn.answer is not None:
        state.chat().pending = None
        st.query_params["conversation"] = str(turn.answer.conversation_id)
    st.rerun()


def _adopt(api: Api, turn: state.ChatTurn) -> bool:
    """Puts the conversation of a first question into the address, so that a refresh shows it.

    The events do not say it before the last one: it is the newest with this title.
    """
    try:
        newest = api.conversations(limit=1).items
    except ApiError:
        return False
    if not newest or not turn.question.startswith(newest[0].title.rstrip("…")):
        return False
    st.query_params["conversation"] = str(newest[0].id)
    return True


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


def _interrupted(turn: state.ChatTurn) -> None:
    if turn.partial:
        st.markdown(model_text(turn.partial))
        citation_list(turn.citations, key="partial", on_open=_open_citation)
    if turn.problem is not None:
        problem_card(turn.problem, key="answer", retry=False)
    else:
        st.badge("Stopped" if turn.stopped else "Interrupted", icon=":material/stop_circle:", color="gray")
    with st.container(horizontal=True):
        _try_again(turn.question)
        st.button("Dismiss", key="forget_turn", type="tertiary", on_click=_forget)


def _forget() -> None:
    state.chat().pending = None
