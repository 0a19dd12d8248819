"""Chat: ask a collection, read the answer as it comes, open what it rests on."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.agents import Agent
from contracts.chat import Citation, Conversation, ConversationMessage
from contracts.collections import Collection, CollectionHealth
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.answer import saved_turn
from frontend.components.answer_stream import AnswerStream
from frontend.components.citations import marks_open, show_source
from frontend.components.notices import act, empty_state, load, show_problem
from frontend.components.suggestions import suggested
from frontend.components.targets import ALONE, ALONE_HELP
from frontend.components.words import listed, plural, provider_words, sentence
from frontend.layout import Frame
from frontend.safe_text import plain, told
from frontend.views.agent_dialog import NEW, agent_dialog, open_agent
from frontend.views.chat_sidebar import conversation_list, open_conversation
from frontend.views.chat_target import Target, agents_of, aliases_of, asked_words, choose_target, models_of
from frontend.views.chat_turn import WAITING, Asking, pending_turn, unanswered_turn

FAQ_PAGE = "pages/1_FAQ_Extraction.py"
LEAD = "Ask what your customers would ask. Every answer shows the passage it comes from."
LEAD_ALONE = "Ask what your customers would ask. Answers come from what the model learnt, and show no passage."
MAX_QUESTION = 4_000


def render(frame: Frame) -> None:
    view = state.chat()
    conversation_id = state.query_id("conversation")
    collections = load("collections", frame.api.collections)
    conversation, is_missing = _conversation(frame.api, conversation_id)
    conversation_list(frame, conversation_id)
    with frame.actions:
        _actions(frame.api, conversation)
    found = collections.items if collections else []
    agents = agents_of(frame)
    target = _target(frame, agents, found, conversation)
    collection = target.collection if target is not None else None
    frame.say_lead(LEAD if target is None or target.reads else LEAD_ALONE)
    _about_answers(frame, target)
    is_lost = conversation is not None and target is None and collections is not None
    is_another = conversation is not None and not conversation.is_mine
    sent = st.session_state.get("question")  # A field that is disabled by now gives nothing.
    above_field = st.bottom.container(key="above_field")  # Not around the field: the page would not follow an answer.
    asked = st.chat_input(
        "Ask in a conversation of your own" if is_another else "Ask a question",
        key="question",
        max_chars=MAX_QUESTION,
        submit_mode="disable",
        disabled=is_another or is_missing or (collection is None and collections is not None),
    )
    if asked:
        view.pending = state.ChatTurn(asked)
    if is_lost:
        _nobody_to_ask(sent)
    with st.container(key="chat_log"):
        if not is_missing:
            _log(frame, conversation, target, above_field)
        marks_open()
    if view.citation is not None:
        _citation_dialog(frame.api, view.citation)
    elif frame.can("settings.write"):
        agent_dialog(frame.api, agents, found)


def _conversation(api: Api, conversation_id: UUID | None) -> tuple[Conversation | None, bool]:
    """The one of the address, and whether there is none of that id for this person."""
    if conversation_id is None:
        return None, False
    try:
        return api.conversation(conversation_id), False
    except ApiError as error:
        if error.problem.status != 404:
            show_problem(error, key="conversation")
            return None, False
    st.error(
        "It was deleted, or it belongs to somebody else. Choose another one, or begin a new one.",
        title="This conversation is not here",
        icon=":material/forum:",
    )
    return None, True


def _nobody_to_ask(unsent: str | None) -> None:
    said = f" Your question was not sent: {plain(unsent)}" if unsent else ""
    st.warning(
        f"Its agent or its collection was deleted. Begin a new conversation to ask on.{said}",
        title="Nobody answers here any more",
        icon=":material/person_off:",
    )


# --- around the conversation -------------------------------------------------
def _actions(api: Api, conversation: Conversation | None) -> None:
    if conversation is not None:
        with st.popover("Delete", icon=":material/delete:", type="tertiary", key="delete_menu"):
            st.markdown("Delete this conversation? This cannot be undone.")
            st.button("Delete conversation", key="delete_conversation", on_click=_delete, args=(api, conversation.id))
    st.button(
        "New conversation", key="new_conversation", icon=":material/add:", on_click=open_conversation, args=(None,)
    )


def _delete(api: Api, conversation_id: UUID) -> None:
    if act(partial(api.delete_conversation, conversation_id), "Conversation deleted"):
        open_conversation(None)


def _target(
    frame: Frame, agents: Sequence[Agent], collections: Sequence[Collection], conversation: Conversation | None
) -> Target | None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="chat_target"):
        target = choose_target(agents, collections, models_of(frame), aliases_of(frame), conversation)
        if target is not None and target.answers:
            target = replace(target, documents=not _is_alone(target, conversation))
        if frame.can("settings.write"):
            if target is not None and target.agent is not None and target.name is None:
                st.button(
                    "Edit agent",
                    key="edit_agent",
                    icon=":material/tune:",
                    type="tertiary",
                    on_click=open_agent,
                    args=(target.agent.id,),
                )
            if conversation is None and collections:
                st.button(
                    "New agent",
                    key="new_agent",
                    icon=":material/add:",
                    type="tertiary",
                    on_click=open_agent,
                    args=(NEW,),
                )
    return target


def _is_alone(target: Target, conversation: Conversation | None) -> bool:
    """Whether a model that answers is asked without documents."""
    key = f"alone_{target.key}_{conversation.id if conversation else 'new'}"
    return st.checkbox(ALONE, target.documents is False, key=key, help=ALONE_HELP)


def _about_lost_model(target: Target) -> None:
    """What became of the model that was asked, or that the address named, and who answers now."""
    if target.gone is not None:
        st.warning(
            "It was deleted, or its files are missing or changed. The answers so far stay. The next ones come from the "
            f"documents of {plain(target.collection.name)}; to ask another model, begin a new conversation.",
            title=f"{plain(target.gone)} cannot be asked any more",
            icon=":material/warning:",
        )
    elif state.chat().is_model_lost:
        st.warning(
            "It was deleted, or its files are missing or changed. "
            f"Whom you ask now is {plain(target.label)}; choose another one where it says Ask.",
            title="The model cannot be asked any more",
            icon=":material/warning:",
        )


def _about_answers(frame: Frame, target: Target | None) -> None:
    if target is None:
        return
    _about_lost_model(target)
    collections = target.collections
    who = load("provider", lambda: _who_answers(frame.api, target))
    faqs, passages = sum(one.faqs for one in collections), sum(one.passages for one in collections)
    held = f"{plural(faqs, 'approved FAQ')} and {plural(passages, 'passage')}"
    if target.more:
        held = f"{held} in {plain(listed([one.name for one in collections]))}"
    parts = [*([who] if who else []), held if target.reads else "without documents"]
    st.caption(" · ".join(parts))
    broken = [one for one in collections if one.health in (CollectionHealth.UNAVAILABLE, CollectionHealth.FAILED)]
    for one in broken:
        said = f"{one.name}: {one.reason}" if target.more else sentence(one.reason)
        st.warning(told(said), icon=":material/warning:")
    if broken or not _pending(collections):
        return
    if state.chat().pending is not None:
        _pending_note(collections)
    else:
        _follow_index(frame.api, collections)


def _who_answers(api: Api, target: Target) -> str:
    """The provider and model of the agent, as the settings page names them."""
    name = target.agent.provider if target.agent is not None else ""
    label = next((item.label for item in api.providers() if item.name == name), name) if name else ""
    return asked_words(target, provider_words(label)[0])


def _pending(collections: Sequence[Collection]) -> int:
    return sum(one.pending_changes for one in collections)


def _pending_note(collections: Sequence[Collection]) -> None:
    """What waits may be passages as well as FAQs."""
    waits = plural(_pending(collections), "entry is", "entries are")
    st.caption(f":material/sync: {waits} still being indexed. Ask already: answers use what is indexed.")


def _follow_index(api: Api, collections: Sequence[Collection]) -> None:
    followed = {one.id for one in collections}

    @st.fragment(run_every="1s")
    def follow() -> None:
        page = load("index", api.collections, inline=True)
        if page is None:
            return
        now = [item for item in page.items if item.id in followed]
        if not _pending(now):
            st.rerun()
        _pending_note(now)

    follow()


# --- the conversation --------------------------------------------------------
def _log(frame: Frame, conversation: Conversation | None, target: Target | None, above_field: DeltaGenerator) -> None:
    """`above_field` is always in view."""
    view = state.chat()
    turns = conversation.turns if conversation else []
    pending = view.pending
    if pending is not None and not pending.running and len(turns) >= pending.turns_before + 2:
        pending = view.pending = None
    shown = turns if pending is None or (pending.running and not pending.started) else turns[: pending.turns_before]
    may_ask = conversation is None or conversation.is_mine
    for turn in shown:
        is_last = pending is None and turn is turns[-1]
        again = partial(_try_again, _question(turns)) if is_last and may_ask else None
        saved_turn(turn, on_open=_open_citation, try_again=again)
    if view.pending is not None:
        asking = _asking(frame.api, view.pending, target, conversation)
        begun = partial(pending_turn, view.pending, asking, forget=_forget, stop_in=above_field)
        begun(on_open=_open_citation, try_again=_try_again)
    elif conversation is not None and turns and turns[-1].role == "user":
        unanswered_turn(frame.api, conversation, _try_again)
    elif conversation is None:
        _welcome(frame, target)


def _asking(api: Api, turn: state.ChatTurn, target: Target | None, conversation: Conversation | None) -> Asking | None:
    if target is None:
        return None
    sources = sum(one.faqs + one.passages for one in target.collections)
    return Asking(
        lambda: AnswerStream(api, target.question(turn.question, conversation)),
        f"Looking through {plural(sources, 'source')}" if target.reads else WAITING,
        turns=len(conversation.turns) if conversation else 0,
    )


def _forget() -> None:
    state.chat().pending = None


def _welcome(frame: Frame, target: Target | None) -> None:
    if target is None:
        return
    faqs = load("suggested", lambda: suggested(frame.api, [one.id for one in target.collections]))
    if faqs is None:
        return
    if not faqs:
        _no_faqs(frame, target.collections)
        return
    st.markdown("**Try one of these**")
    with st.grid(2, min_column_width=280, gap="small", key="suggested"):
        for faq in faqs:
            st.button(
                plain(faq.question),
                key=f"suggest_{faq.id}",
                width="stretch",
                wrap=True,
                on_click=_ask,
                args=(faq.question,),
            )


def _no_faqs(frame: Frame, collections: Sequence[Collection]) -> None:
    has_passages = any(one.passages for one in collections)
    more = " Until then, answers come from the documents' passages." if has_passages else ""
    body = f"Approve the drafts that you trust, then ask here.{more}"
    empty_state("forum", "No approved FAQs yet", body, key="chat", picture="empty-chat.svg")
    if frame.can("faqs.review"):
        with st.container(horizontal_alignment="center"):
            st.page_link(FAQ_PAGE, label="Review the drafts", icon=":material/fact_check:")


def _question(turns: Sequence[ConversationMessage]) -> str:
    """The last one that was asked."""
    return next((turn.content for turn in reversed(turns) if turn.role == "user"), "")


def _try_again(question: str) -> None:
    st.button("Try again", key="ask_again", icon=":material/refresh:", on_click=_ask, args=(question,))


def _ask(question: str) -> None:
    state.chat().pending = state.ChatTurn(question[:MAX_QUESTION])


def _open_citation(citation: Citation) -> None:
    state.chat().citation = citation


def _close_citation() -> None:
    state.chat().citation = None


@st.dialog("Source", width="medium", position="right", icon=":material/description:", on_dismiss=_close_citation)
def _citation_dialog(api: Api, citation: Citation) -> None:
    show_source(api, citation)
