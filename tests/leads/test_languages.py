import dataclasses
import re

import pytest

from backend.leads.folding import fold
from backend.leads.languages import FULL, LANGUAGES, language_of
from backend.leads.languages.base import Language, language_from

TOLD = [
    (code, name.name, words)
    for code, language in LANGUAGES.items()
    for name in dataclasses.fields(Language)
    for words in (
        [getattr(language, name.name)]
        if isinstance(getattr(language, name.name), str)
        else list(getattr(language, name.name))
        if isinstance(getattr(language, name.name), dict)
        else []
    )
]


def test_every_word_is_a_pattern_over_folded_text() -> None:
    wrong = [(code, name, words) for code, name, words in TOLD if _plain(fold(words)) != _plain(words)]

    assert wrong == []
    for _, _, words in TOLD:
        re.compile(words)


def _plain(words: str) -> str:
    """Without the classes of signs, which have capitals."""
    return re.sub(r"\\[a-zA-Z]|\?[Pp]<", "", words)


def test_a_list_that_the_rules_do_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="budgets"):
        language_from("code = 'xx'\ncommon = ['a']\nbudgets = ['b']\n[units]\n[powers]\n")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("we would like a quote", "en"),
        ("wir hätten gern ein Angebot", "de"),
        ("nous voudrions un devis", "fr"),
        ("queremos un presupuesto para la tienda", "es"),
        ("אנחנו צריכים הצעה", "he"),
        ("il vostro concorrente chiede di meno", "it"),
    ],
)
def test_a_language_is_known_by_its_commonest_words(said: str, code: str) -> None:
    assert language_of(fold(said), [], None).code == code


def test_a_message_without_words_is_in_the_language_of_the_one_before_it_or_of_the_country() -> None:
    assert language_of("12", [fold("wir sind viele")], None).code == "de"
    assert language_of("12", [], "FR").code == "fr"
    assert language_of("12", [], None).code == "en"


def test_every_language_that_is_read_in_full_has_what_the_rules_ask_for() -> None:
    english = LANGUAGES["en"]
    for code in FULL:
        for words in ("negation", "asks", "budget", "buying", "people", "need", "correction", "months", "labels"):
            assert getattr(LANGUAGES[code], words) not in ("(?!)", {}, None), (code, words)
    assert english.months


def test_folding_keeps_every_sign_in_its_place() -> None:
    assert fold("Élan — “Über” 12 ﬁ İ") == 'elan - "uber" 12 ﬁ i'
    for text in ("İstanbul", "ß", "e\u0301", "\u202eabc", "٣٤", "𝟙𝟚"):
        assert len(fold(text)) == len(text)
