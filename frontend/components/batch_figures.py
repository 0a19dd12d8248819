"""What was measured of each lane of a batch, in tables and as a chart."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import altair as alt
import pandas as pd
import streamlit as st

from contracts.batches import BatchResults, LaneMetric, MetricDuel, MetricWords
from frontend.components.tuning import percent
from frontend.components.words import latency_text, plural
from frontend.safe_text import plain

HEIGHT: Final = 320
SHARES: Final = frozenset({"hit_at_k", "support", "refusal"})
"""Metrics that are shares, said in percent."""
NONE: Final = "–"
_UNITS: Final[Mapping[str, tuple[float, str, int]]] = {
    **dict.fromkeys(SHARES, (100.0, " points", 0)),
    "latency": (1.0, " ms", 0),
    "cost": (1.0, " USD", 2),
}
"""Of a difference: what it is multiplied with, its unit, and the digits after its point."""


def metric_table(results: BatchResults, words: Sequence[MetricWords], names: Mapping[str, str]) -> None:
    """A row a metric, a column a lane: the mean, and its 95 % interval where there is one."""
    found = {(one.metric, one.lane): one for one in results.metrics}
    shown = [word for word in words if any(metric == word.name for metric, _ in found)]
    table: dict[str, list[str]] = {"Measured": [f"{plain(word.title)} {_better(word)}" for word in shown]}
    for key, name in names.items():
        table[plain(name)] = [metric_text(found.get((word.name, key))) for word in shown]
    with st.container(key="batch_metrics"):
        st.table(pd.DataFrame(table), border="horizontal", hide_index=True)
    missing = [left_out(one, words, names) for one in results.metrics if one.missing]
    if missing:
        with st.expander("What was left out", icon=":material/filter_alt:", key="batch_missing"):
            st.markdown("\n".join(f"- {text}" for text in missing))


def _better(word: MetricWords) -> str:
    return ":small[:gray[higher is better]]" if word.better == "higher" else ":small[:gray[lower is better]]"


def metric_text(one: LaneMetric | None) -> str:
    """`72 % (60 to 81 %)`, `0.81`, `340 ms; 5 % over 1.2 s`, `0.84 USD`; a dash where it is not known."""
    if one is None or one.mean is None:
        return NONE
    if one.metric == "latency":
        slow = f"; 5 % over {latency_text(one.p95)}" if one.p95 is not None else ""
        return f"{latency_text(one.mean)}{slow}"
    if one.metric == "cost":
        return f"{one.mean:.2f} USD"
    if one.low is None or one.high is None:
        return _value(one.metric, one.mean)
    return f"{_value(one.metric, one.mean)} ({_value(one.metric, one.low)} to {_value(one.metric, one.high)})"


def _value(metric: str, value: float) -> str:
    return percent(value) if metric in SHARES else f"{value:.2f}"


def left_out(one: LaneMetric, words: Sequence[MetricWords], names: Mapping[str, str]) -> str:
    title = next((word.title for word in words if word.name == one.metric), one.metric)
    questions = plural(one.missing, "question has", "questions have")
    return f"{plain(names.get(one.lane, one.lane))}, {plain(title)}: {questions} no value; measured on {one.n:,}"


def metric_meanings(words: Sequence[MetricWords]) -> None:
    with st.expander("What these figures mean", icon=":material/help:", key="batch_meaning"):
        for word in words:
            st.markdown(
                f"**{plain(word.title)}** ({plain(word.unit)}). {plain(word.meaning)}  \n"
                f":small[:gray[{plain(word.source)}]]"
            )
        st.markdown(
            "The figures in brackets are 95 % intervals: on other questions of the same kind the mean lies within "
            "them, most likely. Where those of two overlap widely, their difference may be chance."
        )


def metric_duels(duels: Sequence[MetricDuel], words: Sequence[MetricWords], names: Mapping[str, str]) -> None:
    """Question by question, for each two lanes: on how many the first was better, and by how much on average. Lines: a
    table of so many columns would have to be scrolled on a phone."""
    titles = {word.name: word.title for word in words}
    for lane, rival in dict.fromkeys((duel.lane, duel.rival) for duel in duels):
        rows = [duel for duel in duels if (duel.lane, duel.rival) == (lane, rival)]
        lines = [f"- **{plain(titles.get(row.metric, row.metric))}**: {duel_text(row)}" for row in rows]
        pair = f"{plain(names.get(lane, lane))} against {plain(names.get(rival, rival))}"
        st.markdown("\n".join([f"{pair}:", "", *lines]))
    st.caption(
        "The difference is that of the means, first less second, with its 95 % interval: where that holds 0, no "
        "difference is shown. Up to 16 answers were made at once, so each took longer than alone."
    )


def duel_text(duel: MetricDuel) -> str:
    """`better on 30, worse on 8, the same on 80; +19 points (+10 to +27)`"""
    counts = f"better on {duel.wins:,}, worse on {duel.losses:,}, the same on {duel.ties:,}"
    missing = f", no value on {duel.missing:,}" if duel.missing else ""
    return plain(f"{counts}{missing}; {difference_text(duel)}")


def difference_text(duel: MetricDuel) -> str:
    """`+3 points (-1 to +8)`, `+0.02 (0.00 to +0.05)`, `-12 ms (-30 to +4)`; a dash where it is not known."""
    if duel.difference is None:
        return NONE
    factor, unit, digits = _UNITS.get(duel.metric, (1.0, "", 2))
    values = [value for value in (duel.difference, duel.low, duel.high) if value is not None]
    first, *ends = (_signed(value * factor, digits) for value in values)
    between = f" ({' to '.join(ends)})" if len(ends) == 2 else ""
    return f"{first}{unit}{between}"


def _signed(value: float, digits: int) -> str:
    text = f"{value:+.{digits}f}"
    return text if float(text) else f"{0:.{digits}f}"


# --- time and price ------------------------------------------------------------------
def latency_chart(latencies: Mapping[str, Sequence[float]], names: Mapping[str, str]) -> None:
    """Of each lane the share of its answers that were there after so long; lanes differ by their dashes too."""
    drawn = {names.get(lane, lane): sorted(values) for lane, values in latencies.items() if values}
    if not drawn:
        st.markdown(":gray[No answer came: there is no time to draw.]")
        return
    rows = [
        {"Who": name, "Seconds": value / 1000, "Share": (at + 1) / len(values)}
        for name, values in drawn.items()
        for at, value in enumerate(values)
    ]
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X("Seconds:Q", title="Seconds", axis=alt.Axis(format="~g")),
            y=alt.Y("Share:Q", title=None, axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("Who:N", legend=alt.Legend(orient="top", title=None, symbolType="stroke", columns=1)),
            strokeDash=alt.StrokeDash("Who:N", legend=None),
            tooltip=["Who:N", alt.Tooltip("Seconds:Q", format=".2f"), alt.Tooltip("Share:Q", format=".0%")],
        )
    )
    st.altair_chart(chart, height=HEIGHT, key="batch_latency", alt=_latency_alt(drawn))


def _latency_alt(drawn: Mapping[str, Sequence[float]]) -> str:
    half = (f"{name}: half of {len(values):,} within {latency_text(_median(values))}" for name, values in drawn.items())
    return "; ".join(half)


def _median(values: Sequence[float]) -> float:
    return values[(len(values) - 1) // 2]


def cost_metrics(results: BatchResults, names: Mapping[str, str]) -> None:
    with st.grid(len(names), min_column_width=160, gap="small", key="batch_costs"):
        for key, name in names.items():
            st.metric(plain(name), cost_text(results.cost_per_thousand.get(key)), border=True)


def cost_text(cost: Decimal | None) -> str:
    """Of 1,000 questions; never 0 where a price is not known."""
    if cost is None:
        return "not known"
    return f"{cost:.2f} USD" if cost >= Decimal("0.01") or not cost else "< 0.01 USD"
