"""Which of the times in a message is the one by which the visitor wants to decide, buy, start or be live."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from backend.leads.calendar import Days
from backend.leads.clauses import Clause, Stance
from backend.leads.dates import Moment, moments
from backend.leads.found import Found, Reading
from backend.leads.languages.base import compiled, has
from backend.leads.words import LEGAL_TAIL
from contracts.leads import When

_NEAR: Final = 26
_NOT_TIMELINE: Final = (
    Stance.OTHERS | Stance.YOURS | Stance.ORDER | Stance.QUOTED | Stance.QUESTION | Stance.SUPPOSED | Stance.PAST
)


def times(reading: Reading) -> list[Moment]:
    """Every time of the message; of two that are joined ("from May to July"), one that spans both."""
    setting, language = reading.setting, reading.language
    every = [one for one in moments(reading.folded, language, setting.today, setting.region) if _is_time(one, reading)]
    joined: list[Moment] = []
    for one in every:
        if joined and _is_moved(reading, joined[-1], one):
            joined[-1] = one
        elif joined and (both := _joined(reading, joined[-1], one)):
            joined[-1] = both
        else:
            joined.append(one)
    return joined


def _is_time(moment: Moment, reading: Reading) -> bool:
    """ "may" and "fall" are verbs unless a capital or a preposition says otherwise.

    "Sommer KG" is a company, and "Christmas orders" are no time.
    """
    if LEGAL_TAIL.match(reading.folded, moment.end) and reading.text[moment.start].isupper():
        return False
    word = reading.folded[moment.start : moment.end]
    language = reading.language
    attribute = rf"\s(?!(?:{language.common}|{language.hedges}|{language.need_preposition})(?!\w))[a-z]{{3,}}"
    is_named = compiled("|".join([language.seasons, *language.feasts])).fullmatch(word) is not None
    if is_named and language.attributive and compiled(attribute).match(reading.folded, moment.end):
        return False
    if not compiled(reading.language.doubtful).fullmatch(word):
        return True
    before = reading.folded[max(0, moment.start - 12) : moment.start].rstrip(" (")
    is_named = reading.text[moment.start].isupper() and before.rstrip()[-1:] not in ("", ".", "!", "?")
    return is_named or compiled(rf"(?<!\w)(?:{reading.language.on})$").search(before) is not None


def _is_moved(reading: Reading, first: Moment, second: Moment) -> bool:
    """ "slipped from March to May": the first is over."""
    language = reading.language
    gap = reading.folded[first.end : second.start].strip()
    is_joint = compiled(rf"-|->|{language.to}|{language.moved}").fullmatch(gap) is not None
    return is_joint and has(language, language.correction, reading.folded[max(0, first.start - 40) : first.start])


def _joined(reading: Reading, first: Moment, second: Moment) -> Moment | None:
    gap = reading.folded[first.end : second.start].strip()
    language = reading.language
    opened = has(language, language.between, reading.folded[max(0, first.start - 20) : first.start])
    is_joint = compiled(rf"-|{language.to}").fullmatch(gap) or (opened and compiled(language.both).fullmatch(gap))
    if not is_joint or first.days is None or second.days is None or first.days.first >= second.days.last:
        return None
    return Moment(first.start, second.end, Days(first.days.first, second.days.last))


def timelines(reading: Reading, every: Sequence[Moment]) -> Iterator[Found]:
    for moment in every:
        clause = reading.clause_at(moment.start)
        if clause is None:
            continue
        score = _score(moment, clause, reading)
        if score >= 2:
            confidence = min(0.95, 0.6 + score / 10)
            yield Found(
                "timeline",
                when(moment, reading.text),
                moment.start,
                moment.end,
                confidence,
                is_sure=score >= 3 or not rest_of(moment, clause),
            )


def _score(moment: Moment, clause: Clause, reading: Reading) -> int:
    """How much speaks for a time of the purchase; below 2 it is none."""
    language = reading.language
    is_revised = clause.has(language.correction)
    refused = _NOT_TIMELINE & ~Stance.PAST if is_revised else _NOT_TIMELINE
    if clause.is_any(refused) or (clause.is_any(Stance.NEGATED) and not is_revised):
        return 0
    around = reading.folded[max(clause.start, moment.start - _NEAR) : min(clause.end, moment.end + _NEAR)]
    since = compiled(rf"(?<!\w)(?:{language.lasting})\s$").search(reading.folded, clause.start, moment.start)
    if since or (has(language, language.not_timeline, around) and not is_revised):
        return 0
    if clause.is_any(Stance.REQUEST) and clause.has(language.not_need):
        return 0
    rest = rest_of(moment, clause)
    small = rf"(?<!\w)(?:{language.hedges}|{language.on}|{language.since}|{language.articles})(?!\w)"
    words = len(re.findall(r"[^\W\d_]+", compiled(small).sub("", rest)))
    is_asked = reading.asks("timeline", clause)
    cue = clause.has(language.buying)
    signs = (
        2 * cue,
        2 * is_asked,
        clause.has(language.first),
        words <= 2,
        words == 0,
        is_revised * (2 if words <= 5 else 1),
    )
    return sum(map(int, signs)) - int(moment.is_weak)


def rest_of(moment: Moment, clause: Clause) -> str:
    """The clause without the time."""
    text = clause.message[clause.start : moment.start] + " " + clause.message[moment.end : clause.end]
    return text.strip(" .,;:!\n")


def when(moment: Moment, text: str) -> When:
    """`text` as written."""
    said = text[moment.start : moment.end]
    if moment.days is None:
        return When(text=said)
    if moment.days.first == moment.days.last:
        return When(text=said, date=moment.days.first)
    return When(text=said, start=moment.days.first, end=moment.days.last)
