"""How many tokens a text takes, before a vendor has counted them."""

from collections.abc import Iterable
from typing import Final

from backend.agents.providers.base import Message

BYTES: Final = 3
AROUND: Final = 16
"""Tokens that a message has around its text."""


def tokens_in(text: str) -> int:
    """How many tokens a text has at most, as a rule: vendors' tokens of prose hold 3 to 5 bytes of UTF-8."""
    return -(-len(text.encode(errors="surrogatepass")) // BYTES)


def tokens_of(messages: Iterable[Message]) -> int:
    """Of a whole prompt, rather too many than too few."""
    return sum(tokens_in(message.content) + AROUND for message in messages)
