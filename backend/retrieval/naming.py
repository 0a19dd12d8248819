"""Collections by the names that questions give them: "in the HR collection", "in the collection hr_policies"."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from backend.retrieval.base import Scope

_KIND: Final = r"(?:collections?|knowledge\s+base|sammlung|colecci[oó]n)"
_QUOTE: Final = r"[\"“”«»„‘’']"
_BEFORE_KIND = re.compile(
    r"\b(?=(?:in|within|from|of|per|by|with|does|do|search|use|using|only|according\s+to|aus|laut|dans|selon|seg[uú]n|en)"
    rf"\s+(?:the\s+|our\s+|my\s+|der\s+|la\s+)?{_QUOTE}?(?P<name>\w[\w-]*(?:\s+[\w-]+){{0,5}}?){_QUOTE}?\s+{_KIND}\b)",
    re.IGNORECASE,
)
"""Tried at every word that may lead to a name: the last of them is the one that does."""
_WHOLE = (
    re.compile(rf"\b{_KIND}\s+(?:called\s+|named\s+)?{_QUOTE}?(?P<name>\w[\w-]*)", re.IGNORECASE),
    re.compile(rf"\b{_KIND}\s+(?:called\s+|named\s+)?{_QUOTE}(?P<name>\w[\w -]*){_QUOTE}", re.IGNORECASE),
    re.compile(
        r"\b(?:in|within|from|according\s+to|search)\s+(?:the\s+|our\s+)?[\"“«„](?P<name>[^\"”»“]{2,80})[\"”»“]",
        re.IGNORECASE,
    ),
    re.compile(r"(?<!\w)(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?!\w)", re.IGNORECASE),
)
"""Here a part of a collection's name does not name it."""
_BREAK = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class NamedCollection:
    """Where a question names a collection: `question[start:end]`."""

    id: UUID
    name: str
    start: int
    end: int


def named_collections(question: str, scope: Scope) -> list[NamedCollection]:
    """Those of the scope that the question names, in its order. A name that fits several of them names none."""
    if len(scope.collections) < 2:
        return []
    words = {id: _words(name) for id, name in zip(scope.collections, scope.names, strict=True)}
    names = dict(zip(scope.collections, scope.names, strict=True))
    found: dict[UUID, NamedCollection] = {}
    for text, start, is_part in _candidates(question):
        id = _fitting(words, _words(text), is_part=is_part)
        if id is not None and id not in found:
            found[id] = NamedCollection(id, names[id], start, start + len(text))
    return sorted(found.values(), key=lambda one: one.start)


def _candidates(question: str) -> Iterator[tuple[str, int, bool]]:
    """Texts that may be names, where they stand, and whether a part of a name is enough there."""
    for match in _BEFORE_KIND.finditer(question):
        yield match["name"], match.start("name"), True
    for pattern in _WHOLE:
        for match in pattern.finditer(question):
            yield match["name"], match.start("name"), False


def _fitting(names: Mapping[UUID, Sequence[str]], asked: Sequence[str], *, is_part: bool) -> UUID | None:
    """The collection of that name; where none is, and a part is enough, the only one whose name has these words."""
    whole = [id for id, words in names.items() if words == asked]
    if whole or not asked or not is_part:
        return whole[0] if len(whole) == 1 else None
    holding = [id for id, words in names.items() if _holds(words, asked)]
    return holding[0] if len(holding) == 1 else None


def _holds(words: Sequence[str], asked: Sequence[str]) -> bool:
    size = len(asked)
    return any(words[at : at + size] == asked for at in range(len(words) - size + 1))


def _words(name: str) -> list[str]:
    return [word for word in _BREAK.split(name.casefold()) if word]


def listed(names: Sequence[str]) -> str:
    """`hr`, `hr and sales`, `hr, sales and tax`."""
    *some, last = names
    return f"{', '.join(some)} and {last}" if some else last
