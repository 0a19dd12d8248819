"""A verdict that may be looked at after every vote.

Votes are drawn, and .5 is looked for in the interval after each: 20,000 comparisons of 2,000 votes. Where nobody is
preferred, a comparison whose interval ever excludes .5 is a false alarm. Peer: Wilson's 95 % interval, meant for one
look at a number of votes fixed before, looked at as often. Where one lane is preferred: the median of votes until the
interval excludes .5, beside the votes that a test with one look at the end plans for (5 %, two-sided, power 80 %), and
the mean width of both intervals, exactly. Ties do not matter: wins and losses alone exclude .5, and these are drawn.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from backend.comparison.means import wilson
from backend.comparison.sequence import Tally, excludes_even, trajectory
from benchmarks.figures import Figure, Target

RUNS, VOTES = 20_000, 2_000
PREFERENCES = (0.62, 0.7)
SEED = 2023

_BATCH = 1_000

Excludes = Callable[[int, int], bool]
"""Whether so many wins of so many votes exclude .5."""


def measure() -> list[Figure]:
    ours, naive = least_wins(by_sequence, VOTES), least_wins(by_wilson, VOTES)
    return [_alarms(ours, naive), *(_decided(ours, rate) for rate in PREFERENCES), _width(140, 0.62)]


def _alarms(ours: NDArray[np.int64], naive: NDArray[np.int64]) -> Figure:
    mine, theirs = (first_looks(bounds, 0.5) for bounds in (ours, naive))
    within = {votes: _percent(theirs, votes) for votes in (20, 100, 500)}
    return Figure(
        "false alarms, a look after each of 2,000 votes",
        round(_percent(mine, VOTES), 2),
        "%",
        Target("at most", 5),
        peer=round(_percent(theirs, VOTES), 1),
        note=f"exactly {100 * chance(ours, 0.5):.2f}; peer: Wilson's 95 % interval, exactly "
        f"{100 * chance(naive, 0.5):.1f}, within " + ", ".join(f"{n} votes {rate:.0f}" for n, rate in within.items()),
    )


def _decided(ours: NDArray[np.int64], rate: float) -> Figure:
    looks = first_looks(ours, rate)
    late = int(np.quantile(looks, 0.8, method="higher"))
    return Figure(
        f"votes until {rate:.0%} preferred is told, median".replace("%", " %"),
        float(np.quantile(looks, 0.5, method="higher")),
        "votes",
        peer=planned_votes(rate),
        note=f"80 % by {late:,}; peer: planned for one look that tells it in 80 % of comparisons",
    )


def _width(votes: int, rate: float) -> Figure:
    looks = trajectory([Tally(wins, 0, votes - wins) for wins in range(votes + 1)])
    fixed = [wilson(wins, votes) for wins in range(votes + 1)]
    chances = np.array(
        [math.comb(votes, wins) * rate**wins * (1 - rate) ** (votes - wins) for wins in range(votes + 1)]
    )
    ours = np.array([look.interval.high - look.interval.low for look in looks])
    return Figure(
        f"mean width at {votes} votes, {rate:.0%} preferred".replace("%", " %"),
        round(float(chances @ ours), 3),
        "",
        peer=round(float(chances @ np.array([one.high - one.low for one in fixed])), 3),
        note="peer: Wilson's interval, of one look",
    )


def by_sequence(wins: int, votes: int) -> bool:
    return excludes_even(Tally(wins, 0, votes - wins))


def by_wilson(wins: int, votes: int) -> bool:
    return 0.5 not in wilson(wins, votes)


def least_wins(excludes: Excludes, votes: int) -> NDArray[np.int64]:
    """int64[votes]: after each vote the wins from which on .5 is excluded; one more than the votes where none do."""
    return np.array([_least(excludes, seen) for seen in range(1, votes + 1)], dtype=np.int64)


def _least(excludes: Excludes, votes: int) -> int:
    more_than_half = range(votes // 2 + 1, votes + 1)
    return more_than_half.start + bisect_left(more_than_half, True, key=lambda wins: excludes(wins, votes))


def first_looks(bounds: NDArray[np.int64], rate: float, runs: int = RUNS) -> NDArray[np.int64]:
    """int64[runs]: after how many votes .5 was first excluded; one more than all where it never was."""
    draws, seen = np.random.default_rng(SEED), np.arange(1, len(bounds) + 1)
    found = []
    for _ in range(0, runs, _BATCH):
        wins = (draws.random((_BATCH, len(bounds)), dtype=np.float32) < rate).cumsum(axis=1, dtype=np.int64)
        out = np.maximum(wins, seen - wins) >= bounds
        found.append(np.where(out.any(axis=1), out.argmax(axis=1) + 1, len(bounds) + 1))
    return np.concatenate(found)


def chance(bounds: NDArray[np.int64], rate: float) -> float:
    """That .5 is ever excluded, exactly: the courses of votes that have not, followed together."""
    masses, excluded = np.ones(1), 0.0
    for seen, bound in enumerate(bounds, 1):
        masses = np.append(0.0, masses) * rate + np.append(masses, 0.0) * (1 - rate)
        wins = np.arange(seen + 1)
        out = np.maximum(wins, seen - wins) >= bound
        excluded += float(masses[out].sum())
        masses[out] = 0.0
    return excluded


def planned_votes(rate: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Of a two-sided test against .5 with one look, by the normal approximation."""
    normal = NormalDist()
    sure, found = normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)
    return math.ceil(((sure * 0.5 + found * math.sqrt(rate * (1 - rate))) / (rate - 0.5)) ** 2)


def _percent(looks: NDArray[np.int64], votes: int) -> float:
    return 100 * float((looks <= votes).mean())
