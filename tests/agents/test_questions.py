"""What of a message is searched for."""

import time

import pytest

from backend.agents.questions import ENDS, LONG, asked_in

PASTE = "The meeting began at nine. It ended at ten, and nobody spoke. " * 100


@pytest.mark.parametrize("message", ["Where is the key?", "a" * LONG, ""])
def test_all_of_a_message_of_a_page_is_searched_for(message: str) -> None:
    assert asked_in(message) == message


@pytest.mark.parametrize(
    "message",
    [
        f"Where is the key?\n\n{PASTE}",
        f"{PASTE}\n\nWhere is the key?",
        f"Where is the key? Please tell me.\n{PASTE}\nWhere is the key?",
    ],
)
def test_of_a_long_one_it_is_the_question_before_or_after_what_was_pasted(message: str) -> None:
    assert asked_in(message) == "Where is the key?"


def test_questions_at_both_ends_are_searched_for_together() -> None:
    assert asked_in(f"Where is the key?\n{PASTE}\n钥匙在哪里？") == "Where is the key? 钥匙在哪里？"


def test_without_a_question_it_is_both_ends() -> None:
    found = asked_in(f"Tell me about the key.\n{PASTE}")
    assert found.startswith("Tell me about the key.")
    assert len(found) == 2 * ENDS + 3


@pytest.mark.parametrize("sign", ["a", "?", " ", "\n", "a?", "é"])
def test_a_message_of_megabytes_takes_no_time(sign: str) -> None:
    start = time.perf_counter()
    asked_in(sign * 8_000_000)
    assert time.perf_counter() - start < 0.5
