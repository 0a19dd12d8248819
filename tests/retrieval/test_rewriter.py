"""Follow-ups that stand alone: with the real embedding model, which tells what a fragment is like."""

import pytest

from backend.embeddings.native import NativeEmbedder
from backend.retrieval.base import Turn
from backend.retrieval.rewriter import LONGEST, RuleRewriter, fragment_of, leans_back, topic


@pytest.fixture(scope="module")
def rewriter() -> RuleRewriter:
    return RuleRewriter(NativeEmbedder())


def said(*questions: str) -> list[Turn]:
    turns: list[Turn] = []
    for question in questions:
        turns += [Turn("user", question), Turn("assistant", "An answer. [1]")]
    return turns


@pytest.mark.parametrize(
    ("before", "follow_up", "alone"),
    [
        ("What does the Pro plan cost?", "and for Enterprise?", "What does the Pro plan cost for Enterprise?"),
        ("What does the Pro plan cost?", "What about the Enterprise plan?", "What does the Enterprise plan cost?"),
        ("Can I install it on Windows?", "and on macOS?", "Can I install it on macOS?"),
        ("How do I export invoices as PDF?", "and as CSV?", "How do I export invoices as CSV?"),
        ("What is the maximum file size for uploads?", "for videos?", "What is the maximum file size for videos?"),
        ("What are the opening hours on Sunday?", "Monday?", "What are the opening hours on Monday?"),
        ("How do I install the printer driver?", "thanks! and the scanner?", "How do I install the scanner driver?"),
        ("Was kostet der Pro-Tarif?", "und für Enterprise?", "Was kostet der Pro-Tarif für Enterprise?"),
    ],
)
async def test_a_fragment_takes_the_place_of_its_like(
    rewriter: RuleRewriter, before: str, follow_up: str, alone: str
) -> None:
    assert await rewriter.rewrite(follow_up, said(before)) == alone


@pytest.mark.parametrize(
    ("before", "follow_up", "alone"),
    [
        ("How do I reset my password?", "How long does it take?", "How long does it take (reset my password)?"),
        ("How do I create a user?", "And how do I delete one?", "And how do I delete a user?"),
        (
            "How long is the warranty for the coffee machine?",
            "And how do I claim it?",
            "And how do I claim the warranty for the coffee machine?",
        ),
        ("How do I descale the machine?", "How often?", "How often (descale the machine)?"),
        ("How do I cancel my subscription?", "Is there a fee?", "Is there a fee (cancel my subscription)?"),
        ("what is rebase", "does it lose my commits", "does it lose my commits (rebase)?"),
    ],
)
async def test_a_reference_is_told_apart_by_the_question_before(
    rewriter: RuleRewriter, before: str, follow_up: str, alone: str
) -> None:
    assert await rewriter.rewrite(follow_up, said(before)) == alone


@pytest.mark.parametrize(
    "question",
    [
        "How do I contact support?",
        "Is it possible to use Oracle?",
        "What happens to the files that I deleted?",
        "password reset",
        "ok",
        "???",
        "Where do I find this form?",
    ],
)
async def test_a_question_that_stands_alone_is_left_as_it_is(rewriter: RuleRewriter, question: str) -> None:
    assert await rewriter.rewrite(question, said("What is the refund policy?")) == question
    assert await rewriter.rewrite(question, []) == question


async def test_a_chain_of_fragments_leans_on_the_first_question(rewriter: RuleRewriter) -> None:
    history = said("Can I install it on Windows?", "and on macOS?")
    assert await rewriter.rewrite("what about Linux?", history) == "Can I install it on Linux?"


async def test_what_was_said_before_the_last_few_questions_is_forgotten(rewriter: RuleRewriter) -> None:
    history = said("What does the Pro plan cost?", *(f"How do I print page {n}?" for n in range(9)))
    assert "Pro plan" not in await rewriter.rewrite("and for Enterprise?", history)


async def test_a_very_long_question_is_not_made_longer(rewriter: RuleRewriter) -> None:
    before = "How do I descale the machine " * (LONGEST // 20)
    assert await rewriter.rewrite("How often?", said(before)) == "How often?"


def test_a_fragment_has_no_verb_and_few_words() -> None:
    assert fragment_of("and for Enterprise?") is not None
    assert fragment_of("and how do I cancel?") is None
    assert fragment_of("and the very long list of other things that I never asked about") is None
    assert fragment_of("and?") is None


def test_what_a_question_is_about_begins_at_its_article() -> None:
    assert topic("How do I descale the machine?") == "the machine"
    assert topic("what is rebase") == "rebase"
    assert topic("???") == ""


@pytest.mark.parametrize(("question", "expected"), [("How long does it take?", True), ("Reset my password", False)])
def test_leaning_back_is_seen_without_the_conversation(question: str, expected: bool) -> None:
    assert leans_back(question) is expected
