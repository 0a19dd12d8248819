"""A talk with an agent as a visitor would have it, and beside it the lead that fills in."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.agents import Agent
from contracts.chat import Citation, Conversation
from contracts.lead_records import CapturedLead, Consent, ConsentState
from contracts.smart import LeadEvent, SmartChat
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.answer import avatar, saved_turn
from frontend.components.answer_stream import SmartAnswerStream
from frontend.components.citations import marks_open, show_source
from frontend.components.lead_card import Messages, kept_fields, lead_card
from frontend.components.notices import act, load, show_problem
from frontend.components.smart_agents import CONVERSATION, DEFAULT, LOOKS, go
from frontend.components.words import sentence
from frontend.layout import Frame, card_title, titled
from frontend.safe_text import paragraphs, plain, told
from frontend.views.chat_turn import Asking, pending_turn, unanswered_turn

MAX_MESSAGE: Final = 4_000
KEPT_ANYWAY: Final = "No answer came, and what the visitor said of themselves is kept in the lead all the same."
READ_ANYWAY: Final = "No answer came. What the visitor said of themselves is read, and kept once they agree."


def talk_view(frame: Frame, agent: Agent) -> None:
    view = state.smart()
    conversation, is_missing = _conversation(frame.api, agent)
    known = _known(frame.api, agent, conversation)
    _around(frame, agent, is_begun=conversation is not None or is_missing or view.pending is not None)
    is_mine = conversation is None or conversation.is_mine
    above_field = st.bottom.container(key="above_field")  # Not around the field: the page would not follow an answer.
    said = st.chat_input(
        "Write as a visitor would" if is_mine else "This talk is somebody else's",
        key="smart_message",
        max_chars=MAX_MESSAGE,
        submit_mode="disable",
        disabled=is_missing or not is_mine or agent.state != "ready",
    )
    if said:
        view.pending = state.ChatTurn(said)
    talk, card = st.columns([3, 2], gap="medium")
    with card, st.container(border=True, key="lead_card", gap="small"):
        card_title("Lead", key="lead")
        drawn = _Card(agent, _messages(conversation, view.pending), st.empty())
        drawn.draw(*_lead_now(known, view.pending))
        _consent_again(frame.api, known)
    with talk, st.container(key="chat_log"):
        if not is_missing:
            _greeting(frame.api, agent)
            _log(frame.api, agent, conversation, known, _On(drawn.tell, above_field))
        marks_open()
    if view.citation is not None:
        _citation_dialog(frame.api, view.citation)


def _around(frame: Frame, agent: Agent, *, is_begun: bool) -> None:
    with frame.actions:
        if frame.can("agents.write") and (not agent.is_default or frame.can("settings.write")):
            st.button(
                "Configure",
                key="configure_this",
                icon=":material/tune:",
                type="tertiary",
                on_click=go,
                args=("configure", agent.id),
            )
        if is_begun:
            st.button("New talk", key="new_talk", icon=":material/add:", on_click=go, args=("chat", agent.id))
    st.button(
        "All agents", key="to_agents", type="tertiary", icon=":material/arrow_back:", on_click=go, args=("agents",)
    )
    titled(plain(agent.name), [LOOKS[agent.state], *([DEFAULT] if agent.is_default else [])], key="talk")
    if agent.state != "ready":
        st.warning(told(sentence(agent.reason or "")), title="It answers nothing now", icon=":material/person_off:")


# --- what there is ---------------------------------------------------------------------
def _conversation(api: Api, agent: Agent) -> tuple[Conversation | None, bool]:
    """The one of the address, and whether this agent has none of that id with this person."""
    conversation_id = state.query_id(CONVERSATION)
    if conversation_id is None:
        return None, False
    try:
        found = api.conversation(conversation_id)
    except ApiError as error:
        if error.problem.status != 404:
            show_problem(error, key="conversation")
            return None, False
        found = None
    if found is not None and found.agent_id == agent.id:
        return found, False
    st.error(
        "It was deleted, or nobody agreed within a day to its being kept, or it is not with this agent. Begin a new "
        "one.",
        title="This talk is not here",
        icon=":material/forum:",
    )
    return None, True


def _known(api: Api, agent: Agent, conversation: Conversation | None) -> Consent | None:
    """What the visitor was asked and said of themselves."""
    if conversation is None or not (kept_fields(agent) or agent.consent_text):
        return None
    return load("consent", partial(api.consent, conversation.id))


def _lead_now(known: Consent | None, pending: state.ChatTurn | None) -> tuple[CapturedLead | None, ConsentState | None]:
    """The newest that is known."""
    captured = pending.captured if pending is not None else None
    if captured is not None:
        return captured.lead, captured.consent
    return (known.lead, known.state) if known is not None else (None, None)


def _messages(conversation: Conversation | None, pending: state.ChatTurn | None) -> Messages:
    turns = conversation.turns if conversation is not None else []
    saved: dict[UUID, str] = {turn.id: turn.content for turn in turns if turn.role == "user"}
    return Messages(saved, pending.question if pending is not None else "")


@dataclass(frozen=True)
class _Card:
    """The lead's place, which is drawn anew as soon as more is known."""

    agent: Agent
    messages: Messages
    place: DeltaGenerator

    def draw(self, lead: CapturedLead | None, consent: ConsentState | None) -> None:
        before: ConsentState = "required" if self.agent.consent_text else "not_required"
        with self.place.container(gap="small"):
            lead_card(self.agent, lead, consent or before, self.messages)

    def tell(self, event: LeadEvent) -> None:
        self.draw(event.lead, event.consent)


