"""How many would use it: users, seats and licences before the headcount of the organisation."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from backend.leads.clauses import Clause, Stance
from backend.leads.found import Found, Reading, is_replaced
from backend.leads.languages.base import Language, compiled, has, pattern
from backend.leads.numbers import Number, numbers
from contracts.leads import Size

_SHORT: Final = 5
_NEAR: Final = 24
_BESIDE: Final = 36
_SMALL: Final = 100
_LARGEST: Final = 1_000_000
_NOT_TEAM: Final = (
    Stance.OTHERS | Stance.YOURS | Stance.ORDER | Stance.QUOTED | Stance.QUESTION | Stance.SUPPOSED | Stance.PAST
)


def sizes(reading: Reading) -> Iterator[Found]:
    found = [*_every(reading), *((one, False) for one in _kin(reading))]
    if summed := [one for one, _ in found if _is_sum(reading, one)]:
        yield from summed[-1:]
        return
    of_users = [one for one, is_users in found if is_users]
    yield from of_users or [one for one, _ in found]


def _is_sum(reading: Reading, one: Found) -> bool:
    """ "four of us plus two directors, so six"."""
    before = reading.folded[max(0, one.start - _NEAR) : one.start]
    words = rf"(?<!\w)(?:{reading.language.in_sum})\s*(?:(?:{reading.language.hedges})\s*)*$"
    return compiled(words).search(before) is not None and re.search(r"\d", reading.folded[: one.start]) is not None


def _every(reading: Reading) -> Iterator[tuple[Found, bool]]:
    language = reading.language
    every = [one for one in numbers(reading.folded, language) if one.is_whole and 1 <= one.value <= _LARGEST]
    index = 0
    while index < len(every):
        low = every[index]
        high = every[index + 1] if index + 1 < len(every) and _joined(reading, low, every[index + 1]) else None
        index += 2 if high else 1
        clause = reading.clause_at(low.start)
        if clause is None or clause.is_any_at(_NOT_TEAM, (high or low).end):
            continue
        if clause.is_any(Stance.NEGATED) and not _is_said_again(reading, clause, low):
            continue
        if is_replaced(reading, low.start):
            continue
        said = _said(reading, clause, low, high or low)
        if said is None and _is_said_again(reading, clause, low) and high is None:
            yield Found("team_size", Size(number=int(low.value)), low.start, low.end, 0.8, needs_held=True), False
        elif said is not None:
            kind, extra = said
            confidence = 0.9 if kind == "users" else 0.8
            size = _size(low, high, extra)
            end = (high or low).end if extra == 0 else _with_me(reading, low)[1]
            start = low.start if extra == 0 else _with_me(reading, low)[0]
            yield Found("team_size", size, start, end, confidence, is_sure=kind != "bare"), kind == "users"


def _is_said_again(reading: Reading, clause: Clause, number: Number) -> bool:
    """ "sorry, 14": of a size that was said before; larger numbers are amounts."""
    language = reading.language
    is_corrected = has(language, language.correction, reading.folded[: clause.end])
    is_thing = compiled(rf"\s?(?:[\w-]+ )?(?:{language.not_people})(?!\w)").match(reading.folded, number.end)
    return is_corrected and clause.words <= _SHORT and 1 < number.value < _SMALL and is_thing is None


def _size(low: Number, high: Number | None, extra: int) -> Size:
    if high is None:
        return Size(number=int(low.value) + extra)
    return Size(low=int(low.value), high=int(high.value))


def _joined(reading: Reading, low: Number, high: Number) -> bool:
    gap, language = reading.folded[low.end : high.start], reading.language
    if low.value >= high.value or len(gap) > 8:
        return False
    opened = has(language, language.between, reading.folded[max(0, low.start - 20) : low.start])
    is_both = opened and compiled(language.both).fullmatch(gap.strip()) is not None
    return is_both or compiled(rf"\s?(?:-|{language.to})\s?").fullmatch(gap) is not None


def _said(reading: Reading, clause: Clause, low: Number, last: Number) -> tuple[str, int] | None:
    """Whether it counts users or people, and how many beside the number: "my two sons and I"."""
    language, text = reading.language, reading.folded
    is_article = low is last and low.in_words and low.value == 1
    if (is_article and not _counts_users(reading, low)) or _is_in_name(reading, low):
        return None
    before, after = text[clause.start : low.start], text[last.end : clause.end]
    if _with_me(reading, low) != (low.start, low.end):
        return "people", 1
    if compiled(language.together).fullmatch(text[low.start : last.end]):
        return "people", 0
    near = r"^[ -]?(?:d'|de |of (?:my |our |the )?)?(?:(?!and\b|or\b|with\b|for\b|in\b|at\b|per\b)[\w'-]*[^\Ws] ){0,2}?"
    is_direct = compiled(rf"^[ -]?(?:{language.users}|{language.people})(?!\w)").match(after) is not None
    is_thing = compiled(rf"^[ -]?(?:{language.not_people})(?!\w)").match(after) is not None
    if (
        (is_thing or not is_direct)
        and compiled(rf"{near}(?:{language.not_people})(?!\w)").match(after)
        and not compiled(rf" (?:{language.users})(?!\w)").match(after)
    ):
        return None
    if compiled(rf"{near}(?:{language.users})(?!\w)").match(after):
        return "users", 0
    if _is_used(reading, clause, low, last):
        return "users", 0
    if compiled(rf"{near}(?:{language.people})(?!\w)").match(after) and _is_ours(reading, clause):
        is_anybody = compiled(rf"^ ?(?:{language.anybody})(?!\w)").match(after) is not None
        if not is_anybody or clause.words <= _SHORT or _is_about_us(language, before):
            return "people", 0
    if _is_bracketed(reading, clause, low, after):
        return "people", 0
    return _cued(reading, clause, before, after)


def _is_in_name(reading: Reading, number: Number) -> bool:
    """ "Trois Rivières"."""
    rest = reading.text[number.end :].lstrip()
    return number.in_words and reading.text[number.start].isupper() and rest[:1].isupper()


def _counts_users(reading: Reading, number: Number) -> bool:
    """ "one user": elsewhere it is an article."""
    return compiled(rf" (?:{reading.language.users})(?!\w)").match(reading.folded, number.end) is not None


def _is_bracketed(reading: Reading, clause: Clause, low: Number, after: str) -> bool:
    """ "our dispatchers (about thirty)"."""
    language = reading.language
    told = compiled(rf"(?<!\w)(?:{language.people}|{language.users})\s*\(\s*(?:(?:{language.hedges})\s*)*$")
    is_alone = not re.search(r"\w", after)
    return is_alone and told.search(reading.folded, clause.sentence.start, low.start) is not None


def _is_used(reading: Reading, clause: Clause, low: Number, last: Number) -> bool:
    """Whether a verb of use belongs to the number: "only the nine people in intake would have access"."""
    using = pattern(reading.language, reading.language.using)
    before = reading.folded[max(clause.start, low.start - _BESIDE) : low.start]
    after = reading.folded[last.end : min(clause.end, last.end + _BESIDE)]
    told = next((one.end() for one in reversed(list(using.finditer(before)))), None)
    if told is not None and not re.search(r"\d", before[told:]):
        return True
    telling = using.search(after)
    return telling is not None and not re.search(r"\d", after[: telling.start()])


def _kin(reading: Reading) -> Iterator[Found]:
    """ "my sister and me", "mi papá, mi hermano y yo": people who are named one by one."""
    for match in _kin_and_me(reading.language).finditer(reading.folded):
        clause = reading.clause_at(match.start())
        if clause is not None and not clause.is_any(_NOT_TEAM & ~Stance.OTHERS):
            count = 1 + len(compiled(rf"(?<!\w)(?:{reading.language.kin})(?!\w)").findall(match.group()))
            yield Found("team_size", Size(number=count), match.start(), match.end(), 0.8)


@cache
def _kin_and_me(language: Language) -> re.Pattern[str]:
    one = rf"(?:(?:{language.possessives})\s)?(?:{language.kin})"
    several = rf"(?:{language.possessives})\s(?:{language.kin})(?:(?:,|,?\s(?:{language.both}))\s{one}){{0,4}}"
    return compiled(rf"(?<!\w)(?:{several},?\s(?:{language.and_i})|(?:{language.me_and})\s{several})(?!\w)")


def _cued(reading: Reading, clause: Clause, before: str, after: str) -> tuple[str, int] | None:
    language = reading.language
    hedged = rf"(?:\s(?:{language.between}|{language.hedges}|{language.at_most}|{language.at_least}))*\s*$"
    is_end = compiled(rf"\s*(?:$|(?:{language.of_us})(?!\w))").match(after) is not None
    if compiled(rf"\s(?:{language.of_us})(?!\w)").match(after) and (is_end or after.strip()):
        return "people", 0
    is_wanted = clause.has(language.need) or clause.is_any(Stance.REQUEST) or clause.words <= _SHORT
    if is_wanted and is_end and compiled(rf"(?<!\w)(?:{language.weak_team}){hedged}").search(before):
        return "people", 0
    if compiled(rf"(?<!\w)(?:{language.team_of}){hedged}").search(before) and (is_end or _is_strong(before, language)):
        return "people", 0
    if is_end and compiled(rf"(?<!\w)(?:{language.we_are}){hedged}").search(before):
        return "people", 0
    is_beside = compiled(rf"\s(?:{language.need_preposition})(?!\w)").match(after) is not None
    if is_beside and compiled(rf"(?<!\w)(?:{language.being}){hedged}").search(before):
        return "people", 0
    if reading.asks("team_size", clause) and clause.words <= 6:
        return "people", 0
    if not before.strip() and not after.strip() and len(reading.clauses) >= 3 and "@" in reading.text:
        return "bare", 0
    return None


def _is_ours(reading: Reading, clause: Clause) -> bool:
    """Whether the visitor speaks of themselves, of what they want, or says no more than that."""
    language = reading.language
    if clause.has(language.not_team):
        return False
    if clause.has(language.first) or clause.words <= _SHORT or reading.asks("team_size", clause):
        return True
    if clause.sentence is reading.clauses[0].sentence and clause.has(language.organisations):
        return True
    return any(clause.has(words) for words in (language.need, language.buying, language.we_are, language.team_of))


def _is_about_us(language: Language, before: str) -> bool:
    """ "200 people" are anybody, "we are 200 people" are not."""
    near = before[-_NEAR:]
    return any(has(language, words, near) for words in (language.we_are, language.team_of, language.weak_team))


def _is_strong(before: str, language: Language) -> bool:
    return has(language, language.team_of, before)


def _with_me(reading: Reading, number: Number) -> tuple[int, int]:
    """The words from a possessive to "and I", where they are there."""
    language = reading.language
    behind = compiled(rf"(?: [\w-]+){{1,2}} (?:{language.and_i})(?!\w)").match(reading.folded, number.end)
    lead = rf"(?<!\w)(?:{language.me_and})\s(?:(?:{language.possessives})\s)?$"
    before = compiled(lead).search(reading.folded, max(0, number.start - 20), number.start)
    if behind is None and before is not None:
        return before.start(), number.end
    if behind is None:
        return number.start, number.end
    before = pattern(language, language.articles).search(reading.folded, max(0, number.start - 6), number.start)
    return (before.start() if before else number.start), behind.end()
