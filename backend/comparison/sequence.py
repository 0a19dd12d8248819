"""An interval for the win rate of paired votes that may be looked at after every vote.

A vote on lanes A and B is X = 1 (A preferred), .5 (a tie) or 0 (B preferred); its mean m is A's win rate. Against "the
mean is m" one starts with a capital of 1 and bets a fraction f of it: a vote multiplies the capital by 1 - f + f X / m,
or, betting on B, by 1 - f + f (1 - X) / (1 - m). If m is the mean of each vote, given those before it, the capital is a
martingale for every f, and so is its average over fixed fractions. By Ville's inequality it ever reaches 1 / alpha with
a probability of at most alpha: the m for which it has not are a confidence sequence, at every number of votes at once
and without asymptotics (Waudby-Smith & Ramdas 2023, "Estimating means of bounded random variables by betting"). Each
factor is convex in m and monotone, hence the capital convex: the set is an interval, and it holds the observed rate.
The capital depends on the tally alone, not on the order of votes.

Fractions are 32 on each side, from .005 to .95 in equal ratios, weighed as a half-normal of scale .3. Chosen by
measurement at alpha = .05: mean width at 20, 50, 140 and 500 votes, and the exact median of votes until .5 is excluded.

| construction                      | p = .62, no ties    | p = .62, 30 % ties  | votes at p = .55, .62, .7, .8 |
| --------------------------------- | ------------------- | ------------------- | ----------------------------- |
| this one                          | .58, .40, .25, .138 | .52, .33, .21, .112 | 787, 126, 50, 26              |
| uniform Beta-binomial (Robbins)   | .57, .40, .26, .148 | .48, .34, .21, .120 | 970, 141, 47, 19              |
| Beta-binomial around m, 20 votes  | .66, .41, .25, .134 | .61, .36, .21, .109 | 749, 129, 53, 28              |
| normal mixture (sub-Gaussian)     | .76, .45, .26, .139 | .77, .45, .26, .139 | 753, 131, 56, 31              |

With 20 or 128 fractions the widths are the same within .001. False alarms: benchmarks/sequence.py.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALPHA: Final = 0.05
MOST_VOTES: Final = 100_000
"""Where `votes_needed` gives up."""

_FRACTIONS: Final = np.geomspace(0.005, 0.95, 32)
_SCALE: Final = 0.3
_HALVINGS: Final = 32
_TINY: Final = 1e-12
"""In place of a mean of 0, against which a bet on A has no finite factor."""


def _log_weights() -> Floats:
    """Of the bets on one side, together half of the capital. Equal ratios put 1 / f of them at f: f makes up for it."""
    weights = _FRACTIONS * np.exp(-0.5 * (_FRACTIONS / _SCALE) ** 2)
    logs: Floats = np.log(weights / weights.sum() / 2)
    return logs


_LOG_WEIGHTS: Final = _log_weights()


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes between two lanes, as the first one sees them. Raises ValueError for a count below 0."""

    wins: int = 0
    ties: int = 0
    losses: int = 0

    def __post_init__(self) -> None:
        if min(self.wins, self.ties, self.losses) < 0:
            raise ValueError(f"votes are counted from 0: {self!r}")

    @property
    def votes(self) -> int:
        return self.wins + self.ties + self.losses

    @property
    def win_rate(self) -> float | None:
        """0..1, a tie being half a win; None without votes."""
        return (self.wins + self.ties / 2) / self.votes if self.votes else None

    @property
    def mirrored(self) -> "Tally":
        """As the second lane sees it."""
        return Tally(self.losses, self.ties, self.wins)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.wins + other.wins, self.ties + other.ties, self.losses + other.losses)


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends belong to it."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Look:
    """What is known after some votes: a point of the chart."""

    votes: int
    win_rate: float | None
    interval: Interval


def interval(tally: Tally, alpha: float = ALPHA) -> Interval:
    """Of the win rate, 0..1 without votes. The chance that it ever misses the true one is at most `alpha`, 0..1.

    Raises ValueError for another `alpha`. Ends are rounded outwards, by at most 3e-10.
    """
    return trajectory([tally], alpha)[0].interval


