"""Batches as the API tells them, made by hand."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from contracts.batches import BatchDetail, BatchResults, Difference, LaneMetric, MetricDuel, MetricWords
from contracts.comparisons import Contestant, ContestDetail, Duel, Target, Verdict
from contracts.jobs import Job, JobStatus
from contracts.problem import Problem

BATCH: Final = UUID(int=7)
CONTEST: Final = UUID(int=8)
COMPARISON: Final = UUID(int=9)
NOW: Final = datetime(2026, 11, 29, 8, tzinfo=UTC)
WORDS: Final = [
    MetricWords(
        name="hit_at_k",
        title="Hit@5",
        unit="share of questions",
        meaning="How often it is found.",
        source="Craswell 2009",
        low=0,
        high=1,
        better="higher",
    ),
    MetricWords(
        name="latency",
        title="Latency",
        unit="ms",
        meaning="To the end of the answer.",
        source="Type 7",
        low=0,
        high=None,
        better="lower",
    ),
]


def contestant(name: str) -> Contestant:
    return Contestant(
        key=f"key-{name}",
        kind="model",
        name=name,
        about=f"Somebody, {name}",
        target=Target(provider="openai-compatible", model=name),
        provider="openai-compatible",
        model=name,
    )


def job(status: JobStatus = JobStatus.SUCCEEDED, **more: Any) -> Job:
    facts: dict[str, Any] = {"stage": "asking", "progress": 0.5, "done": 60, "total": 120, "message": ""}
    return Job.model_construct(id=BATCH, kind="compare", status=status, attempt=1, created_at=NOW, **{**facts, **more})


def failed(*, status: int = 502, retryable: bool = True) -> Job:
    detail = "the first 20 questions"
    problem = Problem(
        title="Nobody answers", status=status, detail=detail, code="nothing_answered", retryable=retryable
    )
    return job(JobStatus.FAILED, error=problem)


def results(**more: Any) -> BatchResults:
    said = Verdict(
        decided=False,
        best="key-ok",
        order=["key-ok", "key-small"],
        duels=[
            Duel(
                lane="key-ok",
                rival="key-small",
                wins=60,
                ties=40,
                losses=40,
                win_rate=0.57,
                low=0.48,
                high=0.66,
                is_won=False,
                votes_needed=80,
            )
        ],
        votes_needed=80,
        text="undecided: ok 57 %, 48 to 66 %, n = 140; at this margin about 80 more questions",
    )
    facts: dict[str, Any] = {
        "metrics": [
            LaneMetric(lane="key-ok", metric="hit_at_k", mean=0.72, low=0.6, high=0.81, n=118, missing=2),
            LaneMetric(lane="key-small", metric="hit_at_k", mean=0.5, low=0.41, high=0.59, n=120, missing=0),
            LaneMetric(lane="key-ok", metric="latency", mean=340, p95=1200, n=120, missing=0),
            LaneMetric(lane="key-small", metric="latency", mean=None, n=0, missing=120),
        ],
        "duels": [
            MetricDuel(
                metric="hit_at_k",
                lane="key-ok",
                rival="key-small",
                wins=30,
                ties=80,
                losses=8,
                missing=2,
                difference=0.19,
                low=0.1,
                high=0.27,
                text="ok finds more: 19 points, 10 to 27",
            )
        ],
        "latencies": {"key-ok": [300.0, 340.0, 1200.0], "key-small": [90.0, 95.0, 100.0]},
        "failures": {"key-ok": 0, "key-small": 3},
        "judge_usage": None,
        "cost_per_thousand": {"key-ok": Decimal("0.84"), "key-small": None},
        "judged": said,
        "judge_failures": 4,
        "differences": [Difference(comparison_id=COMPARISON, question="Is it *waterproof*?", spread=0.9)],
    }
    return BatchResults(**{**facts, **more})


def batch(made: Job | None = None, **more: Any) -> BatchDetail:
    facts: dict[str, Any] = {
        "id": BATCH,
        "contest_id": CONTEST,
        "contestants": [contestant("ok"), contestant("small")],
        "dataset_id": UUID(int=3),
        "dataset_name": "Support",
        "dataset_version": 1,
        "split": "held_out",
        "questions": 120,
        "off_topic": 5,
        "judge": None,
        "results": None,
        "author": "Mara",
        "created_at": NOW,
    }
    return BatchDetail.model_construct(**{**facts, "job": made or job(), **more})


def contest(of: BatchDetail) -> ContestDetail:
    """Of the batch, without a vote."""
    order = [one.key for one in of.contestants]
    return ContestDetail(
        id=of.contest_id,
        contestants=of.contestants,
        questions=of.questions,
        votes=0,
        others=0,
        verdict=Verdict(decided=False, best=None, order=order, duels=[], votes_needed=None, text="no votes yet"),
        closed=False,
        author=of.author,
        created_at=NOW,
        curves=[],
    )
