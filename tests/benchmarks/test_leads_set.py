import re
from datetime import date
from typing import get_args

import pytest
from pydantic import ValidationError

from benchmarks.leads_set import labels
from benchmarks.leads_set.labels import FOLDER, Item, Label, Message, Money, Size, Split, When

SPLITS: tuple[Split, ...] = get_args(Split)


def item(*said: str, **fields: Label) -> Item:
    return Item(
        id="-".join(said)[:20],
        language="en",
        today=date(2026, 3, 4),
        region="US",
        messages=tuple(Message(role="user", text=text) for text in said),
        own_fields=(),
        fields=fields,
        history=(),
    )


@pytest.mark.parametrize("split", SPLITS)
def test_every_label_stands_in_the_words_of_the_visitor_and_is_normal(split: Split) -> None:
    assert labels.faults(labels.load(split)) == []


def test_no_message_is_another_one_with_other_names_and_numbers_within_a_set_or_between_the_sets() -> None:
    assert labels.repeats([one for split in SPLITS for one in labels.load(split)]) == []


@pytest.mark.parametrize(("split", "messages", "conversations"), [("held_out", 220, 34), ("tune", 130, 16)])
def test_the_sets_are_as_large_and_as_mixed_as_the_guide_says(split: Split, messages: int, conversations: int) -> None:
    items = labels.load(split)
    languages, fields = labels.counts(items)
    assert sum(not one.is_conversation for one in items) >= messages
    assert sum(one.is_conversation for one in items) >= conversations
    assert 0.45 <= languages["en"] / len(items) <= 0.55
    assert all(languages[language] >= 0.1 * len(items) for language in ("de", "fr", "es", "he"))
    assert all(fields[field] for field in (*labels.STANDARD, "own"))
    assert sum(not one.fields for one in items) >= len(items) // 5


@pytest.mark.parametrize("split", SPLITS)
def test_a_set_is_the_one_whose_hash_the_guide_states(split: Split) -> None:
    stated = re.search(rf"`{split}.jsonl`[^`]*`([0-9a-f]{{64}})`", (FOLDER / "README.md").read_text())
    assert stated is not None
    assert labels.sha256(split) == stated[1]


def test_a_span_that_was_not_said_a_phone_number_with_spaces_and_a_text_as_a_budget_are_faults() -> None:
    wrong = item(
        "call 212 555 0142",
        phone=Label(value="212 555 0142", span="212 555 0142", message=0),
        name=Label(value="Ann", span="Ann", message=0),
        budget=Label(value="212", span="212", message=0),
    )
    assert [fault.split(": ")[0].split()[-1] for fault in labels.faults([wrong])] == ["phone", "name", "budget"]


def test_what_the_assistant_said_is_not_evidence() -> None:
    answer = Message(role="assistant", text="Hello Ann")
    said = item("hello", name=Label(value="Ann", span="Ann", message=0)).model_copy(update={"messages": (answer,)})
    assert ["not the visitor's" in fault for fault in labels.faults([said])] == [True]


def test_a_message_with_another_name_and_another_number_is_a_repeat() -> None:
    one = item("I am Ann, we have 50 users", name=Label(value="Ann", span="Ann", message=0))
    two = item("I am Bo Li, we have 7 users", name=Label(value="Bo Li", span="Bo Li", message=0))
    other = item("Does it run offline with 7 users?")
    assert len(labels.repeats([one, two, other])) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Money(amount="5", low="2", currency=None, period=None),
        lambda: Money(amount="12,500", currency="EUR", period=None),
        lambda: Money(low="9", high="2", currency="EUR", period=None),
        lambda: When(text="May", date=date(2026, 5, 1), start=date(2026, 5, 1), end=date(2026, 5, 31)),
        lambda: When(text="May", start=date(2026, 5, 1)),
        lambda: Size(),
    ],
)
def test_values_that_contradict_themselves_are_refused(wrong: object) -> None:
    assert callable(wrong)
    with pytest.raises(ValidationError):
        wrong()