def trajectory(tallies: Sequence[Tally], alpha: float = ALPHA) -> list[Look]:
    """Win rate and interval at each of the tallies.

    Intervals are not intersected with those before: the last one is that of the last tally alone, as the verdict says
    it, and none depends on the order of the votes. One may therefore be wider than an earlier one.
    """
    threshold = -math.log(checked(alpha))
    counts = np.array([(one.wins, one.ties, one.losses) for one in tallies], dtype=np.float64).reshape(-1, 3)
    lows, mirrored_lows = np.split(_low(np.concatenate((counts, counts[:, ::-1])), threshold), 2)
    return [
        Look(one.votes, one.win_rate, Interval(float(low), 1 - float(mirrored)))
        for one, low, mirrored in zip(tallies, lows, mirrored_lows, strict=True)
    ]


def e_value(tally: Tally) -> float:
    """Evidence against "no preference": the capital at a mean of .5, which is expected to be 1 if there is none.

    It stays below 1 / alpha for ever with a probability of at least 1 - alpha. At most e^700. Ties leave it as it is.
    """
    return math.exp(min(_log_e(tally), 700.0))


def log_e_values(counts: Floats) -> Floats:
    """Natural logarithms, float64[n], of the e-values of many tallies: wins, ties and losses in float64[n, 3]."""
    return _log_capital(counts, np.full(len(counts), 0.5))


def p_value(tally: Tally) -> float:
    """Against "no preference", valid at every number of votes: at most `alpha` where the interval excludes .5."""
    return math.exp(-max(_log_e(tally), 0.0))


def excludes_even(tally: Tally, alpha: float = ALPHA) -> bool:
    """Whether one of the lanes is preferred: .5 is outside the interval."""
    return _log_e(tally) >= -math.log(checked(alpha))


def votes_needed(tally: Tally, alpha: float = ALPHA, *, most: int = MOST_VOTES) -> int | None:
    """How many more votes exclude .5 if they fall as those seen so far; 0 when these do.

    None when there is no margin, or when it takes more than `most` votes in all.
    """
    threshold = -math.log(checked(alpha))
    if excludes_even(tally, alpha):
        return 0
    if tally.wins == tally.losses or tally.votes >= most:
        return None
    shares = np.array([[tally.wins, tally.ties, tally.losses]], dtype=np.float64) / tally.votes

    # The log of a sum of exponentials of n is convex in n and 0 at 0: past the threshold it does not come back.
    def is_enough(votes: int) -> bool:
        return bool(log_e_values(shares * votes)[0] >= threshold)

    ahead = range(tally.votes + 1, most + 1)
    at = bisect_left(ahead, True, key=is_enough)
    return at + 1 if at < len(ahead) else None


def checked(alpha: float) -> float:
    """Raises ValueError unless it is between 0 and 1, both excluded."""
    if not 0 < alpha < 1:
        raise ValueError(f"alpha is a probability of error between 0 and 1, not {alpha!r}")
    return alpha


def _log_e(tally: Tally) -> float:
    return float(log_e_values(np.array([[tally.wins, tally.ties, tally.losses]], dtype=np.float64))[0])


def _low(counts: Floats, threshold: float) -> Floats:
    """Lower ends for wins, ties and losses in float64[n, 3], by halving between 0 and the observed rate."""
    votes = counts.sum(axis=1)
    inside = np.divide(counts[:, 0] + counts[:, 1] / 2, votes, out=np.full(len(votes), 0.5), where=votes > 0)
    outside: Floats = np.zeros_like(inside)
    for _ in range(_HALVINGS):
        middle = np.maximum((outside + inside) / 2, _TINY)
        is_out = _log_capital(counts, middle) >= threshold
        outside, inside = np.where(is_out, middle, outside), np.where(is_out, inside, middle)
    return outside


def _log_capital(counts: Floats, mean: Floats) -> Floats:
    """Natural logarithm, float64[n], of the average capital against `mean`, float64[n] in 0..1 without its ends."""
    on_first = _log_stakes(counts, mean[:, None])
    on_second = _log_stakes(counts[:, ::-1], 1 - mean[:, None])
    stakes = np.concatenate((on_first, on_second), axis=1)
    largest = stakes.max(axis=1)
    logs: Floats = largest + np.log(np.exp(stakes - largest[:, None]).sum(axis=1))
    return logs


def _log_stakes(counts: Floats, mean: Floats) -> Floats:
    """Each weight times what its bet on the first lane has become, float64[n, fractions]."""
    wins, ties, losses = (counts[:, column, None] for column in range(3))
    win, tie = np.log1p(_FRACTIONS * (1 / mean - 1)), np.log1p(_FRACTIONS * (0.5 / mean - 1))
    stakes: Floats = _LOG_WEIGHTS + wins * win + ties * tie + losses * np.log1p(-_FRACTIONS)
    return stakes
