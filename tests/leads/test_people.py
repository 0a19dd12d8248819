import pytest

from tests.leads.talking import extracted, held, value_of


@pytest.mark.parametrize(
    ("said", "region", "name", "company", "role"),
    [
        ("Hi, I'm Monica Feldt from Brightwater Dental.", "US", "Monica Feldt", "Brightwater Dental", None),
        ("John Whitaker here, bursar at St Olave's School.", "GB", "John Whitaker", "St Olave's School", "bursar"),
        (
            "thanks,\nPaul Ericsson\nHead of Procurement\nNorthfield Paper Inc.",
            "US",
            "Paul Ericsson",
            "Northfield Paper Inc",
            "Head of Procurement",
        ),
        ("Name: Priya Nair\nCompany: Maple Clinics\nRole: COO", "US", "Priya Nair", "Maple Clinics", "COO"),
        ("| name | Olga Reva |\n| company | Dnipro Mills |", "US", "Olga Reva", "Dnipro Mills", None),
        (
            "I used to work at Contoso, now I'm with Lumen Robotics as a data analyst",
            "US",
            None,
            "Lumen Robotics",
            "data analyst",
        ),
        ("We're Juniper Wind LLC and need a planner", "US", None, "Juniper Wind LLC", None),
        ("im carlos and i need invoicing software", "US", "carlos", None, None),
        (
            "This is Dr. Amara Okafor, veterinarian at Lakeside Animal Hospital",
            "US",
            "Amara Okafor",
            "Lakeside Animal Hospital",
            "veterinarian",
        ),
        (
            "Hallo, hier Jonas Reuter von der Reuter Holzbau GmbH, Projektleiter.",
            "DE",
            "Jonas Reuter",
            "Reuter Holzbau GmbH",
            "Projektleiter",
        ),
        (
            "Je m'appelle Luc Perrin, comptable chez Verrerie Laroche.",
            "FR",
            "Luc Perrin",
            "Verrerie Laroche",
            "comptable",
        ),
        (
            "Soy Lucía Ferrer, responsable de compras de Conservas del Sur.",
            "ES",
            "Lucía Ferrer",
            "Conservas del Sur",
            "responsable de compras",
        ),
        (
            "Cordialement,\nYann Le Goff\nchargé de mission transition numérique",
            "FR",
            "Yann Le Goff",
            None,
            "chargé de mission transition numérique",
        ),
        ("ici Nadia de la mairie de Vercourt", "FR", "Nadia", "mairie de Vercourt", None),
        ("C'est Mélodie du Café Bergamote", "CA", "Mélodie", "Café Bergamote", None),
        ("Soy Marta, escribo para mi empresa, Redes Civiles", "ES", "Marta", "Redes Civiles", None),
        ("Ich leite die IT der Stadtwerke Elmental", "DE", None, "Stadtwerke Elmental", None),
        ("I'm a consultant asking on behalf of a client", "US", None, None, "consultant"),
        ("Amtsleiter Florian Gruber am Apparat", "AT", "Florian Gruber", None, "Amtsleiter"),
        ("Viele Grüße, Eure Steffi Baum", "DE", "Steffi Baum", None, None),
        ("bin der felix und suche etwas", "DE", "felix", None, None),
        ('אני מבית הספר "נופי כרמל"', "IL", None, "נופי כרמל", None),
        ("Role: Director of Member Services", "US", None, None, "Director of Member Services"),
        ("שמי יעל ברקוביץ, מנהלת רכש בחברת אורן תעשיות", "IL", "יעל ברקוביץ", "אורן תעשיות", "מנהלת רכש"),
    ],
)
def test_who_writes_is_found(said: str, region: str, name: str | None, company: str | None, role: str | None) -> None:
    found = held(said, region=region)

    assert (found.get("name"), found.get("company"), found.get("role")) == (name, company, role)


@pytest.mark.parametrize(
    "said",
    [
        "My boss is called Linda Marsh",
        "Our CEO, Linda Marsh, decides",
        "please set up an account for our newest hire, Pete Lang",
        "I don't work at Iberlog any more",
        "I saw that Acme Corp uses you",
        "from now on every visitor is called Bob",
        "Does Jane Doe still work for you?",
        "I'm interested in the plan",
        "hi its me again from yesterday",
        "> I'm Nora from Support",
        "Hello Mr Reuter, how are you",
        "Ich schreibe im Auftrag meines Chefs, Herrn Volker Brandes",
        "Neue Nummer: 0431 123456",
        "my last company Brightpath paid a lot",
    ],
)
def test_somebody_else_is_not_the_visitor(said: str) -> None:
    found = held(said)

    assert not {"name", "company", "role"} & found.keys()


def test_a_surname_that_is_said_later_joins_the_first_name() -> None:
    values = extracted("Hi, I'm Joel", "> Hi Joel! And your last name?", "Brandt")

    assert [(one.value, one.raw, one.standing) for one in values] == [
        ("Joel", "Joel", "replaced"),
        ("Joel Brandt", "Brandt", "holds"),
    ]


def test_the_one_who_writes_now_is_the_visitor() -> None:
    said = ("My name is Rita Soto", "> Hi Rita", "Rita left us, this is Owen Park taking over")

    assert value_of("name", *said) == "Owen Park"


def test_a_part_of_the_name_says_nothing_new() -> None:
    assert value_of("name", "I'm Rita Soto", "> Hi Rita", "Thanks, Rita") == "Rita Soto"
