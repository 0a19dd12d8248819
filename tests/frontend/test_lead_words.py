"""What a lead's values are called."""

from datetime import date

import pytest

from contracts.lead_records import Value
from contracts.leads import Money, Size, When
from frontend.components.lead_words import field_label, value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("dana@acme.io", "dana@acme.io"),
        (True, "Yes"),
        (False, "No"),
        (12500, "12,500"),
        (2.5, "2.5"),
        (Money(amount="30000", currency="EUR"), "30,000 EUR"),
        (Money(amount="1234.5", currency="USD", period="month"), "1,234.50 USD a month"),
        (Money(low="40000", high="60000"), "40,000 to 60,000"),
        (Money(high="5000", period="year"), "up to 5,000 a year"),
        (Money(low="5000", currency="EUR", period="once"), "at least 5,000 EUR once"),
        (Size(number=1), "1 person"),
        (Size(number=1200), "1,200 people"),
        (Size(low=10, high=20), "10 to 20 people"),
        (Size(high=20), "up to 20 people"),
        (When(text="soon"), "soon"),
        (When(text="next Tuesday", date=date(2027, 6, 1)), "next Tuesday (1 Jun 2027)"),
        (When(text="1 Jun 2027", date=date(2027, 6, 1)), "1 Jun 2027"),
        (When(text="in Q2", start=date(2027, 4, 1), end=date(2027, 6, 30)), "in Q2 (1 Apr 2027 to 30 Jun 2027)"),
    ],
)
def test_a_value_in_words(value: Value, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(("name", "label"), [("email", "E-mail"), ("team_size", "Team size"), ("order_no", "Order no")])
def test_a_field_has_a_name_for_people(name: str, label: str) -> None:
    assert field_label(name) == label
