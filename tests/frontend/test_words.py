"""Words as people read them."""

import pytest

from frontend.components.words import sentence


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
