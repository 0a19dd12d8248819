import pytest

from backend.retrieval.base import Turn
from backend.retrieval.small_talk import is_under_way, small_talk, without_small_talk


@pytest.mark.parametrize(
    ("said", "beginning"),
    [
        ("Hi there!", "Hello!"),
        ("Hi, who are you?", "I am AI Nexus"),
        ("ok thanks", "You're welcome."),
        ("Cheers, bye", "Goodbye!"),
        ("no", "I can only look up whole questions."),
        ("got it 👍", "Good."),
        ("ok danke", "Gern geschehen."),
        ("Merci, au revoir !", "Au revoir"),
        ("¡Hola! ¿Quién eres?", "Soy AI Nexus"),
        ("Ciao! Chi sei?", "Sono AI Nexus"),
        ("Grazie mille, arrivederci", "Arrivederci"),
        ("Olá, bom dia", "Olá!"),
        ("muito obrigada", "De nada. Pergunte"),
        ("Bedankt, tot ziens", "Tot ziens"),
        ("Hoi", "Hallo! Vraag"),
        ("Dzień dobry", "Dzień dobry! Proszę"),
        ("dziękuję bardzo", "Proszę bardzo"),
        ("va bene", "Bene."),
    ],
)
def test_the_phrase_that_says_most_is_replied_to_in_its_language(said: str, beginning: str) -> None:
    assert (small_talk(said) or "").startswith(beginning)


@pytest.mark.parametrize(
    "said",
    ["", "???", "👍", "Thanksgiving", "no-fee account", "ok button", "Who are your partners?", "thanks to whom?"],
)
def test_more_than_small_talk_is_none(said: str) -> None:
    assert small_talk(said) is None


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("Thanks! And the scanner?", "And the scanner?"),
        ("ok, great. and on the bus?", "and on the bus?"),
        ("help with invoices", "help with invoices"),
        ("thanks!", "thanks!"),
    ],
)
def test_small_talk_before_a_question_is_left_out_where_a_sign_sets_it_off(said: str, rest: str) -> None:
    assert without_small_talk(said) == rest


def test_a_conversation_is_under_way_from_the_first_question_on() -> None:
    greeting = [Turn("user", "hello"), Turn("assistant", "Hello! What would you like to know?")]
    assert not is_under_way(greeting)
    assert is_under_way([*greeting, Turn("user", "What does the Pro plan cost?")])
