"""How many of the labelled conversations end as they should, with the real embedding model."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

from backend.embeddings.native import NativeEmbedder
from backend.retrieval.base import Scope
from backend.retrieval.planner import NamedDocument, RulePlanner
from backend.retrieval.rewriter import RuleRewriter
from benchmarks.follow_ups.conversations import SCOPE, Kind, history, load, outcome
from benchmarks.retrieval_set import hardness

LEAST: dict[Kind, float] = {
    "leans on what was said": 0.90,
    "stands alone": 0.95,
    "names nothing": 0.95,
    "small talk": 0.95,
}


@pytest.fixture(scope="module")
def rewriter() -> RuleRewriter:
    return RuleRewriter(NativeEmbedder())


@pytest.fixture(scope="module")
def planner() -> RulePlanner:
    async def no_documents(_scope: Scope, _text: str) -> Sequence[NamedDocument]:
        return []

    return RulePlanner(no_documents)


def test_the_labelled_conversations_hold_together() -> None:
    every = load()
    assert max(Counter((one.said, one.asked) for one in every).values()) == 1
    assert all(bool(one.accepted) == (one.plan == "search") for one in every)
    halves = Counter(one.split for one in every)
    assert abs(halves["tune"] - halves["test"]) < len(every) / 10


async def test_the_half_that_no_rule_was_tuned_on_is_understood(rewriter: RuleRewriter, planner: RulePlanner) -> None:
    right: dict[Kind, list[bool]] = defaultdict(list)
    for conversation in load("test"):
        right[conversation.kind].append((await outcome(conversation, rewriter, planner)).is_right)
    assert {kind: sum(several) / len(several) >= LEAST[kind] for kind, several in right.items()} == dict.fromkeys(
        LEAST, True
    )


async def test_the_questions_of_the_retrieval_set_stand_alone_and_are_searched(
    rewriter: RuleRewriter, planner: RulePlanner
) -> None:
    questions = [one.question for one in hardness.load()]
    for before, question in zip([questions[-1], *questions], questions, strict=False):
        assert await rewriter.rewrite(question, history([before])) == question
        assert (await planner.plan(question, SCOPE, has_history=False)).action == "search"
