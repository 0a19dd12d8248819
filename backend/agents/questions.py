"""How much of a message is worked on."""

import re
from typing import Final

LONG: Final = 1_000
"""Characters: what embedders read. Word by word, a message of a megabyte would take seconds of everybody's time."""
ENDS: Final = 500
"""Characters of each end of a long one: people ask before or after what they paste, and embedders read no more."""

_QUESTION = re.compile(r"[^\s.!?？。][^\n.!?？。]*[?？]")


def is_long(message: str) -> bool:
    return len(message) > LONG


def asked_in(message: str) -> str:
    """The part of a message to search and to quote for: all of it; of a long one the questions at its ends, or those.

    What is pasted around a question would drown it: the search would find what resembles the paste.
    """
    if not is_long(message):
        return message
    ends = message[:ENDS], message[-ENDS:]
    questions = [question.strip() for end in ends for question in _QUESTION.findall(end)]
    return " ".join(dict.fromkeys(questions)) or " … ".join(ends)
