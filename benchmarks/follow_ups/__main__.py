"""`python -m benchmarks.follow_ups [--split tune|test] [--wrong]`: what becomes of follow-ups and of small talk.

By kind, how many of the labelled conversations end in the right plan with an accepted question; and how many questions
of benchmarks/retrieval_set, which all stand alone, are left as they are when another one was asked before.
"""

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import get_args

from backend.embeddings.native import NativeEmbedder
from backend.retrieval.base import Action, Scope
from backend.retrieval.planner import NamedDocument, RulePlanner
from backend.retrieval.rewriter import RuleRewriter
from benchmarks.follow_ups.conversations import SCOPE, Outcome, Split, history, load, outcome
from benchmarks.retrieval_set import hardness


async def no_documents(_scope: Scope, _text: str) -> Sequence[NamedDocument]:
    return []


async def measure(split: Split) -> tuple[list[Outcome], list[float]]:
    """The outcomes, and the milliseconds that each rewrite and plan took."""
    rewriter, planner = RuleRewriter(NativeEmbedder()), RulePlanner(no_documents)
    outcomes: list[Outcome] = []
    milliseconds: list[float] = []
    for conversation in load(split):
        start = time.perf_counter()
        outcomes.append(await outcome(conversation, rewriter, planner))
        milliseconds.append((time.perf_counter() - start) * 1000)
    return outcomes, milliseconds


async def standing_alone() -> list[tuple[str, str, Action]]:
    """Of each question of the retrieval set, asked after the one before it: itself, as rewritten, and its plan."""
    rewriter, planner = RuleRewriter(NativeEmbedder()), RulePlanner(no_documents)
    questions = [one.question for one in hardness.load()]
    found: list[tuple[str, str, Action]] = []
    for before, question in zip([questions[-1], *questions], questions, strict=False):
        alone = await rewriter.rewrite(question, history([before]))
        found.append((question, alone, (await planner.plan(question, SCOPE, has_history=False)).action))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.follow_ups", description=__doc__)
    parser.add_argument("--split", choices=get_args(Split), default="test")
    parser.add_argument("--wrong", action="store_true", help="list what became of those that went wrong")
    given = parser.parse_args()
    outcomes, milliseconds = asyncio.run(measure(given.split))
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        by_kind[one.conversation.kind].append(one)
        if given.wrong and not one.is_right:
            print(f"{one.conversation.said} {one.conversation.asked!r}: {one.plan.action} {one.question!r}")
    for kind, several in sorted(by_kind.items()):
        print(f"{kind:28} {sum(one.is_right for one in several):4} of {len(several)}")
    print(f"{'all':28} {sum(one.is_right for one in outcomes):4} of {len(outcomes)}")
    print(f"median {median(milliseconds):.1f} ms, longest {max(milliseconds):.1f} ms")
    alone = asyncio.run(standing_alone())
    if given.wrong:
        print("\n".join(f"{question!r}: {plan} {now!r}" for question, now, plan in alone if question != now))
    unchanged = sum(question == now for question, now, _ in alone)
    planned = sum(plan == "search" for *_, plan in alone)
    print(f"questions of retrieval_set: {unchanged} of {len(alone)} unchanged, {planned} searched")
    return 0


if __name__ == "__main__":
    sys.exit(main())
