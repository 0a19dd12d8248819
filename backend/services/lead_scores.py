"""How promising a lead is: points for what is known of it, each with its reason."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final

from contracts.lead_records import Evidence, ScoreReason
from contracts.leads import Money, When

SOON: Final = timedelta(days=92)
MOST: Final = 100

_KNOWN: Final[Mapping[str, tuple[int, str]]] = {
    "email": (20, "an e-mail address"),
    "phone": (10, "a phone number"),
    "company": (10, "a company"),
    "role": (5, "a role"),
    "team_size": (5, "a team size"),
    "need": (15, "what is needed"),
}


def score_of(values: Mapping[str, Evidence], today: date) -> tuple[int, list[ScoreReason]]:
    """0..100, and what makes it up, the most first."""
    reasons = [ScoreReason(points=points, text=text) for name, (points, text) in _KNOWN.items() if name in values]
    reasons += [reason for field, rate in _RATED.items() if field in values and (reason := rate(values[field], today))]
    reasons.sort(key=lambda reason: -reason.points)
    return min(MOST, sum(reason.points for reason in reasons)), reasons


def _budget(found: Evidence, _today: date) -> ScoreReason:
    is_bounded = isinstance(found.value, Money) and (found.value.amount or found.value.high)
    return ScoreReason(points=20, text="a budget") if is_bounded else ScoreReason(points=15, text="a lowest budget")


def _timeline(found: Evidence, today: date) -> ScoreReason:
    when = found.value if isinstance(found.value, When) else None
    day = (when.date or when.start) if when is not None else None
    if day is None:
        return ScoreReason(points=5, text="a time that names no day")
    if day < today:
        return ScoreReason(points=0, text="a time that is past")
    return (
        ScoreReason(points=15, text="a time within three months")
        if day <= today + SOON
        else ScoreReason(points=8, text="a time later than in three months")
    )


_RATED: Final[Mapping[str, Callable[[Evidence, date], ScoreReason]]] = {"budget": _budget, "timeline": _timeline}
