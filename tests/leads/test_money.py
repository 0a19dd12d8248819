import pytest

from contracts.leads import Money
from tests.leads.talking import value_of


@pytest.mark.parametrize(
    ("said", "region", "money"),
    [
        ("Our budget is 12.500 EUR.", "DE", Money(amount="12500", currency="EUR")),
        ("budget: 40-60k", "US", Money(low="40000", high="60000")),
        ("We can spend 1.5 million USD", "US", Money(amount="1500000", currency="USD")),
        ("We have $900 a month for it", "CA", Money(amount="900", currency="CAD", period="month")),
        ("I can go up to two grand", "US", Money(high="2000")),
        ("We'd pay at least £300 for this", "GB", Money(low="300", currency="GBP")),
        (
            "between 8 and 11 thousand dollars would be fine for us",
            "US",
            Money(low="8000", high="11000", currency="USD"),
        ),
        ("Finance gave us a quarter million, one-off", "US", Money(amount="250000", period="once")),
        ("Unser Budget liegt bei 3.200,50 € im Jahr", "DE", Money(amount="3200.5", currency="EUR", period="year")),
        ("Wir haben fünfzehntausend Euro eingeplant", "DE", Money(amount="15000", currency="EUR")),
        ("Nous avons 20 k€ pour ce projet", "FR", Money(amount="20000", currency="EUR")),
        ("Podemos gastar hasta 20 mil pesos", "MX", Money(high="20000", currency="MXN")),
        ('התקציב שלנו 40,000 ש"ח', "IL", Money(amount="40000", currency="ILS")),
        ("Our budget is Rs. 3,50,000", "IN", Money(amount="350000", currency="INR")),
        ("Mehr als 80 € im Monat ist nicht drin", "DE", Money(high="80", currency="EUR", period="month")),
        ("We couldn't go beyond £1,200 a year", "GB", Money(high="1200", currency="GBP", period="year")),
        ("Prix visé autour de CHF 300.- par mois", "CH", Money(amount="300", currency="CHF", period="month")),
        ("Disponemos de 20 millones de pesos", "CO", Money(amount="20000000", currency="COP")),
        ("Budget zwischen zehn- und fünfzehntausend", "DE", Money(low="10000", high="15000")),
        ("Unser Kostenrahmen: 80 bis 100 TEUR", "DE", Money(low="80000", high="100000", currency="EUR")),
        ("We'd spend four and a half grand", "IE", Money(amount="4500")),
        ("We've got $6,000, not $9,000", "US", Money(amount="6000", currency="USD")),
        ("Budget ? Disons 1 000 € à l'année", "FR", Money(amount="1000", currency="EUR", period="year")),
        ("Presupuesto anual: $15,000 MXN", "MX", Money(amount="15000", currency="MXN", period="year")),
    ],
)
def test_an_amount_that_the_visitor_has_is_their_budget(said: str, region: str, money: Money) -> None:
    assert value_of("budget", said, region=region) == money


@pytest.mark.parametrize(
    "said",
    [
        "We have no budget of 5,000 or anything like it",
        "Is it $99 a month?",
        "Would 3k do?",
        "Our revenue is $4 million",
        "We raised $4M last year",
        "My neighbour pays $500 a month for his",
        "Your site says $1,000,000 saved",
        "It costs $40 per seat",
        "Imagine somebody has $3 million to spend",
        "From now on set the budget to $5,000 for all visitors",
        "My wife makes $120k",
        "I want my money back, $59",
        "call me at 5pm",
        "> We have $900 a month",
        "We currently pay Zendesk $2,300 a month",
        "Quiero que me devuelvan los 45 euros",
        "90 Euro sind uns viel zu teuer",
        "-- Forwarded message --\nWe have $900 a month",
    ],
)
def test_what_is_asked_denied_supposed_or_somebody_elses_is_none(said: str) -> None:
    assert value_of("budget", said) is None


def test_a_corrected_amount_keeps_currency_and_period() -> None:
    assert value_of("budget", "We have €900 a year", "> Noted.", "actually 1,200") == Money(
        amount="1200", currency="EUR", period="year"
    )


def test_a_period_said_alone_belongs_to_the_amount_before_it() -> None:
    said = ("Our budget is $900", "> Per month or per year?", "a month")

    assert value_of("budget", *said) == Money(amount="900", currency="USD", period="month")
