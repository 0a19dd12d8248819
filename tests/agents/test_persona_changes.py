"""What an operator says, as a change of the persona."""

import pytest

from backend.agents.persona_changes import changed
from contracts.personas import RULES, Persona


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ("Be more formal from now on.", "tone", "more formal"),
        ("please be a bit more formal", "tone", "more formal"),
        ("Sound friendly", "tone", "friendly"),
        ("Answer in German from now on", "language", "de"),
        ("Antworte auf Englisch", "language", "en"),
        ("Always name the price", "do", ["name the price"]),
        ("Never promise a discount.", "avoid", ["promise a discount"]),
        ("Don't use emojis", "avoid", ["use emojis"]),
        ("You are a consultant for heat pumps", "role", "a consultant for heat pumps"),
        ('Greet visitors with: "Welcome to Acme!"', "greeting", "Welcome to Acme!"),
        ("Hand over to a colleague when the customer is angry", "handover", "the customer is angry"),
        ("Sei bitte etwas förmlicher ab jetzt", "tone", "förmlicher"),
        ("Soyez plus bref désormais", "tone", "plus bref"),
        ("Sé más breve a partir de ahora", "tone", "más breve"),
        ("Mention the trial month where it fits", "do", ["Mention the trial month where it fits"]),
        ("Answer in riddles", "do", ["Answer in riddles"]),
    ],
)
def test_a_sentence_changes_the_field_that_it_is_about(said: str, field: str, value: object) -> None:
    assert changed(Persona(), said).model_dump(exclude_none=True) == {field: value}


def test_what_is_not_spoken_of_stays() -> None:
    persona = Persona(tone="warm", do=["ask once"], greeting="Hello!")
    assert changed(persona, "Be less formal. Always say thanks.") == Persona(
        tone="less formal", do=["ask once", "say thanks"], greeting="Hello!"
    )


def test_the_same_rule_stands_once_and_the_oldest_makes_room() -> None:
    persona = Persona(do=[f"rule {n}" for n in range(RULES)])
    assert changed(persona, "Always Rule 3").do == [*(f"rule {n}" for n in range(RULES) if n != 3), "Rule 3"]
    assert changed(persona, "Always smile").do == [*(f"rule {n}" for n in range(1, RULES)), "smile"]
