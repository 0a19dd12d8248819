"""Strengths of lanes that were compared in pairs: Bradley & Terry 1952, "Rank analysis of incomplete block designs".

Lane i is preferred to lane j with the probability s_i / (s_i + s_j). A tie is half a win for each.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from backend.comparison.sequence import Tally

Floats = NDArray[np.float64]
Pair = tuple[str, str]

VIRTUAL_TIES: Final = 0.5
"""Added to each pair: strengths stay finite where a lane won or lost everything, and comparable where none compares."""

_STEPS: Final = 100
_LONGEST: Final = 2.0
"""Of a step: a longer one can land where every win is certain, and the curvature too small to lead back."""
_CLOSE: Final = 1e-8
_DIGITS: Final = 9


def strengths(lanes: Sequence[str], tallies: Mapping[Pair, Tally]) -> dict[str, float]:
    """The most likely ones, above 0, together 1, in the order of `lanes`.

    A tally is that of its pair's first lane against its second; a pair that comes both ways round is added up, one that
    does not come has no votes. Raises ValueError for less than two lanes, for one given twice, and for a pair with
    itself or with one that is not given.
    """
    wins = win_matrix(lanes, tallies) + VIRTUAL_TIES / 2 * (1 - np.eye(len(lanes)))
    logits = np.zeros(len(lanes))
    for _ in range(_STEPS):
        step = _newton_step(wins, logits)
        length = float(np.abs(step).max())
        logits += step * (_LONGEST / max(length, _LONGEST))
        if length < _CLOSE:
            break
    weights = np.exp(logits - logits.max())
    return {lane: float(weight) for lane, weight in zip(lanes, weights / weights.sum(), strict=True)}


def expected_win_rate(strength: float, other: float) -> float:
    """0..1, of a lane against another one."""
    return strength / (strength + other)


def ranked(strengths: Mapping[str, float]) -> tuple[str, ...]:
    """Strongest first; those that differ by less than about 1e-9 of themselves in the order given."""
    return tuple(sorted(strengths, key=lambda lane: -round(math.log(strengths[lane]), _DIGITS)))


def win_matrix(lanes: Sequence[str], tallies: Mapping[Pair, Tally]) -> Floats:
    """float64[lanes, lanes]: how often the row's lane was preferred to the column's. Raises as `strengths` does."""
    place = {lane: at for at, lane in enumerate(lanes)}
    if len(place) != len(lanes) or len(lanes) < 2:
        raise ValueError(f"two lanes or more are compared, each with a label of its own, not {list(lanes)!r}")
    wins = np.zeros((len(lanes), len(lanes)))
    for (first, second), tally in tallies.items():
        if first not in place or second not in place or first == second:
            raise ValueError(f"{(first, second)!r} is no pair of the lanes {list(lanes)!r}")
        wins[place[first], place[second]] += tally.wins + tally.ties / 2
        wins[place[second], place[first]] += tally.losses + tally.ties / 2
    return wins


def pairs(lanes: Sequence[str], tallies: Mapping[Pair, Tally]) -> dict[Pair, Tally]:
    """Each two lanes once, both in the order of `lanes`."""
    none = Tally()
    return {
        (one, other): tallies.get((one, other), none) + tallies.get((other, one), none).mirrored
        for one, other in combinations(lanes, 2)
    }


def _newton_step(wins: Floats, logits: Floats) -> Floats:
    """Strengths are known up to a factor: the step is the one whose sum is 0."""
    met = wins + wins.T
    expected = 1 / (1 + np.exp(np.clip(logits[None, :] - logits[:, None], -700, 700)))
    gradient = (wins - met * expected).sum(axis=1)
    curvature = met * expected * expected.T
    laplacian = np.diag(curvature.sum(axis=1)) - curvature
    step: Floats = np.linalg.solve(laplacian + laplacian.trace() / len(wins) ** 2, gradient)
    return step
