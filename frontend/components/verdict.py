"""What votes say: in one line, as counts, and as the win rate with its interval, vote after vote."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import altair as alt
import pandas as pd
import streamlit as st

from contracts.comparisons import Curve, Duel, Verdict
from frontend.components.tuning import percent
from frontend.components.words import plural, sentence
from frontend.layout import card_title
from frontend.safe_text import plain

HEIGHT: Final = 280
Counted = Literal["vote", "question"]
NOTHING: Final[Mapping[Counted, str]] = {"vote": "no votes", "question": "nothing decided"}
_SHARE: Final = re.compile(r"([\d.]+ %), ([\d.]+ to [\d.]+ %), n = ([\d,]+)")
"""A share, its interval and what it is of, as the API writes them."""
MEANING: Final = """
- **Win rate**: the share of votes that went to the first one; a vote for both, or for neither, counts half.
- **The band** is the interval in which the true win rate lies, with 95 % confidence. It may be looked at after every
  vote: looking often does not make a wrong verdict likelier.
- **Decided** means that the whole band lies above 50 %. Until then the difference may be chance.
- **By all votes**, among three or more: the win rate that the votes of all pairs lead to expect (Bradley-Terry), also
  of two that seldom met.
- **How many more votes** is an estimate: so many would decide it if the next votes go as those before.

Only votes that were cast before the names were shown count.
"""


def verdict_line(verdict: Verdict, *, of: Counted = "vote") -> str:
    return verdict_words(verdict.text, of=of)


def verdict_words(text: str, *, of: Counted = "vote") -> str:
    """As a sentence, `62 % of 140 votes (54 to 70 %)`; a name that it begins with stays as it is. `of` is what was
    counted: people's votes, or the questions that a judge decided."""
    is_named = not text.startswith(("undecided", NOTHING[of]))
    told = _SHARE.sub(lambda found: f"{found[1]} of {_counted(found[3], of)} ({found[2]})", text)
    return plain(f"{told}." if is_named else sentence(told)).replace(" %", "\u00a0%")


def _counted(number: str, of: Counted) -> str:
    return f"{number} {of}" if number == "1" else f"{number} {of}s"


def verdict_headline(verdict: Verdict, *, of: Counted = "vote") -> None:
    icon = ":green[:material/check_circle:]" if verdict.decided else ":orange[:material/hourglass_empty:]"
    st.subheader(f"{icon} {verdict_line(verdict, of=of)}", anchor=False)


def duel_table(verdict: Verdict, names: Mapping[str, str], *, key: str) -> None:
    """Each duel, those of the first lane first: votes, interval, and of three or more what all votes say of it too."""
    duels = [*verdict.duels, *verdict.others]
    if not any(duel.wins + duel.ties + duel.losses for duel in duels):
        return
    columns = {
        "Compared": [plain(f"{names[duel.lane]} against {names[duel.rival]}") for duel in duels],
        "Better": [duel.wins for duel in duels],
        "The same": [duel.ties for duel in duels],
        "Worse": [duel.losses for duel in duels],
        "Win rate": [_rate(duel) for duel in duels],
    }
    if verdict.others:
        columns["By all votes"] = [percent(duel.expected) if duel.expected is not None else "–" for duel in duels]
    with st.container(key=f"duels_{key}"):
        st.table(pd.DataFrame(columns), border="horizontal", hide_index=True)


def _rate(duel: Duel) -> str:
    if duel.win_rate is None:
        return "–"
    return f"{percent(duel.win_rate)} ({percent(duel.low)} to {percent(duel.high)})"


def win_rates(curves: Sequence[Curve], names: Mapping[str, str]) -> None:
    """A chart for each rival of the first lane."""
    drawn = [curve for curve in curves if curve.points]
    if not drawn:
        return
    with st.grid(min(len(drawn), 2), min_column_width=280, gap="small", key="win_rates"):
        for at, curve in enumerate(drawn):
            with st.container(border=True, key=f"curve_{at}", gap="xsmall"):
                title = f"{names[curve.lane]} against {names[curve.rival]}"
                card_title(plain(title), key=f"curve_{at}")
                st.markdown(":small[:gray[Win rate after each vote; the band is its 95 % interval.]]")
                st.altair_chart(win_rate_chart(curve), height=HEIGHT, key=f"chart_{at}", alt=_alt(curve, title))


def win_rate_chart(curve: Curve) -> alt.LayerChart:
    """The line is the win rate, the band its interval, the dashed rule an even contest."""
    rows = pd.DataFrame([point.model_dump() for point in curve.points])
    most = int(rows["votes"].max())
    span = alt.Scale(domain=[0, most if most > 1 else 2], nice=False)
    x = alt.X("votes:Q", title="Votes", scale=span, axis=alt.Axis(tickMinStep=1, format="~g"))
    share = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    y = alt.Y("low:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=share)
    tooltip = [
        alt.Tooltip("votes:Q", title="Votes"),
        alt.Tooltip("win_rate:Q", title="Win rate", format=".0%"),
        alt.Tooltip("low:Q", title="From", format=".0%"),
        alt.Tooltip("high:Q", title="To", format=".0%"),
    ]
    base = alt.Chart(rows)
    band = base.mark_area(opacity=0.25).encode(x=x, y=y, y2="high:Q", tooltip=tooltip)
    if len(rows) == 1:
        band = base.mark_bar(opacity=0.25, size=10).encode(x=x, y=y, y2="high:Q", tooltip=tooltip)
    line = base.mark_line(point=len(rows) < 40 or {"size": 12}).encode(x=x, y=alt.Y("win_rate:Q"), tooltip=tooltip)
    even = alt.Chart(pd.DataFrame({"even": [0.5]})).mark_rule(strokeDash=[5, 4], color="#7C8B99").encode(y="even:Q")
    return alt.LayerChart(layer=[band, even, line])


def _alt(curve: Curve, title: str) -> str:
    last = curve.points[-1]
    span = f"{last.low:.0%} to {last.high:.0%}"
    return f"{title}: {last.win_rate:.0%} of {plural(last.votes, 'vote')}, interval {span}; even is 50%"


def verdict_meaning(*, key: str) -> None:
    with st.expander("What this means", icon=":material/help:", key=key):
        st.markdown(MEANING)
