import pytest

from backend.retrieval.focus import FEWEST, focused

ABOUT_FETCHMAIL = [
    f"Fetchmail and the {word} of mail." for word in ("sending", "polling", "sorting", "storing", "loss")
]


@pytest.mark.parametrize(
    ("question", "rest"),
    [
        ("How does fetchmail send my answers?", "How does send my answers?"),
        ("How do I send answers?", None),
        ("fetchmail", None),
        ("What is fetchmail?", None),
    ],
)
def test_words_that_most_found_items_have_tell_nothing(question: str, rest: str | None) -> None:
    assert focused(question, ABOUT_FETCHMAIL) == rest


def test_too_few_items_tell_nothing() -> None:
    assert focused("How does fetchmail send my answers?", ABOUT_FETCHMAIL[: FEWEST - 1]) is None
