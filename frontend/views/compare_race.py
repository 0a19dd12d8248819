"""A comparison being made: streamed lane by lane or, blind, shown when all are ready; stopped at once."""

from collections.abc import Mapping
from contextlib import closing
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.chat import ErrorEvent
from contracts.comparisons import Compared, ComparisonEvent, LaneDone, LaneToken
from frontend import state
from frontend.api_client import Api, ApiError
from frontend.api_problems import OFFLINE
from frontend.components.answer import ended_badge
from frontend.components.answer_stream import RaceStream
from frontend.components.citations import Opener
from frontend.components.comparing import LABELS, open_comparison
from frontend.components.lane_card import lane_grid, lane_head, told_lane
from frontend.components.notices import problem_card
from frontend.components.words import plural
from frontend.safe_text import model_text, paragraphs, plain


def race_view(api: Api, race: state.Race, *, on_open: Opener) -> None:
    """Asks when it is new; otherwise shows how far it came and offers to try again."""
    with st.container(border=True, key="asked_question"):
        st.markdown(paragraphs(race.new.question))
    if race.running and not race.started:
        _run(api, race)
    else:
        _interrupted(race, on_open)


def _run(api: Api, race: state.Race) -> None:
    race.started = True
    count = len(race.names)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        names = ", ".join(plain(name) for name in race.names)
        text = (
            f"Asking {names}" if not race.new.blind else f"{plural(count, 'answer')} are being written; shown together"
        )
        st.markdown(f":shimmer[{text}]", width="content")
        st.button("Stop", key="stop_race", icon=":material/stop_circle:", on_click=_stop)
    shown = _places(race) if not race.new.blind else {}
    stream = RaceStream(api, race.new)
    race.hang_up = stream.stop
    try:
        with closing(stream.batches()) as batches:
            for batch in batches:
                st.query_params.get("view")  # where Streamlit ends a run that nobody watches any more
                for event in batch:
                    _take(race, event)
                if batch:
                    _draw(race, shown)
    except ApiError as error:
        race.problem = error.problem
    finally:
        race.running = False
    if race.compared is not None:
        state.compare().race = None
        open_comparison(race.compared.id)
    st.rerun()


def _places(race: state.Race) -> Mapping[str, DeltaGenerator]:
    """Where each lane is written, by label."""
    found: dict[str, DeltaGenerator] = {}
    with lane_grid(len(race.names), key="race_lanes"):
        for label in labels_of(len(race.names)):
            with st.container(border=True, key=f"race_{label}", height="stretch"):
                lane_head(label)
                found[label] = st.empty()
                found[label].markdown(":shimmer[Waiting for the first words]")
    return found


def labels_of(lanes: int) -> list[str]:
    return ["left", "right"] if lanes == 2 else list(LABELS)[2 : 2 + lanes]


def _take(race: state.Race, event: ComparisonEvent) -> None:
    match event:
        case LaneToken():
            race.texts[event.lane] = race.texts.get(event.lane, "") + event.text
        case LaneDone():
            race.lanes[event.lane.label] = event.lane
        case Compared():
            race.compared = event.comparison
        case ErrorEvent():
            race.problem = event.problem


def _draw(race: state.Race, shown: Mapping[str, DeltaGenerator]) -> None:
    for label, place in shown.items():
        lane = race.lanes.get(label)
        if lane is not None and lane.error is not None:
            place.markdown(f":red[:material/error: {plain(lane.error.title)}]")
        elif race.texts.get(label):
            done = "" if lane is None else "\n\n:green[:material/check:] :small[:gray[Done]]"
            place.markdown(model_text(race.texts[label]) + done)


def _stop() -> None:
    race = state.compare().race
    if race is not None:
        race.stopped, race.running = True, False
        race.hang_up()


# --- not finished ----------------------------------------------------------------
def _interrupted(race: state.Race, on_open: Opener) -> None:
    if race.texts or race.lanes:
        with lane_grid(len(race.names), key="race_lanes"):
            for label in labels_of(len(race.names)):
                with st.container(border=True, key=f"race_{label}", height="stretch"):
                    _partial(race, label, on_open)
    if race.problem is not None and race.problem.code != OFFLINE:  # the page says that once, while it is so
        problem_card(race.problem, key="race", retry=False)
    else:
        ended_badge("Stopped" if race.stopped else "Interrupted")
        st.markdown(":small[:gray[A comparison that was not finished is not kept, and there is nothing to vote on.]]")
    with st.container(horizontal=True, gap="small"):
        st.button("Try again", key="race_again", icon=":material/refresh:", on_click=partial(_again, race))
        st.button("Change it", key="race_back", type="tertiary", icon=":material/edit:", on_click=_forget)


def _partial(race: state.Race, label: str, on_open: Opener) -> None:
    lane = race.lanes.get(label)
    if lane is not None:
        name = lane.contestant.name if lane.contestant is not None else ""
        told_lane(lane, name=name, looks=[], key=f"race_{label}", on_open=on_open)
        return
    lane_head(label)
    st.markdown(model_text(race.texts.get(label, "")) or ":gray[Nothing yet.]")


def _again(race: state.Race) -> None:
    state.compare().race = state.Race(race.new, race.names)


def _forget() -> None:
    state.compare().race = None
