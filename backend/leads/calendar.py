"""Days: what a time that somebody says means on the day on which it is said."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from backend.leads.languages.base import Part, Step, Unit


@dataclass(frozen=True, slots=True)
class Days:
    """One day, where `first` is `last`, or several."""

    first: date
    last: date

    @classmethod
    def one(cls, day: date) -> "Days":
        return cls(day, day)


def month(year: int, number: int) -> Days:
    return Days(date(year, number, 1), date(year, number, monthrange(year, number)[1]))


def months(year: int, first: int, last: int) -> Days:
    return Days(month(year, first).first, month(year, last).last)


def next_month(today: date, number: int, year: int | None) -> Days:
    """The next one of that number that is not over."""
    if year is not None:
        return month(year, number)
    return month(today.year + (number < today.month), number)


def next_months(today: date, first: int, last: int, year: int | None) -> Days:
    """A quarter or a half of a year: the next one that is not over."""
    if year is not None:
        return months(year, first, last)
    return months(today.year + (last < today.month), first, last)


def next_day(today: date, number: int, day: int) -> date | None:
    """The next one of that month and day, today among them; None for a day that there is not."""
    for year in range(today.year, today.year + 9):
        if day <= monthrange(year, number)[1] and (found := date(year, number, day)) >= today:
            return found
    return None


def day_of(year: int, number: int, day: int) -> date | None:
    try:
        return date(year, number, day)
    except ValueError:
        return None


def day_of_month(today: date, day: int) -> date | None:
    """ "the 20th": of this month or the next that has one."""
    if not 1 <= day <= 31:
        return None
    year, number = today.year, today.month
    for _ in range(12):
        found = day_of(year, number, day)
        if found is not None and found >= today:
            return found
        year, number = (year, number + 1) if number < 12 else (year + 1, 1)
    return None


def weekday(today: date, number: int, step: Step, week_starts: int) -> date:
    """`step` "first": the first one after today; "week": of the next calendar week."""
    if step == "first":
        return today + timedelta(days=(number - today.weekday() - 1) % 7 + 1)
    return week(today, 1, week_starts).first + timedelta(days=(number - week_starts) % 7)


def week(today: date, ahead: int, week_starts: int) -> Days:
    first = today - timedelta(days=(today.weekday() - week_starts) % 7) + timedelta(weeks=ahead)
    return Days(first, first + timedelta(days=6))


def period(today: date, unit: Unit, ahead: int, week_starts: int) -> Days:
    """This one (0), the next (1) of that unit."""
    match unit:
        case "day":
            return Days.one(today + timedelta(days=ahead))
        case "week":
            return week(today, ahead, week_starts)
        case "month":
            place = today.year * 12 + today.month - 1 + ahead
            return month(place // 12, place % 12 + 1)
        case "quarter":
            place = today.year * 4 + (today.month - 1) // 3 + ahead
            return months(place // 4, place % 4 * 3 + 1, place % 4 * 3 + 3)
        case "half":
            place = today.year * 2 + (today.month - 1) // 6 + ahead
            return months(place // 2, place % 2 * 6 + 1, place % 2 * 6 + 6)
        case "year":
            return months(today.year + ahead, 1, 12)


def after(today: date, unit: Unit, count: int) -> date:
    """That many units from today; the last day of a month that has not so many."""
    match unit:
        case "day":
            return today + timedelta(days=count)
        case "week":
            return today + timedelta(weeks=count)
        case _:
            place = today.year * 12 + today.month - 1 + count * {"month": 1, "quarter": 3, "half": 6, "year": 12}[unit]
            year, number = place // 12, place % 12 + 1
            return date(year, number, min(today.day, monthrange(year, number)[1]))


def part_of(days: Days, part: Part) -> Days:
    """Early, mid and late are days 1-10, 11-20 and 21 to the end of a month, thirds of what is longer."""
    if part == "end":
        return Days.one(days.last)
    if part == "start":
        return Days.one(days.first)
    length = (days.last - days.first).days + 1
    if length <= 7:
        return days
    third = 10 if length <= 31 else length // 3
    second = days.first + timedelta(days=third)
    last = second + timedelta(days=third)
    if part == "early":
        return Days(days.first, second - timedelta(days=1))
    if part == "mid":
        return Days(second, last - timedelta(days=1))
    return Days(last, days.last)
