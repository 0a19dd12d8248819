from datetime import date

import pytest

from backend.leads import calendar
from contracts.leads import When
from tests.leads.talking import TODAY, value_of


def day(text: str, *numbers: int) -> When:
    return When(text=text, date=date(*numbers))


def days(text: str, first: tuple[int, int, int], last: tuple[int, int, int]) -> When:
    return When(text=text, start=date(*first), end=date(*last))


@pytest.mark.parametrize(
    ("said", "region", "when"),
    [
        ("We need it by the end of Q2", "US", day("the end of Q2", 2027, 6, 30)),
        ("We want to start next Tuesday", "US", day("next Tuesday", 2026, 9, 8)),
        ("We go live 3 weeks from today", "US", day("3 weeks from today", 2026, 9, 24)),
        ("We decide in a month", "US", day("in a month", 2026, 10, 3)),
        ("live by 09/28 please", "US", day("09/28", 2026, 9, 28)),
        ("live by 28/09 please", "US", day("28/09", 2026, 9, 28)),
        ("We start on the fifteenth of November", "US", day("fifteenth of November", 2026, 11, 15)),
        ("Launch: 2026-11-15", "US", day("2026-11-15", 2026, 11, 15)),
        ("we'd sign in early November", "US", days("early November", (2026, 11, 1), (2026, 11, 10))),
        ("We plan it for October next year", "US", days("October next year", (2027, 10, 1), (2027, 10, 31))),
        ("asap please", "US", When(text="asap")),
        (
            "Die Einführung ist für das dritte Quartal 2027 geplant",
            "DE",
            days("dritte Quartal 2027", (2027, 7, 1), (2027, 9, 30)),
        ),
        ("Avant le 1er mai si possible", "FR", day("1er mai", 2027, 5, 1)),
        ("Wir sind 6. Start ist im Mai.", "DE", days("Mai", (2027, 5, 1), (2027, 5, 31))),
        ("It moved from August to October", "US", days("October", (2026, 10, 1), (2026, 10, 31))),
        ("Lo requerimos a más tardar en dos semanas", "MX", day("a más tardar en dos semanas", 2026, 9, 17)),
        ("Wir brauchen es bis Ende Juli", "DE", day("Ende Juli", 2027, 7, 31)),
        ("Start ist am 3. Mai 2027", "DE", day("3. Mai 2027", 2027, 5, 3)),
        ("Wir wollen nächsten Montag anfangen", "DE", day("nächsten Montag", 2026, 9, 7)),
        ("Il nous le faut pour la mi-octobre", "FR", days("la mi-octobre", (2026, 10, 11), (2026, 10, 20))),
        ("On veut démarrer mardi prochain", "FR", day("mardi prochain", 2026, 9, 8)),
        ("Lo queremos antes del 15 de enero", "ES", day("15 de enero", 2027, 1, 15)),
        ("אנחנו רוצים להתחיל תוך שבועיים", "IL", day("תוך שבועיים", 2026, 9, 17)),
        ("צריכים את זה עד סוף ספטמבר", "IL", day("סוף ספטמבר", 2026, 9, 30)),
    ],
)
def test_when_the_visitor_wants_it_is_read_as_days(said: str, region: str, when: When) -> None:
    assert value_of("timeline", said, region=region) == when


@pytest.mark.parametrize(
    "said",
    [
        "Call me back on Monday",
        "Are you open in October?",
        "We bought the last one in March",
        "My birthday is on May 3",
        "Our contract with them expires in June",
        "My neighbour starts in June",
        "we may need it",
        "Könnt ihr mir bis Freitag ein Angebot schicken?",
        "We want to take Christmas orders",
        "Wir sind die Backhaus Sommer KG",
    ],
)
def test_another_time_is_no_timeline(said: str) -> None:
    assert value_of("timeline", said) is None


def test_the_next_of_a_month_that_is_not_over() -> None:
    assert calendar.next_month(TODAY, 9, None) == calendar.month(2026, 9)
    assert calendar.next_month(TODAY, 8, None) == calendar.month(2027, 8)


def test_a_day_that_there_is_not_is_none() -> None:
    assert calendar.next_day(TODAY, 2, 30) is None
    assert calendar.next_day(TODAY, 2, 29) == date(2028, 2, 29)


def test_a_month_from_its_last_day_ends_with_the_shorter_one() -> None:
    assert calendar.after(date(2027, 1, 31), "month", 1) == date(2027, 2, 28)


def test_a_week_begins_on_monday_or_on_sunday() -> None:
    assert calendar.week(TODAY, 1, 0).first == date(2026, 9, 7)
    assert calendar.week(TODAY, 1, 6).first == date(2026, 9, 6)