# --- the talk --------------------------------------------------------------------------
@dataclass(frozen=True)
class _On:
    """Who is told of the lead while an answer comes, and where that can be stopped."""

    lead: Callable[[LeadEvent], None]
    stop_in: DeltaGenerator


def _greeting(api: Api, agent: Agent) -> None:
    greeting = agent.persona.greeting
    if greeting is None:
        workspace = load("default_persona", api.default_persona)
        greeting = workspace.greeting if workspace is not None else None
    if greeting is not None:
        with st.chat_message("assistant", avatar=avatar("assistant")):
            st.markdown(paragraphs(greeting))


def _log(api: Api, agent: Agent, conversation: Conversation | None, known: Consent | None, on: _On) -> None:
    view = state.smart()
    turns = conversation.turns if conversation is not None else []
    pending = view.pending
    if pending is not None and not pending.running and len(turns) >= pending.turns_before + 2:
        pending = view.pending = None
    shown = turns if pending is None or (pending.running and not pending.started) else turns[: pending.turns_before]
    may_write = agent.state == "ready" and (conversation is None or conversation.is_mine)
    for turn in shown:
        is_last = pending is None and turn is turns[-1]
        again = partial(_try_again, turns[-2].content) if is_last and may_write and len(turns) > 1 else None
        saved_turn(turn, on_open=_open_citation, try_again=again)
    if pending is not None:
        asking = _asking(api, agent, pending, conversation, on)
        begun = partial(pending_turn, pending, asking, forget=_forget, stop_in=on.stop_in)
        begun(on_open=_open_citation, try_again=_try_again)
    elif conversation is not None and turns and turns[-1].role == "user":
        unanswered_turn(api, conversation, _try_again)
    if pending is not None or (turns and turns[-1].error is not None):
        _kept_anyway(*_lead_now(known, pending))
    if conversation is not None and conversation.is_mine and known is not None and known.state == "required":
        _ask_consent(api, known)


def _asking(api: Api, agent: Agent, turn: state.ChatTurn, conversation: Conversation | None, on: _On) -> Asking:
    message = SmartChat(
        agent_id=agent.id,
        message=turn.question,
        conversation_id=conversation.id if conversation is not None else None,
    )
    return Asking(
        lambda: SmartAnswerStream(api, message),
        f"{plain(agent.name)} looks for an answer",
        turns=len(conversation.turns) if conversation is not None else 0,
        on_lead=on.lead,
    )


def _kept_anyway(lead: CapturedLead | None, consent: ConsentState | None) -> None:
    if lead is not None and lead.values and consent in ("not_required", "given", "required"):
        st.caption(f":material/person_check: {READ_ANYWAY if consent == 'required' else KEPT_ANYWAY}")


def _try_again(question: str) -> None:
    st.button("Try again", key="ask_again", icon=":material/refresh:", on_click=_ask, args=(question,))


def _ask(question: str) -> None:
    state.smart().pending = state.ChatTurn(question[:MAX_MESSAGE])


def _forget() -> None:
    state.smart().pending = None


# --- consent ---------------------------------------------------------------------------
def _ask_consent(api: Api, known: Consent) -> None:
    with st.chat_message("assistant", avatar=":material/privacy_tip:"), st.container(key="consent", gap="small"):
        st.markdown(paragraphs(known.text or "May what you say of yourself be kept?"))
        with st.container(horizontal=True, gap="small"):
            for label, given, icon in (("I agree", True, "check"), ("I do not agree", False, "close")):
                st.button(
                    label,
                    key=f"consent_{'yes' if given else 'no'}",
                    icon=f":material/{icon}:",
                    on_click=_decide,
                    args=(api, known.conversation_id),
                    kwargs={"given": given},
                )


def _consent_again(api: Api, known: Consent | None) -> None:
    """A visitor may think again."""
    if known is None or known.state not in ("given", "refused"):
        return
    given = known.state == "given"
    st.button(
        "The visitor takes consent back" if given else "The visitor agrees after all",
        key="consent_again",
        type="tertiary",
        icon=":material/undo:" if given else ":material/check:",
        on_click=_decide,
        args=(api, known.conversation_id),
        kwargs={"given": not given},
    )


def _decide(api: Api, conversation_id: UUID, *, given: bool) -> None:
    done = "What the visitor said is kept as a lead" if given else "What the visitor said of themselves is taken out"
    if act(partial(api.give_consent, conversation_id, given=given), done):
        _forget()


# --- sources ---------------------------------------------------------------------------
def _open_citation(citation: Citation) -> None:
    state.smart().citation = citation


def _close_citation() -> None:
    state.smart().citation = None


@st.dialog("Source", width="medium", position="right", icon=":material/description:", on_dismiss=_close_citation)
def _citation_dialog(api: Api, citation: Citation) -> None:
    show_source(api, citation)
