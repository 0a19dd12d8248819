"""Means of a metric over questions with a 95 % interval, for one look when all are answered.

Where each value is 0 or 1: Wilson's interval (Wilson 1927, "Probable inference, the law of succession, and statistical
inference"). Elsewhere, and for the difference of two lanes over the same questions: the percentile bootstrap (Efron
1979) of whole questions, so that what makes one hard is in both lanes. It is too narrow for a handful of questions. An
interval to look at after every question is that of `sequence`, given `metrics.paired_tally`.
"""

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from backend.comparison.metrics import known_values, paired_values
from backend.comparison.sequence import ALPHA, Interval

Id = TypeVar("Id", bound=Hashable)
Method = Literal["wilson", "bootstrap", "paired bootstrap"]

RESAMPLES: Final = 2000
SEED: Final = 20_230_801
"""Fixed: the same values have the same interval."""

_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Mean:
    """`value` is None without questions, `interval` with too few of them to tell: none, or one for a bootstrap."""

    value: float | None
    interval: Interval | None
    questions: int
    method: Method


def share(values: Iterable[float | None]) -> Mean:
    """Of values that are 0 or 1; unknown ones are left out. Raises ValueError for another value."""
    known = known_values(values)
    wrong = sorted(set(known) - {0.0, 1.0})
    if wrong:
        raise ValueError(f"a share is that of values 0 and 1, not {wrong[0]!r}; take the mean")
    if not known:
        return Mean(None, None, 0, "wilson")
    hits = int(sum(known))
    return Mean(hits / len(known), wilson(hits, len(known)), len(known), "wilson")


def mean(values: Iterable[float | None]) -> Mean:
    """Of any values; unknown ones are left out."""
    return _bootstrapped(known_values(values), "bootstrap")


def mean_difference(first: Mapping[Id, float | None], second: Mapping[Id, float | None]) -> Mean:
    """The first lane's values less the second's, over the questions for which both have one."""
    return _bootstrapped([one - other for one, other in paired_values(first, second)], "paired bootstrap")


def grouped_difference(first: Sequence[float], second: Sequence[float], groups: Sequence[Hashable]) -> Mean:
    """`first` less `second`, a value each a question; questions of one group are drawn together by the bootstrap,
    since what makes one of them hard makes the others hard. `questions` counts questions; one group has no interval."""
    by_group: dict[Hashable, tuple[float, int]] = {}
    for one, other, group in zip(first, second, groups, strict=True):
        total, count = by_group.get(group, (0.0, 0))
        by_group[group] = total + one - other, count + 1
    if not by_group:
        return Mean(None, None, 0, "paired bootstrap")
    sums = np.array([total for total, _ in by_group.values()], dtype=np.float64)
    counts = np.array([count for _, count in by_group.values()], dtype=np.float64)
    found = float(sums.sum() / counts.sum())
    if len(sums) < 2:
        return Mean(found, None, len(groups), "paired bootstrap")
    low, high = np.quantile(_resampled_ratio(sums, counts), [ALPHA / 2, 1 - ALPHA / 2])
    return Mean(found, Interval(float(low), float(high)), len(groups), "paired bootstrap")


def wilson(hits: int, of: int, alpha: float = ALPHA) -> Interval:
    """For one look at a number of trials fixed before. Raises ValueError unless 0 <= hits <= of and 0 < of."""
    if not 0 <= hits <= of or of == 0:
        raise ValueError(f"{hits!r} hits of {of!r} are no share")
    z = NormalDist().inv_cdf(1 - alpha / 2)
    rate, spread = hits / of, z * z / of
    centre = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / of + spread / of / 4) / (1 + spread)
    return Interval(centre - half if hits else 0.0, centre + half if hits < of else 1.0)


def _bootstrapped(values: list[float], method: Method) -> Mean:
    if len(values) < 2:
        return Mean(values[0] if values else None, None, len(values), method)
    known = np.array(values, dtype=np.float64)
    low, high = np.quantile(_resampled(known), [ALPHA / 2, 1 - ALPHA / 2])
    return Mean(float(known.mean()), Interval(float(low), float(high)), len(values), method)


def _resampled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of `RESAMPLES` draws with replacement."""
    return np.concatenate([values[batch].mean(axis=1) for batch in _draws(len(values))])


def _resampled_ratio(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([sums[batch].sum(axis=1) / counts[batch].sum(axis=1) for batch in _draws(len(sums))])


def _draws(of: int) -> Iterator[NDArray[np.int64]]:
    """Rows of `RESAMPLES` draws, in batches: memory of 100 draws."""
    draws = np.random.default_rng(SEED)
    return (draws.integers(0, of, (_BATCH, of)) for _ in range(RESAMPLES // _BATCH))
