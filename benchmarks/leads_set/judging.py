"""Whether a value that was found is the one that was labelled, as README.md says."""

import re
from dataclasses import dataclass
from typing import Final

from benchmarks.leads_set.labels import Item, Label, Piece, Value, When

OVERLAP: Final = 0.5

_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Found:
    """A value and its evidence: words of a message, which is given by its index."""

    value: Value
    span: str
    message: int


def is_right(item: Item, field: str, found: Value | None) -> bool:
    """`found` is None where nothing was; what holds at the item's end counts."""
    label = item.fields.get(field)
    if label is None:
        return found is None
    return any(_is_same(item, field, value, found) for value in (label.value, *label.accepted))


def must_be_found(label: Label) -> bool:
    """Whether the label counts for recall: an empty field is not accepted for it."""
    return None not in label.accepted


def is_evidence(item: Item, field: str, found: Found) -> bool:
    """Whether the words are the visitor's, and share a word with the label's or with a piece of it, in one message."""
    label = item.fields.get(field)
    said = item.messages[found.message]
    if label is None or said.role != "user" or not found.span or found.span not in said.text:
        return False
    words = set(_words(found.span))
    pieces = (Piece(span=label.span, message=label.message), *label.pieces)
    return any(piece.message == found.message and words & set(_words(piece.span)) for piece in pieces)


def _is_same(item: Item, field: str, value: Value | None, found: Value | None) -> bool:
    if value is None or found is None:
        return value is found
    if isinstance(value, When) and isinstance(found, When):
        return (value.date, value.start, value.end) == (found.date, found.start, found.end)
    if isinstance(value, str) and isinstance(found, str):
        free = {own.name for own in item.own_fields if own.kind == "text"} | {"need"}
        return _overlap(value, found) >= OVERLAP if field in free else _words(value) == _words(found)
    return type(value) is type(found) and value == found


def _overlap(value: str, found: str) -> float:
    """F1 of the words, each counted once."""
    labelled, given = set(_words(value)), set(_words(found))
    return 2 * len(labelled & given) / (len(labelled) + len(given))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
