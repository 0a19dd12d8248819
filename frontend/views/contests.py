"""The contests: who was compared with whom, and what the votes say."""

from collections import Counter
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.comparisons import Contest
from contracts.page import Page
from frontend import state
from frontend.components.badges import badge
from frontend.components.comparing import contest_look, go, versus
from frontend.components.notices import empty_state, load
from frontend.components.pager import at_cursor, pager
from frontend.components.verdict import verdict_line
from frontend.components.words import ago, plural
from frontend.layout import Frame
from frontend.safe_text import plain

PER_PAGE: Final = 20
MOST_WAITING: Final = 200


def contest_list(frame: Frame) -> None:
    cursors = state.compare().contests
    page = at_cursor(cursors, ("contests",), "contests", lambda at: _read(frame, at))
    if page is None:
        return
    if not page.items:
        _first(may_compare=frame.can("comparisons.write"))
        return
    waiting = waiting_votes(frame)
    for contest in page.items:
        with st.container(border=True, key=f"contest_{contest.id}", gap="xsmall"):
            _card(contest, waiting[contest.id])
    pager(cursors, page, per_page=PER_PAGE, key="contests_pager")


def _read(frame: Frame, cursor: str | None) -> Page[Contest]:
    return frame.api.contests(limit=PER_PAGE, cursor=cursor)


def waiting_votes(frame: Frame) -> Counter[UUID]:
    """How many comparisons of each contest wait for this person's vote, of the newest 200."""
    if not frame.can("vote"):
        return Counter()
    page = load("waiting", lambda: frame.api.comparisons(to_vote=True, limit=MOST_WAITING))
    return (
        Counter(one.contest_id for one in page.items if one.can_vote and one.blind) if page is not None else Counter()
    )


def _first(*, may_compare: bool) -> None:
    text = "The votes on each comparison are counted here: which one is better, and how sure that is."
    empty_state("how_to_vote", "Nothing was compared yet", text, key="contests")
    if may_compare:
        with st.container(horizontal_alignment="center"):
            st.button(
                "Ask the first question",
                key="ask_first",
                type="primary",
                icon=":material/compare_arrows:",
                on_click=go,
                args=("ask",),
            )


def contest_facts(contest: Contest) -> str:
    parts = [plural(contest.questions, "question"), f"{plural(contest.votes, 'vote counts', 'votes count')}"]
    if contest.others:
        parts.append(f"{contest.others:,} not counted")
    return " · ".join([*parts, f"begun {ago(contest.created_at)} by {plain(contest.author)}"])


def _card(contest: Contest, waiting: int) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(versus(contest.contestants))}**", width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            if waiting:
                badge(("blue", "how_to_vote", f"{waiting:,} to vote on"))
            badge(contest_look(contest))
    st.markdown(verdict_line(contest.verdict))
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f":small[:gray[{contest_facts(contest)}]]", width="content")
        st.button(
            "Open",
            key=f"open_contest_{contest.id}",
            type="tertiary",
            icon=":material/arrow_forward:",
            on_click=go,
            args=("votes", contest.id),
        )
