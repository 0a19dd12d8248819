"""Rewrite, plan, search, rerank: from a question in a conversation to passages, with each step on record."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from backend.retrieval.base import (
    Findings,
    Form,
    Phraser,
    Phrasing,
    Plan,
    Planner,
    Reranker,
    Rewriter,
    Scope,
    SearchResult,
    Step,
    StepName,
    Turn,
)
from backend.retrieval.naming import listed
from backend.retrieval.searcher import Searcher
from backend.retrieval.small_talk import is_under_way
from backend.tracing.track import set_attribute, track

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Steps:
    """The strategies of one answer."""

    rewriter: Rewriter
    planner: Planner
    phraser: Phraser
    reranker: Reranker


class Trace:
    """Runs steps and keeps how long they took."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    async def run(self, name: StepName, form: Form, work: Awaitable[T], outcome: Callable[[T], str]) -> T:
        """Of the `form` the name and the failure count that it has after the work."""
        start = time.perf_counter()
        value = await work
        milliseconds = (time.perf_counter() - start) * 1000
        self.steps.append(Step(name, form.name, milliseconds, outcome(value), form.failure))
        set_attribute("failed_steps", ",".join(step.name for step in self.steps if step.failure) or None)
        return value


class Pipeline:
    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    @track("retrieval.pipeline", kind="chain")
    async def run(self, steps: Steps, question: str, history: Sequence[Turn], scope: Scope) -> Findings:
        """Raises the `VectorError` family; a store that fails is never an empty answer."""
        trace = Trace()
        alone = await trace.run(
            "rewrite", steps.rewriter, steps.rewriter.rewrite(question, history), lambda it: _said(question, it)
        )
        plan = await trace.run(
            "plan",
            steps.planner,
            _planned(steps.planner, alone, scope, has_history=is_under_way(history)),
            lambda it: it.note,
        )
        if plan.action != "search":
            return Findings(alone, plan, SearchResult([], answerable=False), tuple(trace.steps))
        asked = plan.query or alone
        result = await trace.run("search", steps.phraser, self._search(scope, asked, plan, steps.phraser), _found)
        items = await trace.run(
            "rerank",
            steps.reranker,
            steps.reranker.rerank(asked, result.items),
            lambda it: _moved(result, it[0].title if it else ""),
        )
        result = self._searcher.judged(asked, replace(result, items=items[: plan.limit]))
        set_attribute("retrieved", len(result.items))
        return Findings(alone, plan, result, tuple(trace.steps))

    async def _search(self, scope: Scope, question: str, plan: Plan, phraser: Phraser) -> SearchResult:
        """Where the named document, or the chosen collections, do not answer, everything is searched."""
        chosen, others = scope.within(plan.collections), await phraser.phrasings(question)
        found = await self._searcher.search(chosen, question, documents=plan.documents, phrasings=others)
        found = _noted(found, chosen, others)
        if plan.documents is None and plan.collections is None:
            return found
        if self._searcher.judged(question, found).answerable:
            return found
        everywhere = await self._searcher.search(scope, question, phrasings=others)
        note = f"{_empty_handed(plan, chosen)} not answer; searched {_where(scope)}"
        return replace(everywhere, note=", ".join(part for part in (note, _also(others)) if part))


async def _planned(planner: Planner, question: str, scope: Scope, *, has_history: bool) -> Plan:
    """With no more items than the caller takes, whatever the planner wants."""
    plan = await planner.plan(question, scope, has_history=has_history)
    if scope.most is None or plan.limit <= scope.most:
        return plan
    return replace(plan, limit=scope.most, note=f"{plan.note}, at most {scope.most} as asked")


def _said(question: str, alone: str) -> str:
    return "stands alone" if alone == question else alone


def _also(others: Sequence[Phrasing]) -> str:
    return "also as " + ", ".join(f"“{one.text}”" for one in others) if others else ""


def _found(result: SearchResult) -> str:
    count = f"{len(result.items)} items"
    return f"{count}; {result.note}" if result.note else count


def _noted(result: SearchResult, scope: Scope, others: Sequence[Phrasing]) -> SearchResult:
    """With the collections that were searched, where there were several to choose from, and the other words."""
    where = f"in {listed(scope.names)}" if scope.names else ""
    return replace(result, note=", ".join(part for part in (where, result.note, _also(others)) if part))


def _where(scope: Scope) -> str:
    return listed(scope.names) if scope.names else "everywhere"


def _empty_handed(plan: Plan, chosen: Scope) -> str:
    """With its verb: what was searched in vain."""
    if plan.documents is not None:
        return "the named document does"
    return f"{listed(chosen.names)} {'does' if len(chosen.names) == 1 else 'do'}"


def _moved(result: SearchResult, first: str) -> str:
    if not result.items or result.items[0].title == first:
        return "the best stays first"
    return f"{first!r} before {result.items[0].title!r}"
