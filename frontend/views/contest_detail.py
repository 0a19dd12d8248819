"""One contest: what the votes say, who takes part, what waits for a vote, and what may be promoted by it."""

from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.comparisons import Comparison, Contest, ContestDetail
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.components.comparing import (
    KINDS,
    LABELS,
    TIES,
    contest_look,
    go,
    names_of,
    open_comparison,
    versus,
)
from frontend.components.lane_fields import same_lanes
from frontend.components.notices import act, load, problem_card
from frontend.components.pager import at_cursor, pager
from frontend.components.verdict import duel_table, verdict_headline, verdict_meaning, win_rates
from frontend.components.words import ago, plural
from frontend.layout import Frame, card_title, titled
from frontend.safe_text import plain
from frontend.views.comparison import next_vote, votes_waiting
from frontend.views.contests import contest_facts
from frontend.views.promotion import promotion

PER_PAGE: Final = 10


def contest_detail(frame: Frame, contest_id: UUID) -> None:
    st.button(
        "All comparisons",
        key="all_contests",
        type="tertiary",
        icon=":material/arrow_back:",
        on_click=go,
        args=("votes",),
    )
    contest = load("contest", lambda: frame.api.contest(contest_id))
    if contest is None:
        return
    with frame.actions:
        _actions(frame, contest)
    titled(plain(versus(contest.contestants)), [contest_look(contest)], key="contest")
    st.markdown(f":small[:gray[{contest_facts(contest)}]]")
    _verdict(frame, contest)
    _contestants(contest)
    promotion(frame, contest)
    _questions(frame, contest)
    view = state.compare()
    if view.dialog == "delete_contest" and view.doomed == contest.id:
        _delete_dialog(frame.api, contest)


def _actions(frame: Frame, contest: Contest) -> None:
    if not frame.can("comparisons.write"):
        return
    st.button(
        "Delete",
        key="delete_contest",
        type="tertiary",
        icon=":material/delete:",
        on_click=_ask_to_delete,
        args=(contest.id,),
    )
    label, icon = ("Open it again", "lock_open") if contest.closed else ("Close", "lock")
    st.button(
        label,
        key="close_contest",
        icon=f":material/{icon}:",
        help="A closed comparison takes no vote and no question until it is opened again.",
        on_click=partial(_close_contest, frame.api, contest),
    )


def _close_contest(api: Api, contest: Contest) -> None:
    done = "The comparison is open again" if contest.closed else "The comparison is closed"
    act(partial(api.close_contest, contest.id, closed=not contest.closed), done)


# --- what the votes say ------------------------------------------------------------
def _verdict(frame: Frame, contest: ContestDetail) -> None:
    names = names_of(contest.contestants)
    with st.container(border=True, key="verdict", gap="small"):
        card_title("What the votes say", key="verdict")
        verdict_headline(contest.verdict)
        duel_table(contest.verdict, names, key="verdict")
        if contest.others:
            they = plural(contest.others, "vote was", "votes were")
            st.caption(
                f"{they} not counted: cast or changed once the names were told, or followed by a later one on the same "
                "question."
            )
        _next_votes(frame, contest)
        verdict_meaning(key="verdict_meaning")
    win_rates(contest.curves, names)


def _next_votes(frame: Frame, contest: Contest) -> None:
    if contest.closed:
        st.markdown(":small[:gray[It is closed: no vote and no question is taken.]]")
        return
    waiting = votes_waiting(frame, contest.id)
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="next_votes"):
        if waiting:
            next_vote(waiting, is_first=True)
        if frame.can("comparisons.write"):
            st.button(
                "Ask these another question",
                key="ask_these",
                type="secondary" if waiting else "primary",
                icon=":material/forum:",
                on_click=partial(_ask_these, contest),
            )
        if not waiting and frame.can("vote"):
            st.markdown(":small[:gray[Nothing waits for your vote.]]", width="content")


def _ask_these(contest: Contest) -> None:
    go("ask")
    same_lanes(contest.contestants)


def _contestants(contest: Contest) -> None:
    names = names_of(contest.contestants)
    order = {key: place for place, key in enumerate(contest.verdict.order)}
    with st.container(border=True, key="contestants", gap="small"):
        card_title("Who takes part", key="contestants")
        for one in sorted(contest.contestants, key=lambda one: order.get(one.key, len(order))):
            st.markdown(f"**{plain(names[one.key])}**  \n:small[:gray[{KINDS[one.kind]} · {plain(one.about)}]]")
        st.caption("Each as it was when it was asked: an agent that is changed since counts as another one.")


# --- its questions -------------------------------------------------------------------
def _questions(frame: Frame, contest: Contest) -> None:
    with st.expander("Its questions", icon=":material/list:", key="contest_questions", on_change="rerun") as opened:
        if not opened.open:
            return
        cursors = state.compare().questions
        page = at_cursor(
            cursors,
            (contest.id,),
            "questions",
            lambda at: frame.api.comparisons(contest_id=contest.id, limit=PER_PAGE, cursor=at),
        )
        if page is None:
            return
        for comparison in page.items:
            _row(comparison)
        pager(cursors, page, per_page=PER_PAGE, key="questions_pager")


def _row(comparison: Comparison) -> None:
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        wrap=False,
        key=f"row_{comparison.id}",
    ):
        st.button(
            plain(comparison.question),
            key=f"open_comparison_{comparison.id}",
            type="tertiary",
            wrap=True,
            on_click=partial(open_comparison, comparison.id, contest_id=comparison.contest_id),
        )
        st.markdown(f":small[:gray[{_row_words(comparison)} · {ago(comparison.created_at)}]]", width="content")


def _row_words(comparison: Comparison) -> str:
    vote = comparison.vote
    if vote is None:
        return "waits for your vote" if comparison.blind and comparison.can_vote else "no vote of yours"
    if vote.choice in TIES:
        return f"you: {LABELS[vote.choice].lower()}"
    name = next((one.contestant.name for one in comparison.lanes if one.label == vote.choice and one.contestant), "")
    return f"you: {plain(name)}"


# --- deleted -------------------------------------------------------------------------
def _ask_to_delete(contest_id: UUID) -> None:
    view = state.compare()
    view.dialog, view.doomed = "delete_contest", contest_id


def _close() -> None:
    state.compare().dialog = None


@st.dialog("Delete comparison", icon=":material/delete:", on_dismiss=_close)
def _delete_dialog(api: Api, contest: Contest) -> None:
    st.markdown(
        f"**{plain(versus(contest.contestants))}**: {plural(contest.questions, 'question')}, their answers, all votes "
        "and batches are deleted. What was promoted by it stays. This cannot be undone."
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        cancelled = st.button("Cancel", key="delete_cancel")
        confirmed = st.button("Delete comparison", key="delete_confirm", type="primary", icon=":material/delete:")
    if cancelled:
        _close()
        st.rerun()
    if confirmed:
        _delete(api, contest)


def _delete(api: Api, contest: Contest) -> None:
    try:
        api.delete_contest(contest.id)
    except ApiError as error:
        problem_card(error.problem, key="delete_contest", retry=False)
        return
    state.session().flash = state.Flash("Comparison deleted")
    go("votes")
    st.rerun()
