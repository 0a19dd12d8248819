"""What the values of a batch say, on values that are counted by hand."""

from typing import Any
from uuid import UUID, uuid5

import pytest

from backend.services.batch_results import MOST_DIFFERENCES, MOST_LATENCIES, Asked, results_of
from contracts.comparisons import Contestant, Target

A, B = "model-a", "model-b"
NAMESPACE = UUID(int=7)


def contestant(key: str) -> Contestant:
    return Contestant(
        key=key,
        kind="model",
        name=key[-1].upper(),
        about="",
        target=Target(provider="builtin"),
        provider="builtin",
        model="",
    )


CONTESTANTS = [contestant(A), contestant(B)]


def asked(n: int, first: dict[str, Any] | None, second: dict[str, Any] | None, **judged: Any) -> Asked:
    return Asked(uuid5(NAMESPACE, str(n)), f"Question {n}?", {A: first, B: second}, judged)


def results(*questions: Asked, has_judge: bool = False) -> Any:
    return results_of(CONTESTANTS, questions, has_judge=has_judge)


def test_a_mean_leaves_out_what_is_unknown_and_counts_it() -> None:
    found = results(asked(0, {"similarity": 0.5}, None), asked(1, {"similarity": 1.0}, {"similarity": None}))
    by = {(one.lane, one.metric): one for one in found.metrics}
    assert (by[A, "similarity"].mean, by[A, "similarity"].n, by[A, "similarity"].missing) == (0.75, 2, 0)
    assert (by[B, "similarity"].mean, by[B, "similarity"].n, by[B, "similarity"].missing) == (None, 0, 2)
    assert found.failures == {A: 0, B: 1}


def test_a_duel_says_who_is_better_only_where_the_interval_leaves_out_zero() -> None:
    ahead = results(*(asked(n, {"latency": 100.0 + n}, {"latency": 200.0 + n}) for n in range(10)))
    [duel] = [one for one in ahead.duels if one.metric == "latency"]
    assert (duel.wins, duel.ties, duel.losses, duel.difference) == (10, 0, 0, -100.0)
    assert duel.text == (
        "A against B on Latency: better on 10, worse on 0, the same on 0 questions; -100.000 on average, -100.000 to "
        "-100.000: A is better"
    )
    even = results(*(asked(n, {"mrr": float(n % 2)}, {"mrr": float((n + 1) % 2)}) for n in range(10)))
    [duel] = [one for one in even.duels if one.metric == "mrr"]
    assert duel.text.endswith("no difference is shown")


def test_a_cost_with_an_unknown_part_is_unknown_whole() -> None:
    found = results(
        asked(0, {"cost": 0.001}, {"cost": 0.0}), asked(1, {"cost": None}, {"cost": 0.002}), asked(2, None, None)
    )
    assert found.cost_per_thousand[A] is None
    assert float(found.cost_per_thousand[B]) == pytest.approx(1.0)
    by = {(one.lane, one.metric): one for one in found.metrics}
    assert (by[A, "cost"].mean, by[A, "cost"].n) == (None, 0)
    assert (by[B, "cost"].mean, by[B, "cost"].n, by[B, "cost"].missing) == (pytest.approx(1.0), 2, 1)


def test_latencies_are_at_most_so_many_evenly_spaced() -> None:
    found = results(*(asked(n, {"latency": float(n)}, None) for n in range(2 * MOST_LATENCIES + 1)))
    assert MOST_LATENCIES / 2 < len(found.latencies[A]) <= MOST_LATENCIES
    assert found.latencies[A] == [float(n) for n in range(0, 2 * MOST_LATENCIES + 1, 3)]
    assert found.latencies[B] == []


def test_the_questions_that_tell_most_come_first() -> None:
    found = results(
        *(asked(n, {"similarity": n / 100, "refusal": 1.0}, {"similarity": 0.0, "refusal": 1.0}) for n in range(30)),
        asked(30, {"hit_at_k": 1.0}, {"hit_at_k": 0.0}),
    )
    assert len(found.differences) == MOST_DIFFERENCES
    assert [one.question for one in found.differences[:2]] == ["Question 30?", "Question 29?"]
    assert [one.spread for one in found.differences[:2]] == [1.0, 0.29]


def said(pair: str, better: str, cost: str | None = "0.5") -> dict[str, Any]:
    usage = {"input_tokens": 10, "output_tokens": 2, "cost_usd": cost}
    return {"pairs": {pair: {"said": better, "why": ""}}, "usage": usage}


def test_the_judge_s_sayings_are_counted_apart() -> None:
    pair = f"{A}|{B}"
    told = ("first", "first", "second", "tie", "failed")
    found = results(*(asked(n, {}, {}, **said(pair, better)) for n, better in enumerate(told)), has_judge=True)
    [duel] = found.judged.duels
    assert (found.judged.best, duel.wins, duel.ties, duel.losses) == (A, 2, 1, 1)
    assert found.judge_failures == 1
    assert (found.judge_usage.input_tokens, found.judge_usage.output_tokens) == (50, 10)
    assert float(found.judge_usage.cost_usd) == 2.5
    unknown = results(
        asked(0, {}, {}, **said(pair, "tie")), asked(1, {}, {}, **said(pair, "tie", None)), has_judge=True
    )
    assert unknown.judge_usage.cost_usd is None


def test_nothing_measured_has_no_figures() -> None:
    found = results(asked(0, None, None))
    assert {one.mean for one in found.metrics} == {None}
    assert found.judged is found.judge_usage is None
    assert found.differences == []
