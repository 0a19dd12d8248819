"""The rest of another question ("and for Enterprise?") in the place of its like in the question before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.embeddings.base import Embedder
from backend.retrieval.phrases import (
    ARTICLE,
    ARTICLES,
    ASKING,
    PREPOSITION,
    Place,
    article_before,
    bare,
    has_verb,
    names_something,
    naming_words,
    noun_runs,
    preposition_before,
    shape,
    words,
)
from backend.retrieval.references import reference
from backend.retrieval.small_talk import without_small_talk

MOST: Final = 6
"""More words than this without a verb are a search of their own, not the rest of another question."""
FEW: Final = 2
"""So many words with a question mark are tried as a fragment although nothing leads them in."""
ROLE: Final = 0.15
"""What the same article, and the same lack of a preposition, each add to a cosine.

Measured, like the thresholds below, on the tuning half of benchmarks/follow_ups: 142 of 143 end well, 137 without it.
"""
ALIKE: Final = 0.45
"""How near the nearest part of the question before must be to what only a preposition leads in, or nothing."""
FAR: Final = 0.35
"""The same for what is led in by "and" or "what about"."""
LOOKS_ALIKE: Final = 0.2
"""The same for what nothing leads in, but looks like that part, as names do."""
LONG: Final = 4
"""Words of the longest part that a fragment may replace."""
PLACES: Final = 80
"""Parts of a very long question before that are looked at."""

_LEAD = re.compile(
    r"\A[¿¡\s]*(?:(?:and|but|ok(?:ay)?|so|well|also|or|then|und|aber|oder|et|mais|ou|y|pero|o)\b[\s,]*)*"
    r"(?:(?:what|how)\s+about|(?:and\s+)?(?:the\s+)?same\s+(?:question\s+)?(?:for|with)(?=\s)|was\s+ist\s+mit"
    r"|wie\s+(?:ist|sieht)\s+es\s+(?:aus\s+)?(?:mit|bei)|qu['’]en\s+est-il\s+de|qué\s+(?:tal|hay\s+de|pasa\s+con))?\s*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    rf"\A(?:(?:{ASKING}|can|could|do|does|did|is|are|was|were|am|will|would|shall|should|must|has|have|had|if"
    r"|tell|show|explain|describe|list|give|find|help|i|we|you|there|kann|können|ist|sind|muss|darf|gibt|hat"
    r"|haben|ich|est-ce|puis-je|peut-on|faut-il|puedo|hay|es|está)\b"
    rf"|may\s+\w|my\s+(?:\S+\s+){{2}}|(?:{PREPOSITION})\s+(?:{ASKING})\b)",
    re.IGNORECASE,
)
_PHRASE_START = re.compile(rf"\A(?P<preposition>{PREPOSITION})\s+(?P<rest>\S.*)\Z", re.IGNORECASE | re.DOTALL)
_PHRASE_END = re.compile(rf"\s+(?:{PREPOSITION}|and|or|when|if|while|that|which|und|et|y)\s+", re.IGNORECASE)
_LEADING_ARTICLE = re.compile(rf"\A(?:(?:{ARTICLE})\s+|[dl]['’])", re.IGNORECASE)
_ELLIPSIS = re.compile(r"\s+ones?\Z", re.IGNORECASE)
_GENERAL: Final = ("for", "with", "für", "bei", "mit", "pour", "avec", "para", "con")
"""Prepositions that lead in whatever is asked about next: "and for Enterprise?" asks of "the Starter plan"."""
_WITH: Final = ("with", "mit", "avec", "con")
"""Prepositions of what comes to the rest, unless it has a name like another: "and with gzip?"."""

_OTHERS: Final = frozenset(
    [
        *("others", "ones", "rest", "else", "everyone", "everybody", "everything", "remaining"),
        *("one", "first", "second", "third", "last", "next", "former", "latter", "same"),
        *("anderen", "andere", "andern", "anderer", "anderes", "rest", "übrigen"),
        *("autre", "autres", "reste", "otro", "otros", "otra", "otras", "demás", "resto"),
    ]
)
_ARTICLES: Final = frozenset(ARTICLES.split())


@dataclass(frozen=True, slots=True)
class Fragment:
    """The rest of another question. `is_led`: words such as "and" or "what about" say so.

    `noun` is the text without its preposition; of "the green one" it is "the green", which leaves out a noun.
    """

    text: str
    is_led: bool
    preposition: str
    noun: str
    leaves_out_noun: bool

    @property
    def name(self) -> str:
        return _LEADING_ARTICLE.sub("", self.noun)

    @property
    def is_special(self) -> bool:
        """Whether its preposition says more than that something follows."""
        return self.preposition not in ("", *_GENERAL)


def fragment_of(question: str) -> Fragment | None:
    """Words without a verb of their own that are led in, begin with a preposition, or are very few."""
    unled = without_small_talk(question)
    rest = without_lead(question)
    is_led = len(rest) < len(bare(unled))
    if not names_something(rest, from_its_start=is_led) or asks_for_others(question) or _CLAUSE.match(rest):
        return None
    leaves_out = _ELLIPSIS.search(rest) is not None
    text = _ELLIPSIS.sub("", rest)
    if reference(text) is not None:
        return None
    phrase = _PHRASE_START.match(text)
    preposition, noun = (phrase["preposition"].casefold(), phrase["rest"]) if phrase else ("", text)
    fragment = Fragment(rest, is_led or bool(preposition), preposition, noun, leaves_out)
    if fragment.is_led:
        return fragment if len(rest.split()) <= MOST else None
    return fragment if len(fragment.name.split()) <= FEW and question.rstrip().endswith("?") else None


def without_lead(question: str) -> str:
    """The question without what leads it in, and the signs around it."""
    return bare(_LEAD.sub("", without_small_talk(question), count=1))


def asks_for_others(question: str) -> bool:
    """`and for the other one?`, `the rest`: nothing that could be looked up."""
    named = {word.of(question).casefold() for word in naming_words(question)}
    if named and not named & _OTHERS:
        return False
    return named <= _OTHERS | _ARTICLES and not _CLAUSE.match(without_lead(question))


async def fill(before: str, fragment: Fragment, embedder: Embedder) -> str | None:
    """The question before with the fragment in the place of its like; None when nothing is, and nothing leads it in.

    Its like follows the same preposition, has the same first or last word ("the Pro plan", "the Enterprise plan") or
    looks the same (a number, a name); else the embedder tells: days are nearer to days than to verbs.
    """
    phrase = _same_preposition(before, fragment)
    alike = _alike(before, fragment, phrase or Place(0, len(before)))
    if phrase is not None:
        return _put(before, alike[0] if alike else phrase, fragment)
    if fragment.is_special:
        alike = _led(before, alike)
    if alike:
        best = await _nearest(before, fragment, alike, 0.0 if fragment.is_led else LOOKS_ALIKE, embedder)
    else:
        is_added = fragment.leaves_out_noun or fragment.preposition in _WITH
        places = [] if is_added else _places(before)
        if fragment.is_special:
            places = _led(before, noun_runs(before))
        least = ALIKE if fragment.preposition or not fragment.is_led else FAR
        noun = await _nearest(before, fragment, places, least, embedder)
        best = noun and _whole(before, noun)
    if best is not None:
        return _put(before, best, fragment)
    if fragment.preposition:
        return f"{before} {fragment.text[0].lower()}{fragment.text[1:]}"
    return f"{before} ({fragment.text})" if fragment.is_led else None


def _alike(before: str, fragment: Fragment, inside: Place) -> list[Place]:
    """What is like the fragment by its form."""
    if fragment.leaves_out_noun:
        return _qualities(before, inside)
    return _twins(before, fragment, inside) or _same_shape(before, fragment, inside)


def _led(before: str, places: Sequence[Place]) -> list[Place]:
    """Those that a preposition leads in: "during probation", for "after the trial"."""
    return [place for place in places if preposition_before(before, place.start)]


async def _nearest(
    before: str, fragment: Fragment, places: Sequence[Place], least: float, embedder: Embedder
) -> Place | None:
    """The place with the nearest meaning, when it is near by `least`; a single one is near by 0."""
    if len(places) < 2 and least <= 0:
        return next(iter(places), None)
    if not places:
        return None
    vectors = await embedder.embed([fragment.name, *(place.of(before) for place in places)], kind="query")
    likeness = vectors[1:] @ vectors[0] + [ROLE * _same_role(before, place, fragment) for place in places]
    best = int(likeness.argmax())
    return places[best] if likeness[best] >= least else None


def _same_role(before: str, place: Place, fragment: Fragment) -> int:
    """How much of its surroundings a place shares with a fragment: its article, and that no preposition leads it."""
    start = _run_of(before, place).start
    article = before[article_before(before, start) : start].strip()
    has_article = article.casefold() == fragment.noun[: len(fragment.noun) - len(fragment.name)].strip().casefold()
    return has_article + (not fragment.preposition and preposition_before(before, place.start) is None)


def _same_preposition(before: str, fragment: Fragment) -> Place | None:
    """What follows the fragment's preposition in the question before."""
    if not fragment.preposition:
        return None
    preposition = re.search(rf"\b{re.escape(fragment.preposition)}\s+", before, re.IGNORECASE)
    if preposition is None:
        return None
    end = _PHRASE_END.search(before, preposition.end())
    return Place(preposition.end(), end.start() if end else len(before))


