from datetime import date

import pytest

from benchmarks.leads_set.judging import is_right, must_be_found
from benchmarks.leads_set.labels import Item, Label, Message, Money, OwnField, Size, Value, When

TEXT = "Ann Lee, Weber GmbH, a shared inbox, 2k a month, in May, 12 or 13, blue tiles"
ITEM = Item(
    id="one",
    language="en",
    today=date(2026, 3, 4),
    region="US",
    messages=(Message(role="user", text=TEXT),),
    own_fields=(OwnField(name="tiles", kind="text", question="Which tiles?"),),
    fields={
        "name": Label(value="Ann Lee", span="Ann Lee", message=0),
        "company": Label(value="Weber GmbH", span="Weber GmbH", message=0, accepted=("Weber",)),
        "need": Label(value="a shared inbox", span="a shared inbox", message=0, accepted=(None,)),
        "budget": Label(value=Money(amount="2000", currency=None, period="month"), span="2k a month", message=0),
        "timeline": Label(value=When(text="May", start=date(2026, 5, 1), end=date(2026, 5, 31)), span="May", message=0),
        "team_size": Label(value=Size(number=12), span="12", message=0, accepted=(Size(number=13),)),
        "tiles": Label(value="blue tiles", span="blue tiles", message=0),
    },
    history=(),
)


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("name", "ann lee,"),
        ("company", "Weber"),
        ("need", "shared inbox"),
        ("need", None),
        ("budget", Money(amount="2000", currency=None, period="month")),
        ("timeline", When(text="in May", start=date(2026, 5, 1), end=date(2026, 5, 31))),
        ("team_size", Size(number=13)),
        ("tiles", "the blue tiles"),
        ("role", None),
    ],
)
def test_a_value_that_is_labelled_or_accepted_is_right(field: str, found: Value | None) -> None:
    assert is_right(ITEM, field, found)


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("name", "Ann"),
        ("company", None),
        ("need", "a printer"),
        ("budget", Money(amount="2000", currency="USD", period="month")),
        ("timeline", When(text="May", date=date(2026, 5, 1))),
        ("timeline", When(text="May")),
        ("team_size", Size(low=12, high=13)),
        ("role", "manager"),
    ],
)
def test_another_value_none_and_one_of_a_field_without_a_label_are_wrong(field: str, found: Value | None) -> None:
    assert not is_right(ITEM, field, found)


def test_a_label_for_which_nothing_is_accepted_need_not_be_found() -> None:
    assert not must_be_found(ITEM.fields["need"])
    assert must_be_found(ITEM.fields["company"])
