"""What the visitor wants to have or to be rid of, in their words."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Final

from backend.leads.clauses import Clause, Stance
from backend.leads.folding import MASK
from backend.leads.found import Found, Reading
from backend.leads.languages import common_of
from backend.leads.languages.base import compiled, has, pattern
from backend.leads.numbers import numbers
from backend.leads.words import is_cased

_LONGEST: Final = 14
_SHORT: Final = 5
_NOT_NEED: Final = (
    Stance.OTHERS | Stance.ORDER | Stance.QUOTED | Stance.QUESTION | Stance.NEGATED | Stance.SUPPOSED | Stance.LIMITED
)
_SIGNS: Final = " .,;:!-\"'\n"
_WORD: Final = re.compile(r"[^\W_][\w'’״\"/&+-]*")


def needs(reading: Reading) -> Iterator[Found]:
    language = reading.language
    for index, clause in enumerate(reading.clauses):
        if clause.is_any(_NOT_NEED & ~Stance.NEGATED):
            continue
        cues = [one for one in _cues(reading, clause) if not _is_denied(reading, clause, one)]
        if not cues and clause.is_any(Stance.NEGATED):
            continue
        cues = [one for one, more in zip_longest(cues, cues[1:]) if not more or more.start() > one.end() + 8]
        if clause.has(language.need_before) and index:
            cues, clause = [], reading.clauses[index - 1]
        if (found := _told(reading, clause, index, cues)) is not None:
            yield found


def _told(reading: Reading, clause: Clause, index: int, cues: Sequence[re.Match[str]]) -> Found | None:
    """Behind a cue, before one, as an answer, by what it is for, by what it is."""
    found = next((one for cue in cues if (one := _after(reading, clause, cue.end())) is not None), None)
    if found is None and cues and (after := _goes_on(reading, index, cues[-1].end())) is not None:
        found = _after(reading, after, after.start)
    found = found or _before(reading, clause)
    is_answer = reading.asks("need", clause) or clause is not reading.clauses[index]
    if found is None and is_answer and clause.words >= 1:
        answer = _after(reading, clause, clause.start)
        found = answer if answer is not None and _says_something(answer, reading) else None
    return found or _purpose(reading, clause) or _product(reading, clause) or _instead(reading, clause)


def _says_something(answer: Found, reading: Reading) -> bool:
    """ "actually it's 30k" answers nothing but what was understood of it already."""
    language = reading.language
    rest = pattern(language, language.correction).sub(" ", reading.folded[answer.start : answer.end])
    return any(word not in common_of(language) for word in re.findall(r"[^\W\d_]{2,}", rest))


def _cues(reading: Reading, clause: Clause) -> list[re.Match[str]]:
    words = f"{reading.language.need}|{reading.language.need_of}"
    return list(pattern(reading.language, words).finditer(reading.folded, clause.start, clause.end))


def _is_denied(reading: Reading, clause: Clause, cue: re.Match[str]) -> bool:
    """ "we don't need", "wir brauchen keine"; what is to be rid of may be said with a negation farther behind."""
    language = reading.language
    behind = compiled(rf"\W*(?:(?:{language.hedges})\s)?(?:{language.negation})(?!\w)").match(reading.folded, cue.end())
    return behind is not None or has(language, language.negation, reading.folded[clause.start : cue.end()])


def _goes_on(reading: Reading, index: int, end: int) -> Clause | None:
    """ "we want | that teachers find ...": the next clause, where a cue ends its own."""
    if index + 1 == len(reading.clauses) or re.search(r"\w", reading.folded[end : reading.clauses[index].end]):
        return None
    after = reading.clauses[index + 1]
    is_one = after.sentence is reading.clauses[index].sentence and not after.is_any(_NOT_NEED)
    return after if is_one else None


def _after(reading: Reading, clause: Clause, place: int) -> Found | None:
    """The words from `place` up to where the clause turns to something else."""
    language, folded = reading.language, reading.folded
    lead = compiled(rf"[\s:\"'-]*(?:(?:{language.need_lead})\s)*").match(folded, place)
    start = lead.end() if lead else place
    end = clause.end
    bound = "" if language.glued else r"(?!\w)"
    if asked := compiled(
        rf"(?:(?:{language.articles}|{language.need_small})\s)*(?:{language.need_of}){bound}\s?"
    ).match(folded, start):
        start = asked.end()
    for stop in pattern(language, language.need_ends).finditer(folded, start + 1, clause.end):
        if not _is_generic(folded[start : stop.start()], reading):
            end = stop.start()
            break
    if (masked := folded.find(MASK, start, end)) >= 0:
        end = masked
    is_verb = compiled(rf"(?:{language.infinitive})\s*$").search(folded, 0, start) is not None
    said = folded[start:end].rstrip(_SIGNS)
    said = (
        compiled(rf"(?:\s(?:{language.need_preposition}|{language.articles}|{language.hedges}))+$")
        .sub("", said)
        .rstrip(_SIGNS)
    )
    words = _WORD.findall(said)
    if (is_verb and len(words) < 2) or not words or len(words) > _LONGEST or _is_none(said, reading):
        return None
    end = start + len(said)
    if language.nouns_are_capital and is_cased(reading) and reading.text[start:end].islower():
        return None
    return Found("need", reading.text[start:end], start, end, 0.7)


def _purpose(reading: Reading, clause: Clause) -> Found | None:
    """ "... to keep track of our tools"."""
    cue = pattern(reading.language, reading.language.purpose).search(reading.folded, clause.start, clause.end)
    return _after(reading, clause, cue.start("what")) if cue else None


def _product(reading: Reading, clause: Clause) -> Found | None:
    """A short clause without more than what it names: "Inventory software, 12 users"."""
    language = reading.language
    has_more = len(reading.clauses) > 1 and clause.label in (None, "need") and MASK not in clause.text
    if not has_more or clause.words > _SHORT + 1 or clause.has(language.first) or not clause.has(language.products):
        return None
    named = pattern(language, language.products).search(clause.text)
    rest = clause.text[named.end() :].strip(_SIGNS) if named else ""
    goes_on = compiled(rf"(?:{language.need_preposition})(?!\w)").match(rest)
    return _after(reading, clause, clause.start) if not rest or goes_on else None


def _instead(reading: Reading, clause: Clause) -> Found | None:
    """ "actually an ERP", of a need that was said before."""
    language = reading.language
    said = rf"\W*(?:(?:{language.correction})\W+)+(?P<what>(?:{language.articles})\s)"
    match = compiled(said).match(reading.folded, clause.start, clause.end)
    if match is None or clause.words > _SHORT + 1 or clause.has(language.first):
        return None
    found = _after(reading, clause, match.start("what"))
    return replace(found, needs_held=True) if found else None


def _before(reading: Reading, clause: Clause) -> Found | None:
    """ "evidence tracking needed"."""
    language = reading.language
    cue = compiled(rf"\s(?:{language.need_after})\W*$").search(clause.text)
    said = clause.text[: cue.start()] if cue else ""
    start = clause.start + len(said) - len(said.lstrip())
    is_short = 0 < len(_WORD.findall(said)) <= _SHORT and not has(language, language.first, said)
    if not is_short or _is_none(said.strip(), reading) or MASK in said:
        return None
    return Found("need", reading.text[start : clause.start + len(said)], start, clause.start + len(said), 0.7)


def _is_generic(said: str, reading: Reading) -> bool:
    """ "a tool", which says nothing without what it is for."""
    language = reading.language
    words = rf"(?:{language.articles}|{language.need_small}|{language.generic})"
    return compiled(rf"(?:{words}\s?)+").fullmatch(said.strip()) is not None


def _is_none(said: str, reading: Reading) -> bool:
    """A quote, a call or a person to talk to; a number; a pronoun."""
    language = reading.language
    small = rf"{language.articles}|{language.need_small}|{language.hedges}|{language.your}"
    plain = compiled(rf"^(?:(?:{small})\s)+").sub("", said)
    if compiled(rf"(?:{language.your})\s").match(said) and _is_generic(plain, reading):
        return True
    if compiled(rf"(?:{language.first})\s(?:\w+\s)?(?:{language.organisations})(?!\w)").match(said):
        return True
    alone = rf"(?=\s*$|\s(?:{language.need_preposition})(?!\w))"
    nothing = rf"(?:{language.never_need})(?!\w)|(?:{language.not_need})(?!\w){alone}"
    first = compiled(nothing).match(plain)
    counted = numbers(plain, language)
    if counted and counted[0].start == 0 and counted[0].value > 1:
        return True
    return (
        first is not None
        or compiled(rf"(?:^|\s)(?:{language.pronouns})$").search(plain) is not None
        or not re.search(r"[^\W\d_]{3}", plain)
        or re.match(r"\d", plain) is not None
    )
