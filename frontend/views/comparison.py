"""One comparison: answers side by side, the vote, and then who wrote what."""

from collections.abc import Sequence
from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.comparisons import Comparison, Contestant, Lane, Vote
from frontend import state
from frontend.api_client import Api
from frontend.components.badges import Look
from frontend.components.citations import Opener
from frontend.components.comparing import LABELS, TIES, go, names_of, open_comparison, opened, wins_words
from frontend.components.lane_card import blind_lane, lane_grid, told_lane
from frontend.components.lane_fields import same_lanes
from frontend.components.notices import act, load
from frontend.components.words import everyday, plural
from frontend.layout import Frame
from frontend.safe_text import paragraphs, plain
from frontend.views.compare_ask import QUESTION

WAITING: Final = 50
CHOSEN: Final[Look] = ("green", "check_circle", "Your vote")
SHORTCUTS: Final = ("1", "2", "3", "4")
NOT_COUNTED: Final = (
    "A vote that is cast or changed once the names were told is kept, and does not count in the verdict. One that was "
    "cast before counts again when you return to it."
)


def comparison_view(frame: Frame, comparison_id: UUID, *, on_open: Opener) -> None:
    queued = opened("votes")
    _back(frame, queued)
    comparison = load("comparison", lambda: frame.api.comparison(comparison_id))
    if comparison is None:
        return
    _question(comparison)
    names = _names(comparison)
    may_vote = frame.can("vote") and comparison.can_vote
    is_open = may_vote and comparison.vote is None
    with lane_grid(len(comparison.lanes), key="lanes"):
        for place, lane in enumerate(comparison.lanes):
            with st.container(border=True, key=f"lane_{lane.label}", height="stretch", gap="small"):
                _lane(comparison, lane, names, on_open)
                if is_open and _has_answer(comparison, lane):
                    _vote_for(frame.api, comparison, place)
    if is_open:
        _ties(frame.api, comparison)
    elif comparison.vote is not None:
        _voted(frame.api, comparison, comparison.vote, names, may_change=may_vote)
    elif not comparison.can_vote:
        st.info(f"There is no vote here: {plain(everyday(comparison.reason))}.", icon=":material/info:")
    if not comparison.blind:
        state.compare().from_vote = _voted_for(comparison) or state.compare().from_vote
        _next(frame, comparison, queued)


def _back(frame: Frame, queued: UUID | None) -> None:
    """To where one came from."""
    if queued is None and frame.can("comparisons.write"):
        label, where = "New question", partial(go, "ask")
    elif queued is None:
        label, where = "All comparisons", partial(go, "votes")
    else:
        label, where = "What the votes say", partial(go, "votes", queued)
    st.button(label, key="back", type="tertiary", icon=":material/arrow_back:", on_click=where)


def _question(comparison: Comparison) -> None:
    with st.container(border=True, key="asked_question", gap="xsmall"):
        st.markdown(f"**{paragraphs(comparison.question)}**")
        if comparison.expected is not None:
            st.markdown(f":small[:gray[The approved answer: {plain(comparison.expected)}]]")


def _names(comparison: Comparison) -> dict[str, str]:
    """By label, once they are told."""
    told = [lane.contestant for lane in comparison.lanes if lane.contestant is not None]
    names = names_of(sorted(told, key=lambda one: one.key))
    return {lane.label: names[lane.contestant.key] for lane in comparison.lanes if lane.contestant is not None}


def _voted_for(comparison: Comparison) -> str:
    """The key of the contestant; "" without a vote for one."""
    choice = comparison.vote.choice if comparison.vote is not None else ""
    return next((one.contestant.key for one in comparison.lanes if one.label == choice and one.contestant), "")


def _lane(comparison: Comparison, lane: Lane, names: dict[str, str], on_open: Opener) -> None:
    if comparison.blind:
        blind_lane(lane)
        return
    looks = [CHOSEN] if comparison.vote is not None and comparison.vote.choice == lane.label else []
    key = f"{comparison.id}_{lane.label}"
    told_lane(lane, name=names.get(lane.label, ""), looks=looks, key=key, on_open=on_open)


def _has_answer(comparison: Comparison, lane: Lane) -> bool:
    return lane.error is None if comparison.blind else lane.answer is not None


# --- the vote ----------------------------------------------------------------------
def _vote_for(api: Api, comparison: Comparison, place: int) -> None:
    label = comparison.lanes[place].label
    st.space("stretch")
    st.button(
        wins_words(label, len(comparison.lanes)),
        key=f"vote_{label}",
        icon=":material/thumb_up:",
        shortcut=SHORTCUTS[place],
        width="stretch",
        on_click=partial(_vote, api, comparison.id, label),
    )


