"""One lane of a comparison: what was said, and, once the names are told, by whom, how fast and at what price."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from contracts.comparisons import Lane
from frontend.components.answer import answer_body
from frontend.components.badges import Look, badge
from frontend.components.citations import Opener
from frontend.components.comparing import KINDS, LABELS
from frontend.components.notices import problem_card
from frontend.components.words import latency_text, plural
from frontend.safe_text import model_text, plain


def lane_grid(lanes: int, *, key: str) -> DeltaGenerator:
    """Side by side, four in two rows; below each other where that is too narrow."""
    return st.grid(3 if lanes == 3 else 2, min_column_width=280, gap="small", key=key)


def lane_head(label: str, name: str = "", looks: list[Look] | None = None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(LABELS[label], color="gray")
        if name:
            st.markdown(f"**{plain(name)}**", width="content")
        for look in looks or []:
            badge(look)


def blind_lane(lane: Lane) -> None:
    """The text alone: nothing tells whose it is."""
    lane_head(lane.label)
    if lane.error is not None:
        problem_card(lane.error, key=f"lane_{lane.label}", retry=False)
    else:
        st.markdown(model_text(lane.text))


def told_lane(lane: Lane, *, name: str, looks: list[Look], key: str, on_open: Opener) -> None:
    """Who it is, what it rests on, and its figures."""
    lane_head(lane.label, name, looks)
    if lane.contestant is not None:
        st.markdown(f":small[:gray[{KINDS[lane.contestant.kind]} · {plain(lane.contestant.about)}]]")
    if lane.error is not None:
        if lane.text:
            st.markdown(model_text(lane.text))
        problem_card(lane.error, key=f"lane_{key}", retry=False)
    elif lane.answer is not None:
        answer_body(lane.answer, key=key, on_open=on_open)
    st.markdown(f":small[:gray[{lane_figures(lane)}]]")


def lane_figures(lane: Lane) -> str:
    """How long it took, its first word, its tokens and its price; what is not known is left out, or said."""
    parts = []
    if lane.latency_ms is not None:
        said = "failed after" if lane.error is not None else "whole answer"
        parts.append(f"{said} {latency_text(lane.latency_ms)}")
    if lane.first_token_ms is not None:
        parts.append(f"first token {latency_text(lane.first_token_ms)}")
    if lane.answer is not None:
        usage = lane.answer.usage
        tokens = usage.input_tokens + usage.output_tokens
        parts.append(plural(tokens, "token"))
        if usage.cost_usd is not None:
            parts.append(f"{usage.cost_usd:.4f} USD")
        elif tokens:
            parts.append("price not known")
    text = " · ".join(parts)
    return text[:1].upper() + text[1:]
