"""The agent's own fields: a choice that is named, a number or a day beside the question's words, yes or no."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from backend.leads.base import FieldSpec, Value
from backend.leads.clauses import Clause, Stance
from backend.leads.folding import fold
from backend.leads.found import Found, Reading
from backend.leads.languages import LANGUAGES, common_of
from backend.leads.languages.base import compiled, has, pattern
from backend.leads.numbers import numbers
from backend.leads.timelines import times

_NOT_OWN: Final = Stance.OTHERS | Stance.YOURS | Stance.ORDER | Stance.QUOTED | Stance.QUESTION | Stance.SUPPOSED
_WORD: Final = re.compile(r"[^\W_]+")
_STEM: Final = 5
_SHORT: Final = 8


def own_values(reading: Reading, field: FieldSpec) -> Iterator[Found]:
    is_asked = asks_for(reading.question, field)
    for clause in reading.clauses:
        if clause.is_any(_NOT_OWN):
            continue
        is_about = is_asked or bool(stems(clause.text) & keywords(field))
        match field.kind:
            case "choice":
                yield from _choices(reading, clause, field)
            case "number" if is_about:
                yield from _numbers(reading, clause, field)
            case "date" if is_about:
                yield from _days(reading, clause, field)
            case "boolean" if is_about:
                yield from _truths(reading, clause, field, is_asked=is_asked)
            case "text" if is_about:
                yield from _texts(reading, clause, field, is_asked=is_asked)


@lru_cache(maxsize=512)
def keywords(field: FieldSpec) -> frozenset[str]:
    """Stems of what the question and the field's name speak of."""
    return stems(fold(f"{field.question} {field.name.replace('_', ' ')}"))


@lru_cache(maxsize=2048)
def stems(text: str) -> frozenset[str]:
    common = {word for language in LANGUAGES.values() for word in common_of(language)}
    asks = {word for language in LANGUAGES.values() for word in re.findall(r"\w+", language.asks)}
    words = [word for word in _WORD.findall(text) if word not in common and word not in asks]
    return frozenset(word[:_STEM].rstrip("s") for word in words if len(word) > 2)


def asks_for(question: str, field: FieldSpec) -> bool:
    """Whether the assistant's words ask the field's question, in its words or in most of them."""
    if "?" not in question:
        return False
    wanted = keywords(field)
    return bool(wanted) and len(wanted & stems(question)) * 2 >= len(wanted)


def _found(reading: Reading, field: FieldSpec, value: Value, span: tuple[int, int]) -> Found:
    del reading
    return Found(field.name, value, *span, 0.75)


def _choices(reading: Reading, clause: Clause, field: FieldSpec) -> Iterator[Found]:
    for choice in field.choices:
        said = re.escape(fold(choice)).replace(r"\ ", r"[ -]")
        match = pattern(reading.language, said).search(reading.folded, clause.start, clause.end)
        if match and not _is_denied(reading, clause, match.start(), choice):
            start = match.end() - len(fold(choice))
            yield _found(reading, field, choice, (start, match.end()))


def _is_denied(reading: Reading, clause: Clause, start: int, choice: str) -> bool:
    language = reading.language
    is_itself = has(language, language.negation, fold(choice))
    if clause.is_any(Stance.PAST | Stance.FORMER):
        return True
    return not is_itself and has(language, language.negation, reading.folded[clause.start : start])


def _numbers(reading: Reading, clause: Clause, field: FieldSpec) -> Iterator[Found]:
    for number in numbers(clause.text, reading.language):
        span = (clause.start + number.start, clause.start + number.end)
        value = int(number.value) if number.is_whole else float(number.value)
        yield _found(reading, field, value, span)


def _days(reading: Reading, clause: Clause, field: FieldSpec) -> Iterator[Found]:
    for moment in times(reading):
        if clause.start <= moment.start < clause.end and moment.days and moment.days.first == moment.days.last:
            yield _found(reading, field, moment.days.first.isoformat(), (moment.start, moment.end))


def _truths(reading: Reading, clause: Clause, field: FieldSpec, *, is_asked: bool) -> Iterator[Found]:
    language = reading.language
    span = _trimmed(reading, clause)
    opening = compiled(rf"\W*(?P<word>{language.yes}|(?P<no>{language.no}))(?!\w)").match(clause.text)
    if is_asked and opening:
        place = clause.start + opening.start("word")
        yield _found(reading, field, opening["no"] is None, (place, place + len(opening["word"])))
    elif stems(clause.text) & keywords(field):
        yield _found(reading, field, not clause.is_any(Stance.NEGATED), span)


def _texts(reading: Reading, clause: Clause, field: FieldSpec, *, is_asked: bool) -> Iterator[Found]:
    start, end = _trimmed(reading, clause)
    label = re.compile(r"[^:\n]{0,40}:\s*").match(reading.folded, start, end)
    if is_asked and clause.words <= _SHORT and not clause.is_any(Stance.NEGATED):
        lead = compiled(rf"(?:(?:{reading.language.own_lead})\s)+").match(reading.folded, start)
        start = lead.end() if lead and lead.end() < end else start
        yield _found(reading, field, reading.text[start:end], (start, end))
    elif label and label.end() < end:
        yield _found(reading, field, reading.text[label.end() : end], (label.end(), end))


def _trimmed(reading: Reading, clause: Clause) -> tuple[int, int]:
    said = reading.text[clause.start : clause.end]
    start = clause.start + len(said) - len(said.lstrip(" \n\t\"'-,;:"))
    return start, clause.start + len(said.rstrip(" \n\t\"'-.,;:!"))
