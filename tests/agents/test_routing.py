"""Rules of what a visitor's message is for."""

import pytest

from backend.agents.routing import CODES, handed_over, noted, wants_person, words_of
from contracts.lead_fields import STANDARD

ASK = [
    "Can I talk to a human please?",
    "I'd like to speak with someone from your sales team",
    "connect me with an agent",
    "Could someone call me tomorrow?",
    "I don't want to talk to a bot",
    "Is there a real person here?",
    "Ich möchte mit einem Menschen sprechen.",
    "Kann mich bitte jemand zurückrufen?",
    "Verbinden Sie mich mit einem echten Mitarbeiter!",
    "Rufen Sie mich bitte an.",
    "Je voudrais parler à un conseiller.",
    "Rappelez-moi s'il vous plaît",
    "Quiero hablar con una persona.",
    "¿Me pueden llamar? Que me llamen mañana.",
    "אפשר לדבר עם נציג?",
    "תתקשרו אליי בבקשה",
]
NO = [
    "How many people can use the small plan?",
    "Which plan has single sign-on?",
    "Does the agent speak German?",
    "We have a person who looks after IT.",
    "Can the bot talk to customers in Spanish?",
    "How do agents talk to customers?",
    "Was kostet der kleine Tarif?",
    "Wie viele Mitarbeiter dürfen ihn nutzen?",
    "Combien de personnes peuvent l'utiliser ?",
    "¿Cuántas personas pueden usarlo?",
    "כמה אנשים יכולים להשתמש?",
    "My phone number is 0171 2345678",
]


@pytest.mark.parametrize("text", ASK)
def test_who_asks_for_a_person_is_understood(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize("text", NO)
def test_who_asks_something_else_is_not_handed_over(text: str) -> None:
    assert not wants_person(text)


@pytest.mark.parametrize("code", CODES)
def test_every_language_has_all_its_words(code: str) -> None:
    words = words_of(code)
    assert set(words.questions) == set(STANDARD)
    assert all((words.hand_over, words.noted, words.go_on, *words.questions.values()))


def test_a_language_without_words_has_those_of_english() -> None:
    assert words_of("sv") == words_of("en") == words_of("en-GB")


def test_what_is_not_known_is_asked_for_once() -> None:
    first = noted("en", ["name"], ["name", "email", "company"], [])
    assert first.reply.endswith("What is your e-mail address, so that we can get back to you?")
    assert first.asks
    second = noted("en", ["name"], ["name", "email", "company"], [first.reply])
    assert second.reply.endswith("Which company do you work for?")
    last = noted("en", ["name"], ["name", "email"], [first.reply])
    assert (last.reply, last.asks) == ("Thank you, I have noted that. What would you like to know?", False)


def test_a_person_takes_over_in_the_visitors_language() -> None:
    assert "Menschen" in handed_over("de").reply
    assert handed_over("de").hands_over
