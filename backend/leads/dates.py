"""Times in a folded text: "end of Q2", "3 weeks from today", "15. August", "next Tuesday", "09/28"."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Final, TypeVar

from backend.leads import calendar
from backend.leads.calendar import Days
from backend.leads.languages.base import NEVER, Language, compiled, pattern
from backend.leads.numbers import Number, numbers

T = TypeVar("T")
MONTH_FIRST: Final = frozenset({"US", "PH", "PR"})
_YEAR: Final = r"(?P<year>20[2-9]\d)"


@dataclass(frozen=True, slots=True)
class Moment:
    """The words from `start` to `end`, and the days that they mean; None for "asap" and seasons.

    `is_weak`: a bare year or day of a month, which needs more than itself to be a time.
    """

    start: int
    end: int
    days: Days | None
    is_weak: bool = False


Reader = Callable[[re.Match[str], Language, date], Days | None]


def moments(text: str, language: Language, today: date, region: str | None) -> list[Moment]:
    """In the order of the text; of those that overlap, the longest."""
    found = [*_grammar(text, language, today), *_numeric(text, today, region), *_ahead(text, language, today)]
    found += _duals(text, language, today)
    found.sort(key=lambda one: (-(one.end - one.start), one.start))
    kept: list[Moment] = []
    for one in found:
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def _any(words: Iterable[str]) -> str:
    return "|".join(words) or NEVER


def _value(table: Mapping[str, T], word: str) -> T:
    return next(value for words, value in table.items() if compiled(words).fullmatch(word))


@cache
def _patterns(language: Language) -> list[tuple[re.Pattern[str], Reader, bool]]:
    glued = f"(?:{language.glued})?" if language.glued else ""
    month, unit = _any(language.months), _any(language.time_units)
    of = rf"(?:\s?(?:{language.of})\s?|\s|-)"
    part = rf"(?:(?P<part>{_any(language.parts)})(?:{of})+)?" if language.parts else "(?P<part>(?!))?"
    opening, closing = rf"(?<!\w){glued}", r"(?!\w)"
    day = rf"(?:(?P<ordinal>{_any(language.ordinals)})|(?P<day>\d{{1,2}})(?:{language.ordinal})?)"
    year = rf"(?:[ ,.]*(?:{language.of})?\s?{_YEAR})?"
    short = r"(?:\.(?=\s?\d))?"
    weekdays = _any(language.weekdays)
    after = rf"(?:\s(?P<after>{language.next_after}))?"
    rows: list[tuple[str, Reader, bool]] = [
        (rf"{day}{of}?\s?(?P<month>{month}){short}{year}", _day, False),
        (rf"(?P<month>{month}){short}\s(?:the )?{day}(?!\s?(?:%|k\b)){year}", _day, False),
        (rf"{part}(?P<month>{month}){short}{year}", _month, False),
        (rf"{part}(?:{language.quarter})\s?(?P<quarter>[1-4]){year}", _quarter, False),
        (rf"{part}(?P<quarter>[1-4])(?:st|nd|rd|th|\.|er|eme|e|º)?\s(?:{language.quarter}){year}", _quarter, False),
        (rf"{part}(?P<ordinal>{_any(language.ordinals)})\s(?:{language.quarter}){year}", _quarter, False),
        (rf"{part}(?:{language.quarter})\s(?:ה)?(?P<ordinal>{_any(language.ordinals)}){year}", _quarter, False),
        (rf"{part}(?P<half>{_any(language.halves)})(?:{of})*{year}", _half, False),
        (rf"{part}(?:(?P<next>{language.next})|(?P<this>{language.this}))\s(?P<unit>{unit})", _period, False),
        (rf"{part}(?P<unit>{unit})\s(?P<after>{language.next_after})", _period, False),
        (rf"(?P<part>{_any(language.parts)})(?:{of})+(?P<unit>{unit})", _period, False),
        (language.part_year, _year_end, False),
        (
            rf"(?:(?P<next>{language.next})|(?P<this>{language.this}))?\s?(?P<weekday>{weekdays}){after}",
            _weekday,
            False,
        ),
        (rf"(?:{language.next_week_day})\s(?:{language.of})?\s?(?P<weekday>{weekdays})", _next_week_day, False),
        (rf"(?P<weekday>{weekdays})\s(?:{language.next_week_day})", _next_week_day, False),
        (rf"(?P<days>{_any(language.days)})", _relative, False),
        (rf"(?P<feast>{_any(language.feasts)})", _feast, False),
        (rf"(?P<season>(?:{language.soon}))", _none, False),
        (rf"(?P<season>(?:{language.seasons}))(?:\s{_YEAR})?", _none, False),
        (rf"{part}{_YEAR}", _year, True),
        (rf"(?:{language.day_of_month})", _bare_day, True),
    ]
    return [(re.compile(opening + f"(?P<moment>{words})" + closing), reader, weak) for words, reader, weak in rows]


def _grammar(text: str, language: Language, today: date) -> Iterator[Moment]:
    for words, reader, is_weak in _patterns(language):
        for match in words.finditer(text):
            days, end = reader(match, language, today), match.end("moment")
            if (
                days is not None
                and (later := _next_year(language).match(text, end))
                and not match.groupdict().get("year")
            ):
                days, end = _in_year(days, today.year + 1), later.end()
            if days is not None or reader is _none:
                yield Moment(match.start("moment"), end, days, is_weak)


@cache
def _next_year(language: Language) -> re.Pattern[str]:
    return compiled(rf"[ ,]+(?:{language.of})?\s?(?:{language.next_year})(?!\w)")


def _in_year(days: Days, year: int) -> Days:
    """The same days of that year; the last of February is the last."""
    first = calendar.day_of(year, days.first.month, days.first.day) or date(year, 2, 28)
    last = calendar.day_of(year, days.last.month, days.last.day) or date(year, 2, 28)
    return Days(first, last)


def _part(match: re.Match[str], language: Language, days: Days) -> Days:
    if (said := match["part"]) is None:
        return days
    return calendar.part_of(days, _value(language.parts, said))


def _said_year(match: re.Match[str]) -> int | None:
    return int(match["year"]) if match["year"] else None


def _day(match: re.Match[str], language: Language, today: date) -> Days | None:
    number, day = _value(language.months, match["month"]), _day_number(match, language)
    year = _said_year(match)
    found = calendar.day_of(year, number, day) if year else calendar.next_day(today, number, day)
    return Days.one(found) if found else None


def _day_number(match: re.Match[str], language: Language) -> int:
    return _value(language.ordinals, match["ordinal"]) if match["ordinal"] else int(match["day"])


def _month(match: re.Match[str], language: Language, today: date) -> Days | None:
    number = _value(language.months, match["month"])
    return _part(match, language, calendar.next_month(today, number, _said_year(match)))


def _quarter(match: re.Match[str], language: Language, today: date) -> Days | None:
    said = match.groupdict()
    number = _value(language.ordinals, said["ordinal"]) if said.get("ordinal") else int(said["quarter"])
    if not 1 <= number <= 4:
        return None
    first = number * 3 - 2
    return _part(match, language, calendar.next_months(today, first, first + 2, _said_year(match)))


def _half(match: re.Match[str], language: Language, today: date) -> Days | None:
    first = _value(language.halves, match["half"]) * 6 - 5
    return _part(match, language, calendar.next_months(today, first, first + 5, _said_year(match)))


def _period(match: re.Match[str], language: Language, today: date) -> Days | None:
    unit = _value(language.time_units, match["unit"])
    groups = match.groupdict()
    ahead = int(bool(groups.get("next") or groups.get("after")))
    if unit == "day" or (not ahead and match["part"] is None and unit != "week"):
        return calendar.period(today, unit, 0, language.week_starts) if groups.get("this") and unit != "day" else None
    return _part(match, language, calendar.period(today, unit, ahead, language.week_starts))


def _year_end(match: re.Match[str], language: Language, today: date) -> Days | None:
    del match, language
    return Days.one(date(today.year, 12, 31))


def _weekday(match: re.Match[str], language: Language, today: date) -> Days | None:
    number = _value(language.weekdays, match["weekday"])
    is_next = match["next"] is not None
    step = language.next_weekday if is_next else language.after_weekday if match["after"] else "first"
    return Days.one(calendar.weekday(today, number, step, language.week_starts))


def _next_week_day(match: re.Match[str], language: Language, today: date) -> Days | None:
    number = _value(language.weekdays, match["weekday"])
    return Days.one(calendar.weekday(today, number, "week", language.week_starts))


def _relative(match: re.Match[str], language: Language, today: date) -> Days | None:
    return Days.one(calendar.after(today, "day", _value(language.days, match["days"])))


def _feast(match: re.Match[str], language: Language, today: date) -> Days | None:
    number, day = _value(language.feasts, match["feast"])
    found = calendar.next_day(today, number, day)
    return Days.one(found) if found else None


def _year(match: re.Match[str], language: Language, today: date) -> Days | None:
    year = int(match["year"])
    return _part(match, language, calendar.months(year, 1, 12)) if year >= today.year else None


def _bare_day(match: re.Match[str], language: Language, today: date) -> Days | None:
    del language
    digits = re.search(r"\d+", match["moment"])
    found = calendar.day_of_month(today, int(digits.group())) if digits else None
    return Days.one(found) if found else None


def _none(match: re.Match[str], language: Language, today: date) -> Days | None:
    del match, language, today
    return None


_ISO: Final = re.compile(r"(?<![\d.,/-])(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?![\d/-])")
_SLASHED: Final = re.compile(
    r"(?<![\d.,/-])(\d{1,2})([./-])(\d{1,2})(?:\2(20\d\d|\d\d)|(?<=\d)\.(?!\d)|(?![\d./,-]))(?![\d/])"
)


def _numeric(text: str, today: date, region: str | None) -> Iterator[Moment]:
    for match in _ISO.finditer(text):
        if day := calendar.day_of(*map(int, match.groups())):
            yield Moment(match.start(), match.end(), Days.one(day))
    for match in _SLASHED.finditer(text):
        first, second = int(match[1]), int(match[3])
        is_always = (match[1], match[3]) == ("24", "7")
        if is_always or (match[2] == "-" and not match[4]):
            continue
        if match[2] == "." and not match[4] and not match.group().endswith("."):
            continue
        is_month_first = (match[2] == "/" and region in MONTH_FIRST and first <= 12) or second > 12
        number, number_of_day = (first, second) if is_month_first else (second, first)
        year = int(match[4]) + (2000 if len(match[4]) == 2 else 0) if match[4] else None
        if not 1 <= number <= 12:
            continue
        found = (
            calendar.day_of(year, number, number_of_day) if year else calendar.next_day(today, number, number_of_day)
        )
        if found:
            yield Moment(match.start(), match.end(), Days.one(found))


def _ahead(text: str, language: Language, today: date) -> Iterator[Moment]:
    """ "in six weeks", "3 weeks from today"."""
    unit, before, behind = _ahead_patterns(language)
    for number in [*numbers(text, language), *_articles(text, language)]:
        if not (named := unit.match(text, number.end)) or not number.is_whole or number.value > 400:
            continue
        start, end = before.search(text, max(0, number.start - 24), number.start), behind.match(text, named.end())
        if start is None and end is None:
            continue
        kind = _value(language.time_units, named["unit"])
        day = calendar.after(today, kind, int(number.value))
        from_ = start.start("ahead") if start else number.start
        yield Moment(from_, end.end() if end else named.end(), Days.one(day))


@cache
def _ahead_patterns(language: Language) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        compiled(rf"[ -](?P<unit>{_any(language.time_units)})(?!\w)"),
        compiled(rf"(?<!\w)(?P<ahead>{language.ahead})[ -]?$"),
        compiled(rf"'?\s(?:{language.ahead_after})(?!\w)"),
    )


@cache
def _single(language: Language) -> re.Pattern[str]:
    return compiled(rf"(?<=\s)(?:{language.single})(?=[ -](?:{_any(language.time_units)})(?!\w))")


def _duals(text: str, language: Language, today: date) -> Iterator[Moment]:
    """ "in a fortnight", "תוך שבועיים"."""
    _, before, _ = _ahead_patterns(language)
    for words, (unit, count) in language.spans.items():
        for match in pattern(language, words).finditer(text):
            start = before.search(text, max(0, match.start() - 24), match.start())
            if start is not None:
                yield Moment(start.start("ahead"), match.end(), Days.one(calendar.after(today, unit, count)))


def _articles(text: str, language: Language) -> Iterator[Number]:
    """ "in a month"."""
    for match in _single(language).finditer(text):
        yield Number(Decimal(1), match.start(), match.end(), in_words=True)
