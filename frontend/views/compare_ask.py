"""The form of a comparison: a question, two to four lanes, blind or not."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from contracts.comparisons import NewComparison, Target
from contracts.problem import Problem
from frontend import state
from frontend.components.citations import Opener
from frontend.components.comparing import MODEL
from frontend.components.lane_fields import chosen_target, lane_fields, start_lanes
from frontend.components.notices import empty_state, load, problem_card
from frontend.components.suggestions import suggested
from frontend.components.targets import Targets, targets_of
from frontend.components.words import sentence
from frontend.layout import Frame, card_title
from frontend.safe_text import plain
from frontend.views.compare_race import race_view

QUESTION: Final = "compare_question"
BLIND: Final = "compare_blind"
MAX_QUESTION: Final = 4_000
TUNE_PAGE: Final = "pages/3_Fine-tune.py"
SETTINGS_PAGE: Final = "pages/9_Settings.py"
BLIND_HELP: Final = (
    "Who wrote which answer is told after your vote: what you know of a name sways what you think of its words. Only "
    "votes that were cast blind count in the verdict."
)
BLOCKS: Final = 2
"""What the form draws: in their places nothing is drawn while answers come, or they would stay, pale, until the end."""


def ask_view(frame: Frame, *, on_open: Opener) -> None:
    view = state.compare()
    if view.race is not None:
        for _ in range(BLOCKS):
            st.empty()
        race_view(frame.api, view.race, on_open=on_open)
        return
    targets = targets_of(frame)
    if targets is None:
        return
    if len(targets.options) < 2:
        _make_first(frame)
        return
    start_lanes(_first(frame, targets), targets)
    with st.container(border=True, key="compare_form", gap="small"):
        card_title("Ask several the same question", key="compare")
        question = _question()
        below = st.container()
        chosen = lane_fields(targets)
        with below:
            _suggestions(frame, targets.searched(chosen))
        is_blind = _blind()
        if view.refused is not None:
            problem_card(view.refused, key="compare", retry=False)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            # As on every form: a callback would be bound to what the fields held before the last edit.
            is_sent = st.button(
                "Compare",
                key="compare_now",
                type="primary",
                icon=":material/compare_arrows:",
            )
            st.markdown(":small[:gray[Each answers by itself; where each stands is drawn anew.]]", width="content")
    if is_sent:
        _compare(chosen, targets.labels, question, is_blind)
        st.rerun()
    if not targets.tuned:
        _tuned_later(frame)


def _first(frame: Frame, targets: Targets) -> list[str]:
    """Whom the form begins with: the default agent and the model of the address, or the newest tuned retrieval, or
    whoever else there is."""
    asked = state.query_id(MODEL)
    state.compare().from_model = asked or state.compare().from_model
    named = ""
    if asked is not None and frame.can("models.read"):
        model = load("asked_model", lambda: frame.api.tuned_model(asked))
        named = targets.of_model(model.name) if model is not None else ""
    others = [key for key in (named, *targets.tuned, *targets.options) if key and key != targets.default]
    return [key for key in (targets.default, *others[:1]) if key]


# --- the question ----------------------------------------------------------------
def _question() -> str:
    view = state.compare()
    if QUESTION not in st.session_state:
        st.session_state[QUESTION] = view.question
    view.question = st.text_input(
        "Question", key=QUESTION, max_chars=MAX_QUESTION, placeholder="What would a customer ask?"
    )
    return view.question


def _suggestions(frame: Frame, collection_ids: Sequence[UUID]) -> None:
    if state.compare().question or not collection_ids or not frame.can("faqs.read"):
        return
    faqs = load("suggested", lambda: suggested(frame.api, collection_ids))
    if not faqs:
        return
    with st.container(horizontal=True, gap="xsmall", key="compare_suggested"):
        for faq in faqs:
            st.button(
                plain(faq.question),
                key=f"suggest_{faq.id}",
                type="tertiary",
                icon=":material/subdirectory_arrow_right:",
                wrap=True,
                on_click=_take,
                args=(faq.question,),
            )


def _take(question: str) -> None:
    state.compare().question = st.session_state[QUESTION] = question[:MAX_QUESTION]


def _blind() -> bool:
    view = state.compare()
    if BLIND not in st.session_state:
        st.session_state[BLIND] = view.blind
    view.blind = st.toggle("Blind", key=BLIND, help=BLIND_HELP)
    text = (
        "You see the answers together, without names, and learn who wrote which after your vote."
        if view.blind
        else "You see who writes what, as it is written. Votes are kept, and do not count in the verdict."
    )
    st.markdown(f":small[:gray[{text}]]")
    return view.blind


# --- asked -------------------------------------------------------------------------
def _compare(chosen: Sequence[Target], labels: dict[str, str], question: str, is_blind: bool) -> None:
    view = state.compare()
    view.refused = None
    try:
        new = NewComparison(question=question, lanes=list(chosen), blind=is_blind)
    except ValidationError as error:
        view.refused = _refusal(error, question)
        return
    view.race = state.Race(new, [chosen_target(labels, target) for target in chosen])


def _refusal(error: ValidationError, question: str) -> Problem:
    said = error.errors()[0]["msg"].removeprefix("Value error, ")
    detail = "write a question first" if not question.strip() else said
    return Problem(title="This cannot be compared yet", status=422, detail=sentence(detail), code="form")


# --- what is missing -----------------------------------------------------------------
def _make_first(frame: Frame) -> None:
    empty_state(
        "compare_arrows",
        "Nobody to compare with yet",
        "So far only the default agent can be asked. Teach the search from your approved FAQs, or set up a model of a "
        "provider: then both get the same question here, and you vote without knowing who wrote what.",
        key="compare",
    )
    with st.container(horizontal_alignment="center"):
        _links(frame)


def _tuned_later(frame: Frame) -> None:
    with st.container(key="compare_needs", gap="xsmall"):
        st.markdown(
            ":small[:gray[Tuned retrieval, a search that was taught by your approved FAQs, can be compared too once it "
            "is trained.]]"
        )
        _links(frame)


def _links(frame: Frame) -> None:
    with st.container(horizontal=True, gap="medium", width="content"):
        if frame.can("models.read"):
            st.page_link(
                TUNE_PAGE,
                label="Train tuned retrieval",
                icon=":material/model_training:",
                query_params={"view": "train"},
            )
        if frame.can("settings.read"):
            st.page_link(SETTINGS_PAGE, label="Set up a provider", icon=":material/settings:")
