"""Rules ask the same in other words: those of training and those of held-out questions share no form."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.follows import still_follows
from backend.datasets.rephrasing import HELD_OUT_RULES, TRAINING_RULES, Rules, rephrase, reworded
from backend.datasets.rows import Rewording
from backend.faqs.dedup import question_key
from tests.datasets.building import example

ALL = {**TRAINING_RULES, **HELD_OUT_RULES}


def by(rule: str, question: str, answer: str = "So it is.") -> str | None:
    made = rephrase(question, answer, {rule: ALL[rule]}, most=1)
    return made[0].text if made else None


@pytest.mark.parametrize(
    ("rule", "question", "text"),
    [
        ("how can I", "How do I reset my password?", "How can I reset my password?"),
        ("how can I", "How can we reset a hub?", "How do we reset a hub?"),
        ("how can I", "Where do I find my invoices?", "Where can I find my invoices?"),
        ("how can I", "How should I pay?", None),
        ("the way to", "How to add a probe?", "What is the way to add a probe?"),
        ("the way to", "How do I not lose data?", None),
        ("keywords", "How do I add a probe to my hub?", "add probe to hub"),
        ("keywords", "What is your refund policy?", "refund policy"),
        ("keywords", "How do I pay?", None),
        ("tell me about", "What should I know about the hub?", "Tell me about the hub."),
        ("tell me about", "What are you waiting for?", None),
        ("can you explain", "What does --all do?", "Can you explain what --all does?"),
        ("can you explain", "What are refunds?", "Can you explain what refunds are?"),
        (
            "can you explain",
            "What is the difference between a warning and an alarm?",
            "Can you explain the difference between a warning and an alarm?",
        ),
        ("can you explain", "What is wrong with my hub?", None),
        ("is it possible", "Can I pay by card?", "Is it possible to pay by card?"),
        ("is it possible", "Is it possible to pay by card?", "Can I pay by card?"),
        ("is it possible", "Can you restore data?", "Are you able to restore data?"),
        ("is it possible", "Can two people share a desk?", None),
        ("I would like to know if", "Do you offer discounts?", "I would like to know if you offer discounts."),
        ("can you tell me", "How long do the batteries last?", "Can you tell me how long the batteries last?"),
        ("can you tell me", "Where do I find my invoices?", "Can you tell me where I can find my invoices?"),
        ("can you tell me", "What happens if a payment fails?", "Can you tell me what happens if a payment fails?"),
        ("can you tell me", "Why is the light red?", None),
        ("what for which", "Which cards do you take?", "What cards do you take?"),
        ("what for which", "Which is better?", None),
        ("lower case", "How do I use R on a Mac with PDF?", "how do i use R on a mac with PDF"),
        ("greeting", "Is SSH safe?", "Hello, is SSH safe?"),
        ("greeting", "reset password", None),
        ("without politeness", "Please, how do I pay?", "How do I pay?"),
        ("without politeness", "How do I pay, please?", "How do I pay?"),
        ("the steps to", "How can I add a probe?", "What are the steps to add a probe?"),
        ("how to", "How do I add a probe?", "How to add a probe?"),
        ("how to", "How to add a probe?", None),
        ("I want to", "How do we add a probe?", "We want to add a probe. How do we do that?"),
        ("I want to", "Can I pay by card?", "I would like to pay by card. Is that possible?"),
        ("how to go about", "How do I set up a hub?", "How do I go about setting up a hub?"),
        ("how to go about", "How do I boot and start a hub?", None),
        ("how to go about", "How do I frobnicate a hub?", None),
        (
            "how they differ",
            "What is the difference between a warning and an alarm?",
            "How do a warning and an alarm differ?",
        ),
        ("meaning", "What is a RAID-6?", "RAID-6 meaning"),
        ("meaning", "What does the red light mean?", "What is the meaning of the red light?"),
        ("meaning", "What is your refund policy?", None),
        ("used for", "What does --all do?", "What is --all used for?"),
        ("am I able", "Can we pay by card?", "Are we able to pay by card?"),
        ("am I able", "Can you restore data?", "Is it possible for you to restore data?"),
        ("could you say if", "Do you offer discounts?", "Could you tell me whether you offer discounts?"),
        ("I am wondering", "Who can approve a FAQ?", "I am wondering who can approve a FAQ."),
        ("other word", "How do I sign in?", "How do I log in?"),
        ("other word", "How do I invite colleagues?", "How do I invite coworkers?"),
        ("quick question", "How do I pay?", "Quick question: how do I pay?"),
    ],
)
def test_rules(rule: str, question: str, text: str | None) -> None:
    assert by(rule, question) == text


def test_every_rule_is_tested_above_or_below() -> None:
    marks = test_rules.pytestmark  # type: ignore[attr-defined]  # set by the decorator
    assert {case[0] for case in marks[0].args[1]} | {"typing error"} == set(ALL)


def test_training_and_held_out_share_no_rule_and_no_wording() -> None:
    assert not TRAINING_RULES.keys() & HELD_OUT_RULES.keys()
    assert not set(TRAINING_RULES.values()) & set(HELD_OUT_RULES.values())
    for question in QUESTIONS:
        trained = {made.text.casefold() for made in rephrase(question, "So.", TRAINING_RULES, most=99)}
        tested = {made.text.casefold() for made in rephrase(question, "So.", HELD_OUT_RULES, most=99)}
        assert not trained & tested


QUESTIONS = [
    "How do I reset my password?",
    "What is a webhook?",
    "Can I pay by card?",
    "Do you offer discounts?",
    "What does the red light mean?",
    "Which cards do you take?",
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("rules", [TRAINING_RULES, HELD_OUT_RULES], ids=["training", "held out"])
def test_paraphrases_follow_and_differ(question: str, rules: Rules) -> None:
    made = rephrase(question, "So.", rules, most=99)
    assert len(made) >= 2
    texts = [one.text for one in made]
    assert len({text.casefold() for text in [*texts, question]}) == len(texts) + 1
    for one in made:
        assert one.rule in rules
        assert one.rule == "typing error" or still_follows(question, "So.", one.text) is None
    assert made == rephrase(f"  {question} ", "So.", rules, most=99)


def test_no_more_than_asked_and_not_the_same_forms_for_all() -> None:
    first = [
        rephrase(f"How do I use the {thing}?", "So.", TRAINING_RULES, most=2)
        for thing in ("hub", "app", "bin", "key", "map")
    ]
    assert all(len(made) == 2 for made in first)
    assert len({made[0].rule for made in first}) > 1
    assert rephrase("How do I pay?", "So.", TRAINING_RULES, most=0) == []
    assert rephrase("How do I pay?", "So.", {}, most=3) == []


def test_what_another_question_asks_is_left_out() -> None:
    taken = {question_key("What is the meaning of the red light?")}
    assert by("meaning", "What does the red light mean?") is not None
    rule = {"meaning": ALL["meaning"]}
    assert rephrase("What does the red light mean?", "So.", rule, most=1, taken=taken) == []
    own = {question_key("How do I pay?")}
    assert rephrase("How do I pay?", "So.", {"how to": ALL["how to"]}, most=1, taken=own) != []


def test_a_paraphrase_that_asks_for_something_else_is_left_out() -> None:
    assert rephrase("How do I pay?", "So.", {"bad": lambda _: "How do I get paid?"}, most=1) == []
    assert rephrase("Which cards?", "Yes.", {"bad": lambda _: "What cards?"}, most=1) == []
    assert rephrase("How do I pay?", "So.", {"bad": lambda _: "how do i pay?"}, most=1) == []


def test_a_typing_error_is_two_letters_of_a_long_word_and_for_training_only() -> None:
    made = by("typing error", "How do I connect the thermostat?")
    assert made is not None
    assert sorted(made) == sorted("How do I connect the thermostat?")
    assert sum(a != b for a, b in zip(made, "How do I connect the thermostat?", strict=True)) == 2
    assert by("typing error", "How do I use DEBIAN_FRONTEND, apt-listchanges or /etc/network?") is None
    assert "typing error" not in HELD_OUT_RULES


def test_rewordings_keep_source_answer_and_system_and_say_who_wrote_them() -> None:
    original = example("How do I pay?", "By card.", system="Be brief.")
    made = list(reworded(original, HELD_OUT_RULES, most=3))
    assert len(made) == 3
    for one in made:
        assert (one.answer, one.system, one.provenance.source) == ("By card.", "Be brief.", original.provenance.source)
        assert one.origin == "paraphrase"
        assert one.provenance.rewording is not None
        assert (one.provenance.rewording.by, one.provenance.rewording.of) == ("rule", "How do I pay?")
    assert len({one.id for one in made} | {original.id}) == 4


def test_a_paraphrase_is_not_rephrased() -> None:
    assert list(reworded(example(rewording=Rewording("model", "m", "Paying?")), TRAINING_RULES, most=3)) == []


@given(
    st.text(max_size=80)
    | st.from_regex(r"(?:How do I|What is|Can I|Where do I|Which) [a-zA-Z,.'?& -]{0,40}\?", fullmatch=True)
)
def test_any_text_can_be_rephrased(question: str) -> None:
    for made in rephrase(question, "So.", ALL, most=99):
        assert made.text.strip()
        assert not re.search(r"\s{2}|\A\s|\s\Z", made.text)