def _ties(api: Api, comparison: Comparison) -> None:
    with st.container(horizontal=True, horizontal_alignment="center", gap="small", key="vote_ties"):
        for choice, icon, shortcut in zip(TIES, ("done_all", "thumb_down"), ("G", "B"), strict=True):
            st.button(
                LABELS[choice],
                key=f"vote_{choice}",
                icon=f":material/{icon}:",
                shortcut=shortcut,
                on_click=partial(_vote, api, comparison.id, choice),
            )
    text = "Who wrote which is told after your vote." if comparison.blind else NOT_COUNTED
    st.markdown(f":small[:gray[{text}]]", text_alignment="center")


def _vote(api: Api, comparison_id: UUID, choice: str) -> None:
    act(partial(api.vote, comparison_id, choice))


def _voted(api: Api, comparison: Comparison, vote: Vote, names: dict[str, str], *, may_change: bool) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="voted", gap="small"
    ):
        counts = (
            "It counts in the verdict."
            if vote.counts
            else "It does not count: the names had been told when it was sent."
        )
        st.markdown(f":green[:material/how_to_vote:] {_vote_words(comparison, vote, names)} :gray[{counts}]")
        if may_change:
            with st.popover("Change", icon=":material/edit:", key="change_vote", type="tertiary"):
                st.markdown(f":small[{NOT_COUNTED}]")
                for choice in _choices(comparison):
                    if choice != vote.choice:
                        st.button(
                            _choice_words(choice, names, len(comparison.lanes)),
                            key=f"change_to_{choice}",
                            type="tertiary",
                            on_click=partial(_vote, api, comparison.id, choice),
                        )


def _choices(comparison: Comparison) -> Sequence[str]:
    lanes: list[str] = [lane.label for lane in comparison.lanes if lane.answer is not None]
    return [*lanes, *TIES]


def _vote_words(comparison: Comparison, vote: Vote, names: dict[str, str]) -> str:
    words = _choice_words(vote.choice, names, len(comparison.lanes))
    return f"Your vote: **{words}**."


def _choice_words(choice: str, names: dict[str, str], lanes: int) -> str:
    if choice in TIES:
        return LABELS[choice]
    return f"{plain(names.get(choice, LABELS[choice]))} is {'better' if lanes == 2 else 'best'}"


# --- and then --------------------------------------------------------------------
def _next(frame: Frame, comparison: Comparison, queued: UUID | None) -> None:
    """What follows; first of all what the person is about: voting, or asking."""
    waiting = votes_waiting(frame, comparison.contest_id)
    contestants = [lane.contestant for lane in comparison.lanes if lane.contestant is not None]
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="next_steps"):
        if waiting:
            next_vote(waiting, is_first=queued is not None or not frame.can("comparisons.write"))
        if frame.can("comparisons.write"):
            st.button(
                "Ask them another question",
                key="ask_same",
                type="secondary" if queued is not None and waiting else "primary",
                icon=":material/forum:",
                on_click=_ask_same,
                args=(contestants,),
            )
        st.button(
            "What the votes say",
            key="to_contest",
            icon=":material/how_to_vote:",
            on_click=go,
            args=("votes", comparison.contest_id),
        )


def votes_waiting(frame: Frame, contest_id: UUID) -> Sequence[Comparison]:
    """The newest comparisons of a contest whose vote by this person would count; at most 50."""
    if not frame.can("vote"):
        return []
    page = load("waiting", partial(frame.api.comparisons, contest_id=contest_id, to_vote=True, limit=WAITING))
    return [one for one in page.items if one.can_vote and one.blind] if page is not None else []


def next_vote(waiting: Sequence[Comparison], *, is_first: bool) -> None:
    count = f"{WAITING} or more wait" if len(waiting) >= WAITING else f"{plural(len(waiting), 'waits', 'wait')}"
    st.button(
        f"Vote on the next one ({count})",
        key="vote_next",
        type="primary" if is_first else "secondary",
        icon=":material/skip_next:",
        on_click=partial(open_comparison, waiting[0].id, contest_id=waiting[0].contest_id),
    )


def _ask_same(contestants: Sequence[Contestant]) -> None:
    go("ask")
    same_lanes(contestants)
    state.compare().question = ""
    st.session_state.pop(QUESTION, None)
