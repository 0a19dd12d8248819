"""A lead's fields and values as people read them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from contracts.lead_fields import StandardField
from contracts.lead_records import Stage, Value
from contracts.leads import Money, Period, Size, When
from frontend.components.badges import Look
from frontend.components.words import plural

LABELS: Final[Mapping[StandardField, str]] = {
    "name": "Name",
    "company": "Company",
    "role": "Role",
    "email": "E-mail",
    "phone": "Phone",
    "budget": "Budget",
    "timeline": "Timeline",
    "team_size": "Team size",
    "need": "Need",
}
PERIODS: Final[Mapping[Period, str]] = {"once": " once", "month": " a month", "year": " a year"}
STAGES: Final[Mapping[Stage, Look]] = {
    "new": ("blue", "fiber_new", "New"),
    "contacted": ("violet", "call", "Contacted"),
    "qualified": ("orange", "verified", "Qualified"),
    "won": ("green", "trophy", "Won"),
    "lost": ("gray", "block", "Lost"),
}


def field_label(name: str) -> str:
    """`Team size`; of an agent's own field its name: `order_number` is `Order number`."""
    own = name.replace("_", " ").capitalize()
    return next((label for field, label in LABELS.items() if field == name), own)


def value_text(value: Value) -> str:
    """`40,000 to 60,000 EUR a month`, `end of Q2 (30 Jun 2027)`, `10 to 20 people`, `Yes`."""
    match value:
        case bool():
            return "Yes" if value else "No"
        case int() | float():
            return f"{value:,}"
        case str():
            return value
        case Money():
            said = _between(value.amount, value.low, value.high)
            currency = f" {value.currency}" if value.currency else ""
            return f"{said}{currency}{PERIODS[value.period] if value.period else ''}"
        case Size():
            if value.number is not None:
                return plural(value.number, "person", "people")
            return f"{_between(None, value.low, value.high)} people"
        case When():
            return _when(value)


def _between(exact: object, low: object, high: object) -> str:
    if exact is not None:
        return _grouped(exact)
    if low is not None and high is not None:
        return f"{_grouped(low)} to {_grouped(high)}"
    return f"up to {_grouped(high)}" if low is None else f"at least {_grouped(low)}"


def _grouped(number: object) -> str:
    """With its thousands apart, and cents in twos."""
    amount = Decimal(str(number))
    return f"{amount:,}" if amount == amount.to_integral_value() else f"{amount:,.2f}"


def _when(value: When) -> str:
    if value.date is not None:
        return _told(value.text, _day(value.date))
    if value.start is not None and value.end is not None:
        return _told(value.text, f"{_day(value.start)} to {_day(value.end)}")
    return value.text


def _told(words: str, days: str) -> str:
    return days if words == days else f"{words} ({days})"


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"
