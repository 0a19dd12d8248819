import pytest

from backend.leads.base import FieldSpec, Value
from tests.leads.talking import extracted, held, value_of

FIELDS = (
    FieldSpec("crm", "choice", "Which CRM do you use?", ("Zoho", "Close", "none")),
    FieldSpec("sites", "number", "How many warehouses do you have?"),
    FieldSpec("nda", "boolean", "Do you need an NDA?"),
    FieldSpec("visit", "date", "On which day may we visit you?"),
    FieldSpec("stack", "text", "What do you use today?"),
)


@pytest.mark.parametrize(
    ("said", "need"),
    [
        ("We need appointment reminders by mid-October.", "appointment reminders"),
        ("I'm looking for a scheduling app", "a scheduling app"),
        ("Could you send me pricing for time tracking software?", "time tracking software"),
        ("Evidence tracking needed", "Evidence tracking"),
        ("I'd like a tool that tracks overtime", "a tool that tracks overtime"),
        ("Wir suchen eine Software für die Urlaubsplanung", "eine Software für die Urlaubsplanung"),
        ("Nous cherchons un logiciel de facturation", "logiciel de facturation"),
        ("Necesitamos un programa de reservas para septiembre", "programa de reservas"),
        ("I'd like pricing for your support widget", "your support widget"),
        ("Nous voulons un assistant pour l'état civil", "assistant pour l'état civil"),
        ("Queremos que la gente pida cita por whatsapp", "la gente pida cita por whatsapp"),
        ("אנו מעוניינים במערכת מענה", "מערכת מענה"),
    ],
)
def test_what_the_visitor_wants_is_said_in_their_words(said: str, need: str) -> None:
    assert value_of("need", said) == need


@pytest.mark.parametrize(
    "said",
    ["I need a quote", "Can I talk to a human please", "I want to cancel", "We don't need anything", "What do I need?"],
)
def test_a_quote_or_a_person_is_no_need(said: str) -> None:
    assert value_of("need", said) is None


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ("We're on zoho", "crm", "Zoho"),
        ("We run four warehouses", "sites", 4),
        ("We don't need an NDA", "nda", False),
        ("You may visit us on October 5", "visit", "2026-10-05"),
    ],
)
def test_an_own_field_is_of_its_kind(said: str, field: str, value: Value) -> None:
    assert held(said, fields=FIELDS)[field] == value


@pytest.mark.parametrize("said", ["Do you work with Zoho?", "We don't use Zoho", "My neighbour uses Zoho"])
def test_a_choice_that_is_asked_for_or_denied_is_not_taken(said: str) -> None:
    assert "crm" not in held(said, fields=FIELDS)


def test_an_answer_in_a_word_is_read_by_its_question() -> None:
    found = held("> Do you need an NDA?", "yes", "> And what do you use today?", "paper and pencil", fields=FIELDS)

    assert (found["nda"], found["stack"]) == (True, "paper and pencil")


def test_what_is_withdrawn_stays_with_its_words_and_holds_no_more() -> None:
    [value] = extracted("Our budget is $20k", "> Great.", "Forget what I said about the budget.")

    assert (value.field, value.raw, value.standing) == ("budget", "$20k", "withdrawn")


@pytest.mark.parametrize(
    "said", ["actually it's 30k", "It is 25 people", "in March", "ok", "na ja, es sind 25", "c'est 30k", "dana@acme.io"]
)
def test_an_answer_about_something_else_is_no_need(said: str) -> None:
    assert "need" not in held("Our budget is 20k EUR.", "> What are you looking for?", said)


def test_a_bare_answer_to_what_is_needed_is_one() -> None:
    assert held("Our budget is 20k EUR.", "> What are you looking for?", "a booking system")["need"]
