"""A message in clauses, and of each clause whose statement it is: read once, and used for every field."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Flag, auto
from functools import cached_property
from typing import Final

from backend.leads.folding import MASK
from backend.leads.languages.base import Language, compiled, has, pattern


class Stance(Flag):
    """What keeps a clause from being the visitor's statement of themselves."""

    OWN = 0
    QUESTION = auto()
    NEGATED = auto()
    SUPPOSED = auto()
    OTHERS = auto()
    PAST = auto()
    YOURS = auto()
    ORDER = auto()
    QUOTED = auto()
    FORMER = auto()
    SUPERIORS = auto()
    REQUEST = auto()
    WISHED = auto()
    LIMITED = auto()


NOT_MINE: Final = Stance.OTHERS | Stance.YOURS | Stance.ORDER | Stance.QUOTED
PEOPLE: Final = Stance.OTHERS | Stance.SUPERIORS

_SENTENCE: Final = re.compile(r"[.!?](?=[\"')\]]*(?:\s|$))[.!?\"')\]]*|[?!]+|\n+|[。？！]|$")
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:[a-z]|dr|mr|mrs|ms|prof|ing|st|approx|ca|max|min|fr|rs|nr|no|tel|ext|bzw|"
    r"etc|inc|ltd|co|corp|sra?|mme|mlle|mio|tsd|dez|okt|sept|nov|feb|jan|apr|aug|usw|"
    r"mtl|std|ust|mwst|evtl|inkl|exkl|zzgl|dipl|u\.s|gmbh|str|pers|env|dpto|aprox|ud|uds))\.$"
)
_DAY: Final = re.compile(r"\b\d{1,2}\.$")
_COMMA: Final = re.compile(r"[,;:=](?=\s|$)|\s[-|/•·]+\s|^\s*[-|*•]+\s|\s*\|\s*|\s[-~/]+(?=[^\W\d])|[()\[\]]|,(?=\D)")
_LABELS: Final = re.compile(r"[:=|]|\s-\s|^\s*-")
_NUMBERED: Final = re.compile(r"^\d{1,2}[.)]?\s+")
_LONGEST_LABEL: Final = 4
_LONGEST_QUESTION: Final = 9
_LABEL_ORDER: Final = ("email", "phone", "team_size", "budget", "timeline", "role", "company", "name")
"""Of a label that names two: a "contact phone" is a phone, a "company size" a size."""
_TOPIC_ORDER: Final = ("budget", "team_size", "timeline", "email", "phone", "role", "company", "name", "need")
_CORRECTED: Final = re.compile(r"^\W*(?:no|nein|non|לא)\s(?=\d)")
"""As in "no 14": what was said before is denied."""
_QUOTED: Final = re.compile(r"^\s*>")
_FORWARDED: Final = re.compile(
    r"^[ >*-]*(?:(?:begin )?forwarded message|original message|(?:weitergeleitete|ursprungliche) nachricht|"
    r"message (?:transfere|d'origine|original)|mensaje (?:reenviado|original)|הודעה (?:שהועברה|מקורית))\b.*$",
    re.MULTILINE,
)
_DRAWN: Final = re.compile(r"^[ >]*[-_=*]{3,}\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sentence:
    start: int
    end: int
    asks: bool


@dataclass(frozen=True)
class Clause:
    """`text` is the folded message from `start` to `end`; `sentence` the one it stands in.

    `label`: the field whose name stands before it, as in "Budget: 20k" or in a row of a table. `inherited`: whose
    statement the clauses before it in its sentence are.
    """

    message: str = field(repr=False)
    start: int
    end: int
    sentence: Sentence
    language: Language = field(repr=False)
    stance: Stance
    label: str | None = None
    inherited: Stance = Stance.OWN

    @cached_property
    def text(self) -> str:
        return self.message[self.start : self.end]

    @cached_property
    def words(self) -> int:
        """How many, without what is masked."""
        return len(re.findall(r"[^\W\d_]+", self.text))

    def has(self, words: str) -> bool:
        return has(self.language, words, self.text)

    def is_any(self, stance: Stance) -> bool:
        return bool(self.stance & stance)

    def is_any_at(self, stance: Stance, place: int) -> bool:
        """Whose statement it is by what is said up to a place: "I'm a consultant and ask for a client"."""
        told = (self.stance & ~PEOPLE) | (self.inherited & PEOPLE)
        return bool((told | _people(self.message[self.start : place], self.language)) & stance)

    def is_who_at(self, place: int) -> bool:
        """Whether nothing up to a place says that it is somebody else or denies it."""
        before = self.message[self.start : place]
        return not (self.is_any_at(PEOPLE, place) or _stance(before, self.language) & Stance.NEGATED)


def sentences(text: str, language: Language) -> list[Sentence]:
    found: list[Sentence] = []
    start = 0
    for match in _SENTENCE.finditer(text):
        if match.group().startswith(".") and match.end() < len(text) and _goes_on(text, match, language):
            continue
        if text[start : match.start()].strip(" \n\t"):
            found.append(Sentence(start, match.start(), "?" in match.group() or "？" in match.group()))
        start = match.end()
    return found


def _goes_on(text: str, match: re.Match[str], language: Language) -> bool:
    """A full stop after an abbreviation or a day ("am 3. Mai") ends no sentence."""
    start, end = max(0, match.start() - 8), match.start() + 1
    if _DAY.search(text, start, end):
        day_of = "|".join([*language.months, *language.time_units, *language.halves, language.quarter, language.to])
        return compiled(rf" ?(?:\d|(?:{day_of}|{language.both}|{language.of})(?!\w))").match(text, end) is not None
    return _ABBREVIATION.search(text, start, end) is not None


def clauses(text: str, language: Language) -> list[Clause]:
    """Of a folded message, in its order. What follows in a sentence without its own subject inherits the stance."""
    found: list[Clause] = []
    quoted = list(_forwarded(text))
    before: Sentence | None = None
    for sentence in sentences(text, language):
        is_quoted = any(start <= sentence.start < end for start, end in quoted)
        told = list(_of_sentence(text, sentence, language, Stance.QUOTED if is_quoted else Stance.OWN))
        if before is not None and before.asks and (label := _asked_by_oneself(text, before, sentence, language)):
            told[0] = replace(told[0], label=label)
        found.extend(told)
        before = sentence
    return found


def _asked_by_oneself(text: str, question: Sentence, answer: Sentence, language: Language) -> str | None:
    """ "Budget? Let's say 20k", in one line."""
    said = text[question.start : question.end]
    is_short = len(said.split()) <= _LONGEST_QUESTION and not has(language, language.yours, said)
    if not is_short or "\n" in text[question.end : answer.start] or has(language, language.need, said):
        return None
    return label_of(said, language) or (
        topic_of(said, language) if text[question.end + 1 : answer.start].startswith(":") else None
    )


def _forwarded(text: str) -> Iterator[tuple[int, int]]:
    """A mail of somebody else's, from the line that says so to the next one that is drawn."""
    for head in _FORWARDED.finditer(text):
        end = _DRAWN.search(text, head.end())
        yield head.start(), end.end() if end else len(text)


def _of_sentence(text: str, sentence: Sentence, language: Language, shared: Stance) -> Iterator[Clause]:
    bounds = list(_bounds(text, sentence, language))
    whole = text[sentence.start : sentence.end]
    shared |= Stance.QUOTED if _QUOTED.match(whole) else Stance.OWN
    if has(language, language.requests, whole):
        shared |= Stance.REQUEST
    is_asking = not shared & Stance.REQUEST and _begins_by_asking(whole, language, is_marked=sentence.asks)
    inherited, before = Stance.OWN, (sentence.start, sentence.start)
    for start, end in bounds:
        part = text[start:end]
        stance = shared | _stance(part, language)
        if is_asking and (sentence.asks or start == bounds[0][0]):
            stance |= Stance.QUESTION
        if sentence.asks and end == bounds[-1][1]:
            stance |= Stance.REQUEST if shared & Stance.REQUEST else Stance.QUESTION
        if has(language, language.first, part):
            inherited = Stance.OWN
        before_it = inherited
        if (
            inherited & Stance.SUPERIORS
            and stance & Stance.OTHERS
            and not _speaks_of(language, language.outsiders, part)
        ):
            stance ^= Stance.OTHERS
        stance |= inherited
        inherited |= stance & (Stance.OTHERS | Stance.SUPPOSED | Stance.SUPERIORS)
        label = label_of(text[before[0] : before[1]], language) if _LABELS.search(text, before[1], start) else None
        before = start, end
        yield Clause(text, start, end, sentence, language, stance, label, before_it)


def _bounds(text: str, sentence: Sentence, language: Language) -> Iterator[tuple[int, int]]:
    cuts = [(match.start(), match.end()) for match in _COMMA.finditer(text, sentence.start, sentence.end)]
    for match in pattern(language, language.but).finditer(text, sentence.start, sentence.end):
        cuts.append((match.start(), match.start()))
    at = sentence.start
    for start, end in [*sorted(cuts), (sentence.end, sentence.end)]:
        if text[at:start].strip(" \n\t" + '"'):
            yield at, start
            at = end
        elif end > at and start != end:
            at = end


def is_label(said: str, language: Language) -> bool:
    """Whether it is a field's name in so many words."""
    return any(compiled(words).fullmatch(said) for words in language.labels)


def label_of(said: str, language: Language) -> str | None:
    """The field that a clause names and no more: "Budget", "2. Date souhaitée"."""
    name = _NUMBERED.sub("", said.strip(" \n\t|*-•:'\""))
    name = compiled(rf"^(?:{language.possessives}|{language.articles}|{language.your})\s").sub("", name)
    exact = next((field for words, field in language.labels.items() if compiled(words).fullmatch(name)), None)
    if exact is None and _begins_by_asking(name, language, is_marked=True):
        return topic_of(name, language)
    if exact or not 1 < len(name.split()) <= _LONGEST_LABEL or has(language, language.first, name):
        return exact
    named = {field for words, field in language.labels.items() if has(language, words, name)}
    return next((field for field in _LABEL_ORDER if field in named), None)


def topic_of(question: str, language: Language) -> str | None:
    """The field that a question asks for, where it is one; a question for a sum is for one of money."""
    named = [field for words, field in language.topics.items() if has(language, words, question)]
    return next((field for field in _TOPIC_ORDER if field in named), None)


def _begins_by_asking(sentence: str, language: Language, *, is_marked: bool) -> bool:
    """With a mark or, by what asks and nothing else, without: "how do I export my contacts"."""
    start = re.match(r"[\s\"'¿]*(?:(?:hi|hello|and|also|but|so|ok|und|et|y)[\s,]+)?(?=\w)", sentence)
    if "¿" in sentence[:3]:
        return True
    if start is None or compiled(rf"(?:{language.asks_not})(?!\w)").match(sentence, start.end()):
        return False
    words = language.asks if is_marked else language.wonders
    return compiled(rf"(?:{words})(?!\w)").match(sentence, start.end()) is not None


def _stance(part: str, language: Language) -> Stance:
    limits = pattern(language, f"{language.at_most}|{language.at_least}")
    plain = _CORRECTED.sub(" ", limits.sub(lambda match: MASK * len(match.group()), part))
    signs = {
        Stance.NEGATED: language.negation,
        Stance.SUPPOSED: language.supposed,
        Stance.WISHED: language.wished,
        Stance.PAST: language.past,
        Stance.YOURS: language.yours,
        Stance.ORDER: language.orders,
        Stance.FORMER: language.former,
    }
    stance = _people(part, language)
    for one, words in signs.items():
        if has(language, words, plain):
            stance |= one
    if stance & Stance.NEGATED and has(language, language.more_than, part):
        stance = (stance ^ Stance.NEGATED) | Stance.LIMITED
    return stance


def _people(part: str, language: Language) -> Stance:
    stance = Stance.OTHERS if _is_others(part, language) else Stance.OWN
    return stance | (Stance.SUPERIORS if _speaks_of(language, language.superiors, part) else Stance.OWN)


def _speaks_of(language: Language, people: str, part: str) -> bool:
    """Of somebody else: "the treasurer", but not "I'm the treasurer"."""
    self = compiled(rf"(?<!\w)(?:{language.i_am_role})\s*(?:(?:{language.articles}|{language.hedges})\s*)*$")
    return any(not self.search(part, 0, match.start()) for match in pattern(language, people).finditer(part))


def _is_others(part: str, language: Language) -> bool:
    if _speaks_of(language, language.outsiders, part):
        return True
    they = pattern(language, language.they).search(part)
    if they is not None and has(language, language.gives, part):
        return False
    return they is not None and not has(language, language.first, part[: they.start()])
