"""The parts of a question by its form: words that name something, where its phrases begin and end, what it is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from backend.retrieval.answerability import content_words

PREPOSITIONS: Final = (
    "for from in on at with without by under over after before since until during via to per as about against into "
    "every each für bei mit ohne im in auf nach vor pour avec sans dans sur après avant par para con sin en sobre por"
)
ARTICLES: Final = (
    "the a an my our your their its this that der die das den dem ein eine einen mein meine unser unsere le la les un "
    "une mon ma notre el los las una mi nuestro nuestra"
)
PREPOSITION: Final = "|".join(PREPOSITIONS.split())
ARTICLE: Final = "|".join(ARTICLES.split())

ASKING: Final = (
    r"how|what|why|when|where|who|whom|whose|which|wie|was|warum|wann|wo|wer|wem|wen|welche\w*|comment|quand|pourquoi|où"
    r"|qui|quel\w*|combien|cómo|cuándo|cuánto\w*|por\s+qué|dónde|quién|cuál\w*|qué"
)

CACHED: Final = 64
"""A question is looked at several times while one that leans on it is rewritten."""

_END = re.compile(r"[\s?!.。？！]+\Z")
_WORD = re.compile(r"(?:(?<!\S)-{1,2})?[^\W_](?:[\w+#'’-]|\.(?=\w))*")
_ASKING_WORD = re.compile(ASKING, re.IGNORECASE)
_AGENT_AND_VERB = re.compile(
    r"\b(?:i|you|we|they|he|she|it|ich|wir|man|je|tu|nous|vous|puedo|puede|podemos)\s+(?P<verb>[^\W\d_][\w'’-]*)",
    re.IGNORECASE,
)
_ARTICLE_BEFORE = re.compile(rf"(?:(?:\b(?:{ARTICLE})\s+(?:own\s+)?)|(?:\b[dl]['’]))\Z", re.IGNORECASE)
_PREPOSITION_BEFORE = re.compile(rf"\b(?:{PREPOSITION})\s+(?:(?:{ARTICLE})\s+)?\Z", re.IGNORECASE)
_OF = re.compile(r"\s+(?:of|for|von|für|de|du|pour|para)\s+", re.IGNORECASE)
_VERB_LATER = re.compile(
    r"(?:\A|\b(?:how|what|where|when|why|which|who)\s+)(?:\w+\s+)?(?:do|does|did|can|could|will|would|should|must|may)\s+"
    rf"(?:(?:{ARTICLE})\s+)?\Z",
    re.IGNORECASE,
)
_PREDICATE_LATER = re.compile(rf"(?:\A|\bwhy\s+)(?:is|are|was|were)\s+(?:(?:{ARTICLE})\s+)?\Z", re.IGNORECASE)
_VERB_LAST = re.compile(
    r"\b(?:what|how\s+(?:long|much|often|many|far))\s+(?:do|does|did|can|could|will|would|should|must|may)\s+"
    rf"(?:(?:{ARTICLE})\s+)?\Z",
    re.IGNORECASE,
)
_WHO = re.compile(r"\bwho\s+\Z", re.IGNORECASE)
_WHICH = re.compile(r"\bwhich\s+\Z", re.IGNORECASE)
_CLOSED = re.compile(rf"\W*(?:\Z|\b(?:{PREPOSITION}|{ARTICLE}|and|or|but|when|if)\b)", re.IGNORECASE)

Shape = Literal["number", "option", "code", "acronym", "name", "plain"]


@dataclass(frozen=True, slots=True)
class Place:
    """Words of a text as a place in it."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Thing:
    """What a question names, with its article. `is_led` by a preposition."""

    text: str
    is_plural: bool
    is_determined: bool
    is_led: bool


def bare(question: str) -> str:
    """Without the signs around it."""
    return _END.sub("", question.strip().lstrip("¿¡"))


def words(text: str, start: int = 0, end: int | None = None) -> list[Place]:
    return [Place(*word.span()) for word in _WORD.finditer(text, start, len(text) if end is None else end)]


def shape(word: str) -> Shape:
    """How a word looks: `503`, `--all`, `E12`, `PDF`, `Enterprise`, or like any other."""
    if word.startswith("-"):
        return "option"
    if word[0].isdigit():
        return "number" if not any(sign.isalpha() for sign in word) else "code"
    if any(sign.isdigit() for sign in word):
        return "code"
    if len(word) > 1 and word.isupper():
        return "acronym"
    return "name" if word[0].isupper() and word != "I" else "plain"


