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
    """By epoch; each chart is there once it has a point."""
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


def _chart(points: Sequence[CurvePoint], names: dict[str, str]) -> alt.Chart:
    rows = pd.DataFrame([{"Epoch": one.epoch, "Figure": names[one.name], "Value": one.value} for one in points])
    chart: alt.Chart = (
        alt.Chart(rows)
        .mark_line(point=True)
        .encode(
            x=alt.X("Epoch:Q", axis=alt.Axis(tickMinStep=1, format="~g"), title="Epoch"),
            y=alt.Y("Value:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(format=".2f")),
            color=alt.Color("Figure:N", legend=alt.Legend(orient="top", title=None)),
            tooltip=["Figure:N", "Epoch:Q", alt.Tooltip("Value:Q", format=".4f")],
        )
    )
    return chart


def _alt(points: Sequence[CurvePoint], names: dict[str, str]) -> str:
    parts: list[str] = []
    for name, label in names.items():
        values = [point for point in points if point.name == name]
        if values:
            span = f"epoch {values[0].epoch:g} to {values[-1].epoch:g}"
            parts.append(f"{label} from {values[0].value:.3f} to {values[-1].value:.3f}, {span}")
    return "; ".join(parts)
