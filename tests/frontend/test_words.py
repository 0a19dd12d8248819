"""Words as people read them."""

import pytest

from frontend.components.words import distinct, sentence


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("the PDF is damaged", "The PDF is damaged."),
        ("Nothing was lost.", "Nothing was lost."),
        ("is it empty?", "Is it empty?"),
        ("'a.pdf' is empty", "'a.pdf' is empty."),
        ("", ""),
    ],
)
def test_a_detail_is_shown_as_a_sentence(detail: str, shown: str) -> None:
    assert sentence(detail) == shown


def test_names_to_choose_from_differ() -> None:
    names = {1: "guide.pdf", 2: "guide.pdf", 3: "guide.pdf (2)", 4: "guide.pdf", 5: "other.pdf"}
    shown = distinct(names)
    assert list(shown) == list(names)
    assert list(shown.values()) == ["guide.pdf", "guide.pdf (2)", "guide.pdf (2) (2)", "guide.pdf (3)", "other.pdf"]
