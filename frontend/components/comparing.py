"""Words and moves that the compare page's parts share."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

import streamlit as st

from contracts.comparisons import Contest, Contestant, TargetKind
from frontend import state
from frontend.components.badges import Look
from frontend.components.words import distinct

View = Literal["ask", "votes", "batches", "promoted"]
VIEWS: Final[dict[View, str]] = {"ask": "Ask", "votes": "Votes", "batches": "Batches", "promoted": "Promoted"}
VIEW: Final = "compare_view"
IDS: Final[dict[View, str]] = {"ask": "comparison", "votes": "contest", "batches": "batch"}
COMPARE_PAGE: Final = "pages/4_Compare.py"
MODEL: Final = "model"
"""Names the model that the form begins with, in the address."""
LABELS: Final[dict[str, str]] = {
    "left": "Left",
    "right": "Right",
    "a": "A",
    "b": "B",
    "c": "C",
    "d": "D",
    "all_good": "All good",
    "all_bad": "All bad",
}
TIES: Final[Sequence[str]] = ("all_good", "all_bad")
KINDS: Final[dict[TargetKind, str]] = {
    "agent": "Agent",
    "tuned_retrieval": "Tuned retrieval",
    "tuned_model": "Model trained here",
    "model": "Model",
}
CLOSED: Final[Look] = ("gray", "lock", "Closed")
DECIDED: Final[dict[bool, Look]] = {
    True: ("green", "check_circle", "Decided"),
    False: ("orange", "hourglass_empty", "Undecided"),
}


def go(view: View, which: UUID | None = None) -> None:
    """Shows a view, and one thing in it; for button callbacks."""
    state.show(view, IDS, which, without=MODEL)
    shown = state.compare()
    shown.dialog = shown.doomed = shown.refused = shown.promotion = shown.citation = None


def open_comparison(comparison_id: UUID, *, contest_id: UUID | None = None) -> None:
    """With a contest it is one of those that wait for a vote there."""
    go("ask" if contest_id is None else "votes", comparison_id if contest_id is None else contest_id)
    st.query_params[IDS["ask"]] = str(comparison_id)


def compare_with_default(model_id: UUID) -> None:
    """Leads to the form, with a model that was trained here against the default agent. Not for callbacks."""
    view = state.compare()
    view.lanes, view.race = [], None
    st.switch_page(COMPARE_PAGE, query_params={"view": "ask", MODEL: str(model_id)})


def opened(view: View) -> UUID | None:
    """The one thing that a view shows, by the address."""
    return state.query_id(IDS[view]) if view in IDS else None


def asked_view(views: Sequence[View]) -> View:
    """By the address: what it names, or the view of the thing that it names, or the first."""
    named = st.query_params.get("view", "")
    by_id = [view for view in views if opened(view) is not None]
    return next((view for view in views if view == named), by_id[0] if by_id else views[0])


def names_of(contestants: Sequence[Contestant]) -> dict[str, str]:
    """Key -> the name, told apart as the verdict's text tells them."""
    return distinct({one.key: one.name for one in contestants})


def versus(contestants: Sequence[Contestant]) -> str:
    return " · ".join(names_of(contestants).values())


def contest_look(contest: Contest) -> Look:
    return CLOSED if contest.closed else DECIDED[contest.verdict.decided]


def wins_words(label: str, lanes: int) -> str:
    """`Left is better`, or `A is best` of three and more."""
    return f"{LABELS[label]} is {'better' if lanes == 2 else 'best'}"
