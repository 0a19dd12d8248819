"""The last step of a `compare` job: what all that was measured says, and the judge apart from it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import Final
from uuid import UUID

from backend.comparison.bradley_terry import Pair
from backend.comparison.means import Mean, mean, mean_difference, share
from backend.comparison.metrics import (
    METRICS,
    Metric,
    MetricName,
    Paired,
    cost_per_thousand,
    is_known,
    known_values,
    paired_tally,
    percentile,
)
from backend.comparison.sequence import Tally
from backend.db.base import Json
from backend.repositories.uow import UnitOfWork
from backend.services.batch_questions import asked_for, check_batch
from backend.services.contestants import contestants_of, names_of
from backend.services.verdicts import verdict_of
from backend.tracing.track import track
from contracts import batches as wire
from contracts.chat import TokenUsage
from contracts.comparisons import Contestant

READ: Final = 200
MOST_LATENCIES: Final = 2_000
MOST_DIFFERENCES: Final = 20
TELLING: Final[tuple[MetricName, ...]] = ("hit_at_k", "similarity", "refusal")
"""By which lanes differ on a question; each is 0..1."""
THOUSAND: Final = 1_000

Values = Mapping[UUID, float | None]
"""By comparison."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a batch: what was measured of each lane, None for one with an error, and what the judge said."""

    comparison_id: UUID
    question: str
    lanes: Mapping[str, Mapping[str, float | None] | None]
    judged: Json

    def value(self, lane: str, metric: MetricName) -> float | None:
        return (self.lanes.get(lane) or {}).get(metric)


class BatchMeasuring:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    @track("comparisons.measure_batch")
    async def conclude(self, workspace_id: UUID, batch_id: UUID) -> wire.BatchResults:
        """Reads all lanes' values and stores the results. Raises `BatchGone`."""
        async with self._uow.read(workspace_id) as tx:
            batch = await check_batch(tx, batch_id)
            contest = await tx.comparisons.contest(batch.contest_id)
        asked = await self._asked(workspace_id, batch_id)
        contestants = contestants_of(contest.contestants)
        has_judge = asked_for(batch).judge is not None
        results = await asyncio.to_thread(results_of, contestants, asked, has_judge=has_judge)
        async with self._uow(workspace_id) as tx:
            await check_batch(tx, batch_id)
            await tx.comparisons.set_results(batch_id, results.model_dump(mode="json"))
        return results

    async def _asked(self, workspace_id: UUID, batch_id: UUID) -> list[Asked]:
        found: list[Asked] = []
        last = -1
        while True:
            async with self._uow.read(workspace_id) as tx:
                comparisons = await tx.batches.after(batch_id, last, limit=READ)
                lanes = await tx.batches.measured([one.id for one in comparisons])
            if not comparisons:
                return found
            values: dict[UUID, dict[str, Json | None]] = {one.id: {} for one in comparisons}
            for comparison_id, contestant, error, metrics in lanes:
                values[comparison_id][contestant] = metrics if error is None else None
            found += [Asked(one.id, one.question, values[one.id], one.judged) for one in comparisons]
            last = comparisons[-1].ordinal


def results_of(contestants: Sequence[Contestant], asked: Sequence[Asked], *, has_judge: bool) -> wire.BatchResults:
    """Every figure is of the values of the questions alone; the same values have the same figures."""
    names = names_of(contestants)
    values: dict[tuple[str, MetricName], Values] = {
        (lane, metric): _values(lane, metric, asked) for lane in names for metric in METRICS
    }
    return wire.BatchResults(
        metrics=[_lane_metric(lane, metric, list(of.values())) for (lane, metric), of in values.items()],
        duels=[
            _duel(metric, (one, other), (values[one, metric], values[other, metric]), names)
            for metric in METRICS
            for one, other in combinations(names, 2)
        ],
        latencies={lane: _spread(known_values(values[lane, "latency"].values())) for lane in names},
        failures={lane: sum(one.lanes.get(lane) is None for one in asked) for lane in names},
        cost_per_thousand={lane: _usd(values[lane, "cost"]) for lane in names},
        judged=verdict_of(contestants, _judged_tallies(names, asked), counted="question") if has_judge else None,
        judge_failures=sum(pair["said"] == "failed" for one in asked for pair in one.judged.get("pairs", {}).values()),
        judge_usage=_judge_usage(asked) if has_judge else None,
        differences=_differences(asked),
    )


def _values(lane: str, metric: MetricName, asked: Sequence[Asked]) -> Values:
    """Of costs none where one is not known: the rest would mislead."""
    found = {one.comparison_id: one.value(lane, metric) for one in asked}
    answered = sum(one.lanes.get(lane) is not None for one in asked)
    if metric == "cost" and len(known_values(found.values())) < answered:
        return dict.fromkeys(found)
    return found