def _twins(before: str, fragment: Fragment, inside: Place) -> list[Place]:
    """The longest part with the same last word, else one of the same length with the same first word."""
    own = fragment.name.casefold().split()
    if not own:
        return []
    places = [place for place in _places(before) if inside.start <= place.start and place.end <= inside.end]
    ends = [place for place in places if place.of(before).casefold().split()[-1] == own[-1]]
    starts = [
        place
        for place in places
        if len(own) > 1
        and place.of(before).casefold().split()[0] == own[0]
        and len(place.of(before).split()) == len(own)
    ]
    return (ends or starts)[:1]


def _same_shape(before: str, fragment: Fragment, inside: Place) -> list[Place]:
    """Numbers for a number, names for a name, each as long as it looks so."""
    looks = [shape(word.of(fragment.name)) for word in words(fragment.name)]
    if not looks or looks[0] == "plain" or ("plain" in looks and looks[0] != "number"):
        return []
    found: list[Place] = []
    for run in noun_runs(before):
        inner = [word for word in words(before, run.start, run.end) if word.start > 0]
        for n, word in enumerate(inner):
            if shape(word.of(before)) != looks[0] or not inside.start <= word.start < inside.end:
                continue
            if looks[0] == "number":
                found.append(Place(word.start, inner[min(n + len(looks), len(inner)) - 1].end))
            elif found and not before[found[-1].end : word.start].strip():
                found[-1] = Place(found[-1].start, word.end)
            else:
                found.append(word)
    return found


