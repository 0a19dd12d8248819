import pytest

from contracts.leads import Size
from tests.leads.talking import value_of


@pytest.mark.parametrize(
    ("said", "region", "size"),
    [
        ("We need 30 seats", "US", Size(number=30)),
        ("We're a team of 14", "US", Size(number=14)),
        ("There are six of us in the office", "US", Size(number=6)),
        ("between 8 and 10 users for us", "US", Size(low=8, high=10)),
        ("We're a company of 200 people, but only 15 need access", "US", Size(number=15)),
        ("We have 80 employees and need 25 licenses", "US", Size(number=25)),
        ("It's for my two sons and I", "US", Size(number=3)),
        ("We employ a dozen welders", "US", Size(number=12)),
        ("Wir sind zu zweit", "DE", Size(number=2)),
        ("Wir haben fünfundzwanzig Mitarbeiter", "DE", Size(number=25)),
        ("Nous sommes une quinzaine de vendeurs", "FR", Size(number=15)),
        ("Somos entre 8 y 10", "ES", Size(low=8, high=10)),
        ("אנחנו צוות של 12", "IL", Size(number=12)),
        ("It's just me and my sister", "US", Size(number=2)),
        ("Somos mi papá, mi hermano y yo", "CL", Size(number=3)),
        ("There are 40 of us, and only the nine people in intake would have access", "US", Size(number=9)),
        ("Four in accounts plus 2 directors, so 6 of us", "US", Size(number=6)),
        ("Wir sind ein Team mit fünf Leuten", "DE", Size(number=5)),
        ("Für unsere Disponenten (rund 20)", "DE", Size(number=20)),
        ("Wir brauchen 15 statt 25 Lizenzen", "DE", Size(number=15)),
        ("we're a 7 person landscaping outfit", "US", Size(number=7)),
    ],
)
def test_how_many_would_use_it(said: str, region: str, size: Size) -> None:
    assert value_of("team_size", said, region=region) == size


@pytest.mark.parametrize(
    "said",
    [
        "We serve 3,000 customers",
        "We have 140 desks",
        "What would it cost for 100 users?",
        "My husband has 12 mechanics",
        "I live in a town of 3,000 people",
        "We've been around for 12 years",
        "If I took ten licences, and then thirty?",
        "Priced at $40 a head, it's too much for us",
        "I have 4 kids",
        "it's 14:30 here",
        "We're hiring 10 people",
        "Nous voulons un assistant",
        "Je vous écris pour les Trois Rivières",
    ],
)
def test_another_count_is_no_team(said: str) -> None:
    assert value_of("team_size", said) is None


def test_a_bare_answer_is_read_by_its_question() -> None:
    assert value_of("team_size", "> How many people are you?", "12") == Size(number=12)
    assert value_of("team_size", "12") is None


def test_a_corrected_size_counts() -> None:
    assert value_of("team_size", "we need 12 seats", "> Noted.", "sorry, 14 seats") == Size(number=14)
