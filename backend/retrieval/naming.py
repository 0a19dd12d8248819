"""Collections by the names that questions give them: "in the HR collection", "in the collection hr_policies", "in HR
policies"."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from backend.retrieval.answerability import content_words
from backend.retrieval.base import Scope

_KIND: Final = r"(?:collections?|knowledge\s+base|sammlung|colecci[oó]n)"
_QUOTE: Final = r"[\"“”«»„‘’']"
_WORD: Final = (
    r"(?:in|within|from|of|per|by|with|does|do|search|use|using|only|according\s+to|aus|laut|dans|selon|seg[uú]n|en)\s+"
)
_ARTICLE: Final = r"(?:the|our|my|der|la)\s+"
_LEAD: Final = rf"{_WORD}(?:{_ARTICLE})?"
_BEFORE_KIND = re.compile(
    rf"\b(?=(?P<phrase>{_WORD}(?P<article>{_ARTICLE})?{_QUOTE}?(?P<name>\w[\w-]*(?:\s+[\w-]+){{0,9}}?){_QUOTE}?(?:\s+|-){_KIND}\b))",
    re.IGNORECASE,
)
"""Tried at every word that may lead to a name: the last of them is the one that does."""
_CALLED: Final = rf"(?:{_LEAD})?\b{_KIND}\s+(?:called\s+|named\s+)?"
_WHOLE = (
    re.compile(rf"(?P<phrase>{_CALLED}{_QUOTE}?(?P<name>\w[\w-]*){_QUOTE}?)", re.IGNORECASE),
    re.compile(rf"(?P<phrase>{_CALLED}{_QUOTE}(?P<name>\w[\w -]*){_QUOTE})", re.IGNORECASE),
    re.compile(
        r"\b(?P<phrase>(?:in|within|from|according\s+to|search)\s+(?:the\s+|our\s+)?"
        r"[\"“«„](?P<name>[^\"”»“]{2,80})[\"”»“])",
        re.IGNORECASE,
    ),
    re.compile(rf"(?P<phrase>(?:\b{_LEAD})?(?<!\w)(?P<name>[a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?!\w))", re.IGNORECASE),
)
"""Here a part of a collection's name does not name it."""
_IN: Final = (
    rf"\b(?:in|within|from|per|search|according\s+to|aus|laut|dans|selon|seg[uú]n|en)\s+(?:{_ARTICLE})?{_QUOTE}?"
)
_ENDS: Final = (
    r"(?!['’]\w)(?=[^\w\s-]|\s*\Z"
    r"|\s+(?:about|for|on|regarding|what|how|when|where|who|which|is|are|do|does|can|must|may)\b)"
)
"""A name of several words after one that leads to a place ends here; before another word it is what that is called by:
"in the staff archive building"."""
_AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+(?:and|or|und|oder|et|ou|y|o)\s+", re.IGNORECASE)
_ARTICLES = re.compile(rf"\A(?:both\s+)?(?:{_ARTICLE})?", re.IGNORECASE)
_BREAK = re.compile(r"[\W_]+")
_EXCLUDED = re.compile(
    r"(?:\bnot|n['’]t|\bexcept|\bexcluding|\bwithout|\bignor(?:e|ing)|\boutside|\bother\s+than|\bbut|\bnicht|\bkein\w*"
    r"|\bau(?:ß|ss)er|\bohne|\bsauf|\bpas|\bexcepto|\bsalvo|\bsin)\W+(?:\w+\W+){0,3}\Z",
    re.IGNORECASE,
)
"""Before a name: what is meant is the others."""
_LOOSE = re.compile(r"[\s,;:]+(?=[?!.,;:])|\A[\s,;:]+|[\s,;:]+\Z")


@dataclass(frozen=True, slots=True)
class NamedCollection:
    """`question[start:end]` says where: the name with the words that lead to it. `is_vague`: they may belong to what is
    asked too, being a part of the name only, or with nothing that says that it is a collection's."""

    id: UUID
    name: str
    start: int
    end: int
    is_vague: bool = False