def names_something(text: str, *, from_its_start: bool = False) -> bool:
    """Whether a word carries meaning, or looks as if: "May" among others. A question's first word is always capital."""
    looks = [shape(word.of(text)) for word in words(text) if from_its_start or word.start > 0]
    return bool(content_words(text)) or any(look != "plain" for look in looks)


def naming_words(text: str) -> list[Place]:
    """The words that name something."""
    return [
        word
        for word in words(text)
        if names_something(word.of(text), from_its_start=word.start > 0) and not _ASKING_WORD.fullmatch(word.of(text))
    ]


@lru_cache(maxsize=CACHED)
def runs(text: str) -> tuple[Place, ...]:
    """Neighbouring words that name something; the verb after "I" or "you" is none of them."""
    verbs = {found.start("verb") for found in _AGENT_AND_VERB.finditer(text)}
    found: list[Place] = []
    for word in naming_words(text):
        if word.start in verbs:
            continue
        if found and not text[found[-1].end : word.start].strip():
            found[-1] = Place(found[-1].start, word.end)
        else:
            found.append(word)
    return tuple(found)


@lru_cache(maxsize=CACHED)
def noun_runs(text: str) -> tuple[Place, ...]:
    """The runs without the verb or the quality that surely ends them: "Starter plan | cost", "dinner | included"; and
    without the one between a subject that is asked for and its object: "which plan | includes | auditing"."""
    found: list[Place] = []
    for run in runs(text):
        if _is_ended_by_predicate(text, run):
            found.append(_without_last(text, run))
        else:
            found += _around_verb(text, run)
    return tuple(found)


def has_verb(text: str, run: Place) -> bool:
    """Whether one of `noun_runs` may be a subject, its verb and an object: "admins export invoices"."""
    return _has_subject(text, run) and run in runs(text)


def article_before(text: str, start: int) -> int:
    """Where the article before a place begins; the place itself when there is none."""
    article = _ARTICLE_BEFORE.search(text, 0, start)
    return article.start() if article else start


def preposition_before(text: str, start: int) -> re.Match[str] | None:
    """The preposition that leads in what begins at a place, with or without an article."""
    return _PREPOSITION_BEFORE.search(text, 0, start)


def things(question: str) -> Iterator[Thing]:
    """What a question names, in its order, which is that of their prominence: its subject comes first."""
    text = bare(question)
    found = runs(text)
    for n, run in enumerate(found):
        start = article_before(text, run.start)
        if re.search(r"\bhow\s+\Z", text[:start], re.IGNORECASE):
            continue
        head = _without_predicate(text, run)
        end = head.end
        if end == run.end and n + 1 < len(found):
            after = found[n + 1]
            if _OF.fullmatch(text[end : article_before(text, after.start)]):
                end = (_without_last(text, after) if _has_subject(text, run) else after).end
        yield Thing(
            text[start:end], _is_plural(head.of(text)), start < run.start, preposition_before(text, start) is not None
        )


def _has_subject(text: str, run: Place) -> bool:
    """Whether a run begins with a subject, so that its verb or quality comes later in it."""
    return bool(_VERB_LATER.search(text[: run.start]) or _PREDICATE_LATER.search(text[: run.start]))


def _is_ended_by_predicate(text: str, run: Place) -> bool:
    before = text[: run.start]
    return bool((_VERB_LAST.search(before) or _PREDICATE_LATER.search(before)) and _CLOSED.match(text, run.end))


def _around_verb(text: str, run: Place) -> list[Place]:
    """The run alone where no verb is seen in it."""
    inside = words(text, run.start, run.end)
    if len(inside) > 1 and _WHO.search(text, 0, run.start):
        return [Place(inside[1].start, run.end)]
    if not _WHICH.search(text, 0, run.start):
        return [run]
    for subject, verb, after in zip(inside, inside[1:], inside[2:], strict=False):
        # A singular subject has a verb in -s, a plural one has not: "plan includes", "plans include".
        if _is_plural(subject.of(text)) != verb.of(text).endswith("s"):
            return [Place(run.start, subject.end), Place(after.start, run.end)]
    return [run]


def _without_predicate(text: str, run: Place) -> Place:
    """A run without the verb or the quality that a question tells of its subject: "Are the sensors | waterproof"."""
    return _without_last(text, run) if _has_subject(text, run) and _CLOSED.match(text, run.end) else run


def _without_last(text: str, run: Place) -> Place:
    inside = words(text, run.start, run.end)
    return Place(run.start, inside[-2].end) if len(inside) > 1 else run


def _is_plural(noun: str) -> bool:
    return len(noun) > 3 and noun.endswith("s") and not noun.endswith(("ss", "us", "is"))
