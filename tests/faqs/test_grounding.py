"""A model's quote is found in the text, or it is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.faqs.grounding import find_quote

TEXT = (
    "The sensor’s battery lasts “about two years”. Re-\ncharging is recom-\nmended  once a\u00a0month.\n\n"
    "A well-known café in Zürich sells 12-15 cups; Cafe\u0301 au lait costs €4.\n日本語の説明はここにあります。"
)


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("battery lasts", "battery lasts"),
        ('The sensor\'s battery lasts "about two years".', "The sensor’s battery lasts “about two years”."),
        ("recommended once a month", "recom-\nmended  once a\u00a0month"),
        ("Recharging is recommended", "Re-\ncharging is recom-\nmended"),
        ("recom- mended once", "recom-\nmended  once"),
        ("wellknown café", "well-known café"),
        ("A well‑known cafe\u0301", "A well-known café"),
        ("Café au lait costs €4", "Cafe\u0301 au lait costs €4"),
        ("  battery\n lasts  ", "battery lasts"),
        ("“battery lasts about”", None),
        ('"A well-known café in Zürich sells…"', "A well-known café in Zürich sells"),
        ("日本語の説明はここに", "日本語の説明はここに"),
        ("bat\u00adtery lasts", "battery lasts"),
    ],
)
def test_only_space_quotation_marks_and_hyphens_may_differ(quote: str, found: str | None) -> None:
    span = find_quote(quote, TEXT)
    assert (TEXT[slice(*span)] if span else None) == found


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "   ",
        "the",
        "café",
        "The Sensor’s battery lasts",
        "The battery of the sensor lasts",
        "battery lasts about three years",
        "sells 1215 cups",
        "he sensor’s battery",
        "charging is recommended once a mont",
        "The moon is made of cheese.",
    ],
)
def test_other_words_letters_numbers_or_parts_of_words_are_not_the_text(quote: str) -> None:
    assert find_quote(quote, TEXT) is None


@given(st.text(min_size=1, max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_what_is_found_is_the_quote_again(text: str, first: int, last: int) -> None:
    quote = text[min(first, last) : max(first, last)]
    span = find_quote(quote, text)
    if span is not None:
        start, end = span
        assert 0 <= start < end <= len(text)
        assert find_quote(text[start:end], text) is not None


@given(st.text(st.characters(categories=("L", "N", "P", "Z", "M")), max_size=200), st.text(max_size=40))
def test_no_text_is_too_strange_to_be_searched(text: str, quote: str) -> None:
    find_quote(quote, text)