def named_collections(question: str, scope: Scope) -> list[NamedCollection]:
    """Those of the scope that the question names, in its order; none where it excludes one.

    A name that fits several of them names none. Where one is named, so is another whose whole name is in the question:
    "the sales and the tax rules collection".
    """
    if len(scope.collections) < 2:
        return []
    names = dict(zip(scope.collections, scope.names, strict=True))
    words = {id: _words(name) for id, name in names.items() if content_words(name.replace("_", " "))}
    found: dict[UUID, NamedCollection] = {}
    for match, is_part in _candidates(question):
        for id in _fitting(words, match["name"], is_part=is_part):
            is_whole = words[id] == _words(match["name"])
            found.setdefault(id, NamedCollection(id, names[id], *match.span("phrase"), is_vague=not is_whole))
    for id, name in words.items():
        place = _as_a_place(name, question)
        if id not in found and place is not None and _called(words, name):
            found[id] = NamedCollection(id, names[id], *place.span(), is_vague=True)
    if any(_EXCLUDED.search(question[: one.start]) for one in found.values()):
        return []
    rest = _without_all(question, found.values()) if found else ""
    for id, name in words.items():
        whole = _whole_name(name, rest)
        if id not in found and whole is not None:
            found[id] = NamedCollection(id, names[id], *whole.span())
    return sorted(found.values(), key=lambda one: one.start)


def without(question: str, named: NamedCollection) -> str:
    """What is asked, without the words that say where; the question itself where nothing else is in it.

    With them MiniLM finds worse and answers less: MRR .70 -> .58, 97 % -> 86 % of 75 questions of benchmarks/
    retrieval_set answered with "according to the mail tools collection" behind them.
    """
    rest = " ".join(f"{question[: named.start]} {question[named.end :]}".split())
    rest = _LOOSE.sub("", rest)
    return rest if content_words(rest) else question


def _candidates(question: str) -> Iterator[tuple[re.Match[str], bool]]:
    """What may be a name, and whether a part of a name is enough there."""
    yield from ((match, match["article"] is not None) for match in _BEFORE_KIND.finditer(question))
    for pattern in _WHOLE:
        yield from ((match, False) for match in pattern.finditer(question))


def _fitting(names: Mapping[UUID, Sequence[str]], text: str, *, is_part: bool) -> list[UUID]:
    """The collection of that name, or those of a list of names; where none is, and a part of a name is enough, the only
    one whose name has these words."""
    asked = _words(text)
    if whole := _called(names, asked):
        return whole
    listing = [_called(names, _words(_ARTICLES.sub("", part))) for part in _AND.split(text)]
    if len(listing) > 1 and all(listing):
        return [id for part in listing for id in part]
    holding = [id for id, words in names.items() if _holds(words, asked)]
    return holding if is_part and content_words(" ".join(asked)) and len(holding) == 1 else []


def _called(names: Mapping[UUID, Sequence[str]], asked: Sequence[str]) -> list[UUID]:
    """At most one: a name that several have names none."""
    found = [id for id, words in names.items() if words == asked]
    return found if len(found) == 1 else []


def _holds(words: Sequence[str], asked: Sequence[str]) -> bool:
    size = len(asked)
    return any(words[at : at + size] == asked for at in range(len(words) - size + 1))


def _without_all(question: str, named: Iterable[NamedCollection]) -> str:
    """With nothing in their places, and every other word where it was."""
    for one in named:
        question = f"{question[: one.start]}{'|' * (one.end - one.start)}{question[one.end :]}"
    return question


def _whole_name(words: Sequence[str], text: str) -> re.Match[str] | None:
    name = r"[\W_]+".join(map(re.escape, words))
    return re.search(rf"(?<!\w){name}(?!\w)", text, re.IGNORECASE)


def _as_a_place(words: Sequence[str], text: str) -> re.Match[str] | None:
    """A single word may be any: "in staff"."""
    name = r"[\s_-]+".join(map(re.escape, words))
    return re.search(rf"{_IN}{name}{_ENDS}", text, re.IGNORECASE) if len(words) > 1 else None


def _words(name: str) -> list[str]:
    return [word for word in _BREAK.split(name.casefold()) if word]


def listed(names: Sequence[str]) -> str:
    """`hr`, `hr and sales`, `hr, sales and tax`."""
    *some, last = names
    return f"{', '.join(some)} and {last}" if some else last
