"""A model's reasoning within its answer."""

from dataclasses import dataclass
from typing import Final

_MARKS: Final = ("<think>", "</think>")


@dataclass(slots=True)
class Thoughts:
    """Servers that do not tell a model's reasoning from its answer send `<think>` and `</think>` as words of their own.

    Feed the words in order.
    """

    is_open: bool = False

    def without(self, text: str) -> str:
        """The text; "" for a mark and for what stands between two."""
        if text in _MARKS:
            self.is_open = text == _MARKS[0]
            return ""
        return "" if self.is_open else text
