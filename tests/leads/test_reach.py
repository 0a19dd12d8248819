import pytest

from tests.leads.talking import extracted, held, value_of


@pytest.mark.parametrize(
    ("said", "email"),
    [
        ("write to Ann.Lee@Example.com.", "ann.lee@example.com"),
        ("it's john dot smith at example dot com", "john.smith@example.com"),
        ("anton (at) example (dot) net", "anton@example.net"),
        ("reach me at mia underscore k at mail dot example dot org", "mia_k@mail.example.org"),
        ("mon mail : luc point petit arobase example point org", "luc.petit@example.org"),
        ("mi correo es eva arroba example punto com", "eva@example.com"),
        ("jo Punkt berg ät example Punkt de, bitte", "jo.berg@example.de"),
        ("נא לשלוח ל-billing@example.net", "billing@example.net"),
    ],
)
def test_an_address_is_read_however_it_is_spelt(said: str, email: str) -> None:
    assert value_of("email", said) == email


@pytest.mark.parametrize(
    "said",
    [
        "My colleague Anna (anna@example.com) will join",
        "don't use old@example.com",
        "Is sales@example.com your address?",
        "look at example.com",
        "> Write to us: sales@example.com",
        "a@b",
    ],
)
def test_somebody_elses_address_and_what_is_none_are_not_found(said: str) -> None:
    assert value_of("email", said) is None


@pytest.mark.parametrize(
    ("said", "region", "phone"),
    [
        ("call (212) 555-0143 ext. 22", "US", "+12125550143;ext=22"),
        ("Tel. 030 23125 117, Fax 030 23125 118", "DE", "+493023125117"),
        ("my number is +49 (0)30 23125 117", "US", "+493023125117"),
        ("ring me on 07700 900321", "GB", "+447700900321"),
        ("0044 7700 900321 is my mobile", "US", "+447700900321"),
        ("my UK number is 07700 900321", "US", "+447700900321"),
        ("phone: 030 23125 000", None, "03023125000"),
        ("06 39 98 12 45, demandez Inès", "FR", "+33639981245"),
        ("text me at five oh three five five five oh one nine two", "US", "+15035550192"),
    ],
)
def test_a_phone_number_is_brought_to_its_country(said: str, region: str | None, phone: str) -> None:
    assert value_of("phone", said, region=region) == phone


@pytest.mark.parametrize(
    "said",
    [
        "Order number 4155550133 never arrived",
        "the fax is 212 555 0143",
        "Your hotline 212 555 0100 is busy",
        "My boss is at 212 555 0188",
        "our budget is 2 000 000",
        "2026-11-15 to 2026-12-15",
    ],
)
def test_another_number_is_no_phone(said: str) -> None:
    assert value_of("phone", said) is None


def test_a_number_in_two_messages_is_one() -> None:
    assert value_of("phone", "my phone is 503 555", "> And the rest?", "0147") == "+15035550147"


def test_the_newer_address_counts_and_the_older_one_stays_as_replaced() -> None:
    values = extracted("I'm ann@example.com", "> Thanks", "use ann.lee@example.com instead, please")

    assert [(one.value, one.standing) for one in values if one.field == "email"] == [
        ("ann@example.com", "replaced"),
        ("ann.lee@example.com", "holds"),
    ]


def test_two_people_in_one_conversation_do_not_mix() -> None:
    found = held("I'm Rita Soto, rita@example.com", "> Hi Rita", "my colleague Bob (bob@example.com) is in copy")

    assert (found["name"], found["email"]) == ("Rita Soto", "rita@example.com")
