"""Two to four targets to choose, for a question or for a batch."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import streamlit as st

from contracts.comparisons import MOST_LANES, Contestant, Target
from frontend import state
from frontend.components.targets import ALONE, ALONE_HELP, Option, Targets, target_key

PLACES: Final = ("First", "Second", "Third", "Fourth")


def start_lanes(first: Sequence[str], targets: Targets) -> None:
    """The lanes that are there stay where they can still be asked; the form begins with `first`."""
    view = state.compare()
    view.lanes = [one for one in view.lanes if one.option in targets.options or one.fallback is not None]
    taken = {one.option for one in view.lanes}
    for key in (*first, *targets.options):
        if len(view.lanes) < 2 and key not in taken:
            _add(key)
            taken.add(key)


def begin_with(options: Sequence[str]) -> None:
    """Other lanes than the form has."""
    state.compare().lanes = []
    for option in options:
        _add(option)


def same_lanes(contestants: Sequence[Contestant]) -> None:
    """The form asks those again that were compared."""
    state.compare().lanes = []
    for one in contestants:
        _add(target_key(one.target), documents=one.target.documents, fallback=(one.name, one.target))


def _add(option: str, *, documents: bool = True, fallback: tuple[str, Target] | None = None) -> None:
    view = state.compare()
    view.lanes_made += 1
    view.lanes.append(state.LaneChoice(view.lanes_made, option, documents, fallback))


def lane_fields(targets: Targets) -> list[Target]:
    """What was chosen, in order."""
    view = state.compare()
    options = dict(targets.options)
    for lane in view.lanes:
        if lane.option not in options and lane.fallback is not None:
            name, target = lane.fallback
            options[lane.option] = Option(name, target, can_stand_alone=target.agent_id is None)
    labels = Targets(options, targets.default, targets.tuned).labels
    chosen: list[Target] = []
    with st.grid(2, min_column_width=280, gap="small", key="lane_fields"):
        for place, lane in enumerate(view.lanes):
            with st.container(key=f"lane_field_{lane.key}", gap="xsmall"):
                chosen.append(_field(place, lane, options, labels))
    if 2 <= len(view.lanes) < MOST_LANES:
        free = next((key for key in options if key not in {one.option for one in view.lanes}), targets.default)
        st.button(
            "Add another one", key="add_lane", type="tertiary", icon=":material/add:", on_click=_add, args=(free,)
        )
    return chosen


def _field(place: int, lane: state.LaneChoice, options: Mapping[str, Option], labels: Mapping[str, str]) -> Target:
    key = f"lane_{lane.key}"
    if st.session_state.get(key) not in options:
        st.session_state[key] = lane.option if lane.option in options else next(iter(options))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", wrap=False):
        lane.option = st.selectbox(PLACES[place], list(options), format_func=labels.__getitem__, key=key)
        if len(state.compare().lanes) > 2:
            st.button(
                "Remove",
                key=f"remove_{lane.key}",
                type="tertiary",
                icon=":material/close:",
                width="content",
                on_click=partial(_remove, lane.key),
            )
    option = options[lane.option]
    if option.can_stand_alone:
        alone = f"alone_{lane.key}"
        if alone not in st.session_state:
            st.session_state[alone] = not lane.documents
        lane.documents = not st.checkbox(ALONE, key=alone, help=ALONE_HELP)
    else:
        lane.documents = True
    return option.target.model_copy(update={"documents": lane.documents})


def _remove(key: int) -> None:
    view = state.compare()
    view.lanes = [one for one in view.lanes if one.key != key]


def chosen_target(labels: Mapping[str, str], target: Target) -> str:
    """How a target is called while it is asked."""
    name = labels.get(target_key(target), target.model or "")
    return name if target.documents else f"{name}, without documents"
