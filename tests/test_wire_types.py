"""What the types of the wire take and refuse."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.base import ExternalId, Message, Name, Text, UtcTime
from contracts.chat import RagChat
from contracts.collections import CollectionName
from contracts.comparisons import AliasName
from contracts.faqs import FaqEdit, NewFaq, Question, Tag

KINDS: dict[str, TypeAdapter[str]] = {
    "text": TypeAdapter(Text),
    "name": TypeAdapter(Name),
    "message": TypeAdapter(Message),
    "external id": TypeAdapter(ExternalId),
    "question": TypeAdapter(Question),
    "tag": TypeAdapter(Tag),
}
INVISIBLE = {
    "zero width space": "\u200b",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "direction marks": "\u200e\u200f\u202e\u2066",
    "joiners": "\u200c\u200d",
    "a mixture with blanks": " \u200b\u00a0\u3000\u2028 \t",
    "a variation selector": "\ufe0f",
    "a combining grapheme joiner": "\u034f",
    "Hangul fillers": "\u115f\u1160\u3164\uffa0",
    "an empty Braille cell": "\u2800",
    "tags": "\U000e0041\U000e007f",
    "controls": "\x01\x1f\x7f\x85",
    "blanks": " \n",
}
VISIBLE = {
    "a letter": "a",
    "a mark after a letter": "e\u0301",
    "a letter among invisible signs": "\u200b\u2060ß\ufeff",
    "Han": "茶",
    "Hindi": "क्या?",
    "Hangul": "차",
    "an emoji with a selector": "❤\ufe0f",
    "a family": "\U0001f469\u200d\U0001f467",
    "an emoji newer than this Python": "\U0001fae9",
    "a sign": "?",
    "a digit": "7",
    "a sign of a private font": "\ue000",
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE.keys())
def test_text_with_nothing_to_see_is_refused(kind: TypeAdapter[str], text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        kind.validate_python(text)
    said = refused.value.errors()[0]["msg"]
    assert "at least one visible character" in said or "at least 1 character" in said


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("text", VISIBLE.values(), ids=VISIBLE.keys())
def test_text_with_something_to_see_is_taken_as_it_is(kind: TypeAdapter[str], text: str) -> None:
    assert kind.validate_python(text) == text


def test_an_external_id_is_kept_with_its_blanks() -> None:
    assert NewFaq(question="a", answer="b", external_id=" 1 ").external_id == " 1 "


@pytest.mark.parametrize("revision", [True, "1", 1.0, None, 0])
def test_a_revision_is_a_whole_number_and_nothing_that_can_be_read_as_one(revision: object) -> None:
    with pytest.raises(ValidationError):
        FaqEdit.model_validate({"revision": revision})


@pytest.mark.parametrize("top_k", [True, "5", 5.0])
def test_a_number_of_results_is_a_whole_number_too(top_k: object) -> None:
    with pytest.raises(ValidationError):
        RagChat.model_validate({"message": "a", "collection_id": "0" * 32, "top_k": top_k})


@pytest.mark.parametrize(
    "text", ["2026-11-29T08:00:00Z", "2026-11-29T09:00:00+01:00", "2026-11-29T08:00:00.000000+00:00"]
)
def test_a_time_has_its_zone_and_is_kept_in_utc(text: str) -> None:
    assert TypeAdapter(UtcTime).validate_python(text) == datetime(2026, 11, 29, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["0", "123", "-5", 5, 5.5, "2026-11-29", "2026-11-29T08:00:00", "2026-11-29T25:00:00Z", "now"]
)
def test_numbers_days_and_times_without_a_zone_are_no_times(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(UtcTime).validate_python(value)


@pytest.mark.parametrize("sign", ["\n", "\r", "\t", "\x1b", "\x85", "\u2028", "\u2029", "\u202e", "\u2067"])
def test_a_name_does_not_change_what_stands_beside_it(sign: str) -> None:
    with pytest.raises(ValidationError, match="must be one line"):
        KINDS["name"].validate_python(f"Sup{sign}port")
    assert KINDS["text"].validate_python(f"Sup{sign}port")


def test_a_name_may_be_written_from_right_to_left() -> None:
    assert KINDS["name"].validate_python("  דלפק עזרה ") == "דלפק עזרה"


NAMES_OF_PROGRAMS = {
    "collection": (TypeAdapter[str](CollectionName), r"must be 3 to 40 small letters .* such as 'hr_policies'"),
    "alias": (TypeAdapter[str](AliasName), r"must be 1 to 60 small letters .* such as 'support-default'"),
}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(
            ("collection", text)
            for text in ("HR-Policies", "hr", "_hr", "hr_", "9hr", "hr policies", "hr_\u0661", "a" * 41)
        ),
        *(("alias", text) for text in ("", "Support", "-a", "a b", "a/b", "é", "a" * 61)),
        *((kind, "tea_1\n") for kind in NAMES_OF_PROGRAMS),
    ],
)
def test_a_name_of_another_shape_is_refused_in_words(kind: str, text: str) -> None:
    adapter, words = NAMES_OF_PROGRAMS[kind]
    with pytest.raises(ValidationError, match=words) as caught:
        adapter.validate_python(text)
    assert "pattern" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text"), [("collection", "hr_policies"), ("collection", "a" * 40), ("alias", "support-default")]
)
def test_a_name_of_its_shape_is_taken_and_the_schema_tells_the_shape(kind: str, text: str) -> None:
    adapter, _ = NAMES_OF_PROGRAMS[kind]
    assert adapter.validate_python(text) == text
    assert adapter.json_schema()["pattern"].startswith("^[a-z")