# --- one lane --------------------------------------------------------------------
def _lane_metric(lane: str, metric: MetricName, values: Sequence[float | None]) -> wire.LaneMetric:
    known = known_values(values)
    found = _mean(metric, known)
    return wire.LaneMetric(
        lane=lane,
        metric=metric,
        mean=percentile(known, 0.5) if metric == "latency" else found.value,
        low=found.interval.low if found.interval and metric != "latency" else None,
        high=found.interval.high if found.interval and metric != "latency" else None,
        p95=percentile(known, 0.95) if metric == "latency" else None,
        n=len(known),
        missing=len(values) - len(known),
    )


def _mean(metric: MetricName, known: Sequence[float]) -> Mean:
    if METRICS[metric].is_binary:
        return share(known)
    return mean([value * _scale(metric) for value in known])


def _scale(metric: MetricName) -> int:
    return THOUSAND if metric == "cost" else 1


def _usd(costs: Values) -> Decimal | None:
    found = cost_per_thousand(known_values(costs.values()))
    return None if found is None else Decimal(f"{found:.6f}")


def _spread(values: Sequence[float]) -> list[float]:
    step = max(1, -(-len(values) // MOST_LATENCIES))
    return [round(value, 3) for value in sorted(values)[::step]]


# --- two lanes -------------------------------------------------------------------
def _duel(
    metric: MetricName, lanes: tuple[str, str], values: tuple[Values, Values], names: Mapping[str, str]
) -> wire.MetricDuel:
    lane, rival = lanes
    first, second = (
        {id: None if value is None else value * _scale(metric) for id, value in of.items()} for of in values
    )
    paired = paired_tally(first, second, better=METRICS[metric].better)
    found = mean_difference(first, second)
    return wire.MetricDuel(
        metric=metric,
        lane=lane,
        rival=rival,
        wins=paired.tally.wins,
        ties=paired.tally.ties,
        losses=paired.tally.losses,
        missing=paired.missing,
        difference=found.value,
        low=found.interval.low if found.interval else None,
        high=found.interval.high if found.interval else None,
        text=_duel_text(METRICS[metric], (names[lane], names[rival]), paired, found),
    )


def _duel_text(metric: Metric, names: tuple[str, str], paired: Paired, found: Mean) -> str:
    """Such as `A against B on Hit@5: better on 12, worse on 3, the same on 85 questions; +0.090 on average, +0.020 to
    +0.160: A is better`."""
    opening = f"{names[0]} against {names[1]} on {metric.title}"
    tally = paired.tally
    if found.value is None:
        return f"{opening}: no question has a value for both"
    counts = f"better on {tally.wins:,}, worse on {tally.losses:,}, the same on {tally.ties:,} questions"
    if found.interval is None:
        return f"{opening}: {counts}; too few to tell"
    low, high = found.interval.low, found.interval.high
    average = f"{found.value:+.3f} on average, {low:+.3f} to {high:+.3f}"
    return f"{opening}: {counts}; {average}: {_told(metric, names, low, high)}"


def _told(metric: Metric, names: tuple[str, str], low: float, high: float) -> str:
    if low <= 0 <= high:
        return "no difference is shown"
    is_first = (low > 0) == (metric.better == "higher")
    return f"{names[0] if is_first else names[1]} is better"


def _differences(asked: Sequence[Asked]) -> list[wire.Difference]:
    """The spread is the sum of those of the telling metrics."""
    spreads = [(_question_spread(one), one) for one in asked]
    ranked = sorted((one for one in spreads if one[0] > 0), key=lambda one: -one[0])
    return [
        wire.Difference(comparison_id=one.comparison_id, question=one.question, spread=round(spread, 4))
        for spread, one in ranked[:MOST_DIFFERENCES]
    ]


def _question_spread(asked: Asked) -> float:
    found = 0.0
    for metric in TELLING:
        known = [value for lane in asked.lanes if is_known(value := asked.value(lane, metric))]
        found += max(known) - min(known) if known else 0.0
    return found


# --- the judge -------------------------------------------------------------------
def _judged_tallies(lanes: Mapping[str, str], asked: Sequence[Asked]) -> dict[Pair, Tally]:
    tallies: dict[Pair, Tally] = dict.fromkeys(combinations(lanes, 2), Tally())
    for one in asked:
        for pair, saying in one.judged.get("pairs", {}).items():
            first, _, second = pair.partition("|")
            said = saying["said"]
            tally = Tally(int(said == "first"), int(said == "tie"), int(said == "second"))
            if (first, second) in tallies:
                tallies[first, second] += tally
            else:
                tallies[second, first] += tally.mirrored
    return tallies


def _judge_usage(asked: Sequence[Asked]) -> TokenUsage:
    """US dollars are None as soon as those of one saying are not known."""
    found = [TokenUsage.model_validate(one.judged["usage"]) for one in asked if one.judged]
    paid = [one for one in found if one.input_tokens + one.output_tokens]
    costs = [one.cost_usd for one in paid if one.cost_usd is not None]
    return TokenUsage(
        input_tokens=sum(one.input_tokens for one in found),
        output_tokens=sum(one.output_tokens for one in found),
        cost_usd=sum(costs, Decimal(0)) if len(costs) == len(paid) else None,
    )