def _qualities(before: str, inside: Place) -> list[Place]:
    """Words before the noun that they tell of, for a fragment that leaves the noun out."""
    found: list[Place] = []
    for run in noun_runs(before):
        inner = words(before, run.start, run.end)
        found += [word for word in inner[:-1] if inside.start <= word.start and word.end <= inside.end]
    return found


def _places(text: str) -> list[Place]:
    """Every part of the runs, the longer ones first."""
    found: list[Place] = []
    for run in noun_runs(text):
        inner = words(text, run.start, run.end)
        found += [
            Place(inner[i].start, inner[j].end) for i in range(len(inner)) for j in range(i, min(i + LONG, len(inner)))
        ]
    return sorted(found[:PLACES], key=lambda place: place.start - place.end)


def _whole(before: str, place: Place) -> Place:
    """A noun with what tells of it: another noun has its own."""
    run = _run_of(before, place)
    return run if place.end == run.end and not has_verb(before, run) else place


def _run_of(before: str, place: Place) -> Place:
    return next(run for run in noun_runs(before) if run.start <= place.start and place.end <= run.end)


def _put(before: str, place: Place, fragment: Fragment) -> str:
    """An article or a preposition that the fragment brings takes the place of that before the place."""
    start, text = place.start, fragment.name if fragment.leaves_out_noun else fragment.noun
    article = article_before(before, start)
    led = preposition_before(before, start)
    if led and fragment.is_special:
        kept = before[article:start] if text == fragment.name else ""
        return f"{before[: led.start()]}{fragment.preposition} {kept}{text}{before[place.end :]}"
    if article < start and text != fragment.name:
        start = article
    return f"{before[:start]}{text}{before[place.end :]}"
