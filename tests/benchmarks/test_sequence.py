from itertools import product

import numpy as np
import pytest

from backend.comparison.means import wilson
from benchmarks.sequence import by_sequence, by_wilson, chance, first_looks, least_wins, planned_votes


def test_bounds_are_the_least_wins_that_exclude_no_preference() -> None:
    assert least_wins(by_sequence, 12).tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 12]
    bounds = least_wins(by_wilson, 60)
    for votes, bound in enumerate(bounds.tolist(), 1):
        assert wilson(bound, votes).low > 0.5 if bound <= votes else 0.5 in wilson(votes, votes)
        assert 0.5 in wilson(bound - 1, votes)


@pytest.mark.parametrize("rate", [0.5, 0.8])
def test_the_exact_chance_is_that_of_all_courses_of_votes(rate: float) -> None:
    bounds = least_wins(by_wilson, 8)
    expected = 0.0
    for votes in product((0, 1), repeat=8):
        wins, seen = np.cumsum(votes), np.arange(1, 9)
        if (np.maximum(wins, seen - wins) >= bounds).any():
            expected += rate ** sum(votes) * (1 - rate) ** (8 - sum(votes))
    assert 0 < expected < 1
    assert chance(bounds, rate) == pytest.approx(expected)


def test_simulated_alarms_are_as_frequent_as_they_are_likely() -> None:
    bounds = least_wins(by_wilson, 100)
    looks = first_looks(bounds, 0.5, runs=4_000)
    assert (looks <= 100).mean() == pytest.approx(chance(bounds, 0.5), abs=0.025)
    assert looks.min() == 4
    assert looks.max() == 101


@pytest.mark.parametrize(("rate", "votes"), [(0.62, 134), (0.7, 47), (0.3, 47)])
def test_a_test_with_one_look_plans_its_votes(rate: float, votes: int) -> None:
    assert planned_votes(rate) == votes
