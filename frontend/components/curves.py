"""The curves of a training: what it learns, and what that does to questions of validation."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from contracts.finetuning import CurvePoint
from frontend.layout import card_title

HEIGHT: Final = 280
LOSSES: Final = {"train_loss": "Training loss", "validation_loss": "Validation loss"}
SHARES: Final = {"mrr": "MRR", "hit_at_1": "hit@1"}


def curves(points: Sequence[CurvePoint]) -> None:
    """By epoch or step; each chart is there once it has a point."""
    if not points:
        st.markdown(":gray[The curves are drawn here once the first epoch is done.]")
        return
    with st.grid(2, min_column_width=280, gap="small", key="curves"):
        _card(points, LOSSES, "Loss", "How far off the model is on what it learns from. It should fall.", key="loss")
        _card(points, SHARES, "Validation", "How well it does on questions that it does not learn from.", key="shares")


def _card(points: Sequence[CurvePoint], names: dict[str, str], title: str, text: str, *, key: str) -> None:
    drawn = [point for point in points if point.name in names]
    with st.container(border=True, key=f"curve_{key}", gap="xsmall"):
        card_title(title, key=f"curve_{key}")
        st.markdown(f":small[:gray[{text}]]")
        if not drawn:
            st.markdown(":small[:gray[Nothing yet.]]")
            return
        st.altair_chart(_chart(drawn, names), height=HEIGHT, key=f"chart_{key}", alt=_alt(drawn, names))
        if _are_equal(drawn, names):
            both = " and ".join(names.values())
            st.caption(f"{both} are the same at every point: one line covers the other.")


def _are_equal(points: Sequence[CurvePoint], names: dict[str, str]) -> bool:
    lines = [{one.step: one.value for one in points if one.name == name} for name in names]
    return all(lines) and all(line == lines[0] for line in lines)


def _counted(points: Sequence[CurvePoint]) -> str:
    """What the points are counted in: some methods learn epoch by epoch, the others have whole steps alone."""
    return "Epoch" if all(one.epoch == one.step for one in points) else "Step"


def _chart(points: Sequence[CurvePoint], names: dict[str, str]) -> alt.Chart:
    counted = _counted(points)
    rows = pd.DataFrame([{counted: one.step, "Figure": names[one.name], "Value": one.value} for one in points])
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_line(point=True)
        .encode(
            x=alt.X(f"{counted}:Q", axis=alt.Axis(tickMinStep=1, format="d"), title=counted),
            y=alt.Y("Value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(format=".2f")),
            color=alt.Color("Figure:N", legend=alt.Legend(orient="top", title=None)),
            tooltip=["Figure:N", f"{counted}:Q", alt.Tooltip("Value:Q", format=".4f")],
        )
    )
    return chart


def _alt(points: Sequence[CurvePoint], names: dict[str, str]) -> str:
    parts: list[str] = []
    for name, label in names.items():
        values = [point for point in points if point.name == name]
        if values:
            span = f"{_counted(points).lower()} {values[0].step} to {values[-1].step}"
            parts.append(f"{label} from {values[0].value:.3f} to {values[-1].value:.3f}, {span}")
    return "; ".join(parts)
