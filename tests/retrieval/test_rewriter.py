"""Follow-ups that stand alone: with the real embedding model, which tells what a fragment is like."""

from collections.abc import Sequence

import pytest

from backend.embeddings.base import EmbeddingKind, Vectors
from backend.embeddings.native import NativeEmbedder
from backend.retrieval.base import Turn
from backend.retrieval.fragments import fragment_of
from backend.retrieval.references import topic
from backend.retrieval.rewriter import LONGEST, RuleRewriter, leans_back


class CountingEmbedder(NativeEmbedder):
    calls = 0

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        self.calls += 1
        return await super().embed(texts, kind=kind)


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
        ("What does the Pro plan cost?", "and for Enterprise?", "What does the Enterprise plan cost?"),
        ("How long is history kept on Starter?", "And Enterprise?", "How long is history kept on Enterprise?"),
        ("How do I find files larger than 1 GB?", "and 10 MB?", "How do I find files larger than 10 MB?"),
        ("What does rsync -a do?", "and -v?", "What does rsync -v do?"),
        ("What does the red light mean?", "and the green one?", "What does the green light mean?"),
        ("Is Lisbon warm in March?", "And in May?", "Is Lisbon warm in May?"),
        ("How long does the course take?", "And the exam?", "How long does the exam take?"),
        ("Can I bring my own laptop?", "And my phone?", "Can I bring my phone?"),
        ("Who trains the staff in building A?", "and building B?", "Who trains the staff in building B?"),
        ("How do I resize a partition?", "And delete one?", "How do I resize a partition (delete one)?"),
        ("¿Dónde puedo aparcar el coche?", "¿Y la moto?", "Dónde puedo aparcar el coche (la moto)?"),
        ("My printer shows error 50. What now?", "and error 51?", "My printer shows error 51. What now?"),
        (
            "What is the notice period during probation?",
            "after probation?",
            "What is the notice period after probation?",
        ),
        ("Which plan includes auditing?", "And auditors?", "Which plan includes auditors?"),
        ("Which plans include auditing?", "And invoicing?", "Which plans include invoicing?"),
        ("Which plan includes priority support?", "And monitoring?", "Which plan includes monitoring?"),
        ("Who approves refunds?", "And credits?", "Who approves credits?"),
        ("What does the Pro plan cost?", "What about the Enterprise plan?", "What does the Enterprise plan cost?"),
        ("Can I install it on Windows?", "and on macOS?", "Can I install it on macOS?"),
        ("How do I export invoices as PDF?", "and as CSV?", "How do I export invoices as CSV?"),
        ("What is the maximum file size for uploads?", "for videos?", "What is the maximum file size for videos?"),
        ("What are the opening hours on Sunday?", "Monday?", "What are the opening hours on Monday?"),
        ("How do I install the printer driver?", "thanks! and the scanner?", "How do I install the scanner driver?"),
        ("Was kostet der Pro-Tarif?", "und für Enterprise?", "Was kostet der Enterprise?"),
        ("Was kostet der Pro-Tarif?", "Und im Jahr?", "Was kostet der Pro-Tarif im Jahr?"),
        ("¿Necesito visado para Japón?", "¿Y para China?", "Necesito visado para China?"),
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
        ("what is rebase", "does it lose my commits", "does rebase lose my commits?"),
        ("How do I renew my certificate?", "How long is that valid?", "How long is that valid (renew my certificate)?"),
        ("Which languages do you support?", "Is German among them?", "Is German among languages?"),
        ("Are the sensors waterproof?", "Do they work outside?", "Do the sensors work outside?"),
        ("What are the hours of the pool?", "Where can I see its map?", "Where can I see the pool's map?"),
        ("What does the Pro plan include?", "What does it cost?", "What does the Pro plan cost?"),
        ("Where can I park at the office?", "Is it free?", "Is it free (park at the office)?"),
    ],
)
async def test_a_reference_is_told_apart_by_the_question_before(
    rewriter: RuleRewriter, before: str, follow_up: str, alone: str
) -> None:
    assert await rewriter.rewrite(follow_up, said(before)) == alone


@pytest.mark.parametrize(
    ("follow_up", "alone"),
    [
        ("and for schools?", "How much is it (offer discounts for schools)?"),
        ("since when?", "since when (offer discounts for charities)?"),
        ("Is that new?", "Is that new (offer discounts for charities)?"),
    ],
)
async def test_what_was_told_in_brackets_is_what_is_gone_on_from(
    rewriter: RuleRewriter, follow_up: str, alone: str
) -> None:
    history = said("Do you offer discounts for charities?", "How much is it?")
    assert await rewriter.rewrite(follow_up, history) == alone


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
        "Is that plan still sold?",
        "Where is the cafeteria?",
        "With whom do I share my calendar?",
        "How do I copy a file and rename it?",
        "My camera is broken, how do I return it?",
        "The project is ten years old and I only care about the latest state. Must git download all of it?",
        "and for the other one?",
        "what about the others?",
        "who are you?",
    ],
)
async def test_a_question_that_stands_alone_is_left_as_it_is(rewriter: RuleRewriter, question: str) -> None:
    assert await rewriter.rewrite(question, said("What is the refund policy?")) == question
    assert await rewriter.rewrite(question, []) == question


@pytest.mark.parametrize(
    ("before", "follow_up", "alone"),
    [
        (["Can I export data?", "in which format?"], "Is there an API?", "Is there an API (export data)?"),
        (["how long?"], "is it free?", "is it free?"),
        (
            ["What does the warranty cover?"],
            "How do I return a broken one?",
            "How do I return a broken one (the warranty cover)?",
        ),
        (["How do I unpack one file?"], "and with gzip?", "How do I unpack one file with gzip?"),
    ],
)
async def test_what_names_nothing_is_leaned_on_by_nothing(
    rewriter: RuleRewriter, before: list[str], follow_up: str, alone: str
) -> None:
    assert await rewriter.rewrite(follow_up, said(*before)) == alone


async def test_a_chain_of_fragments_leans_on_the_first_question(rewriter: RuleRewriter) -> None:
    history = said("Can I install it on Windows?", "and on macOS?")
    assert await rewriter.rewrite("what about Linux?", history) == "Can I install it on Linux?"


async def test_a_chain_of_references_leans_on_the_first_question(rewriter: RuleRewriter) -> None:
    history = said("How do I reset my password?", "How long does it take?")
    assert await rewriter.rewrite("Is that safe?", history) == "Is that safe (reset my password)?"


@pytest.mark.parametrize(
    "between", ["thanks", "ok", "great!", "got it", "Danke!", "hello", "and for the other one?", "That did not help."]
)
async def test_what_asks_nothing_is_left_out_between_two_questions(rewriter: RuleRewriter, between: str) -> None:
    history = said("What does the Starter plan cost?", between)
    assert await rewriter.rewrite("And Enterprise?", history) == "What does the Enterprise plan cost?"


async def test_what_is_like_nothing_in_the_question_before_is_added_to_it(rewriter: RuleRewriter) -> None:
    history = said("What does the Starter plan cost?")
    assert await rewriter.rewrite("and students?", history) == "What does the Starter plan cost (students)?"
    assert await rewriter.rewrite("in euros?", history) == "What does the Starter plan cost in euros?"


async def test_a_follow_up_is_embedded_at_most_once() -> None:
    embedder = CountingEmbedder()
    for follow_up in ("And for Enterprise?", "and students?", "How long does it take?", "thanks", "and the price?"):
        embedder.calls = 0
        await RuleRewriter(embedder).rewrite(follow_up, said("How long is history kept on the Starter plan in Europe?"))
        assert embedder.calls <= 1


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
