import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.comparison.means import Mean, grouped_difference, mean, mean_difference, share, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_has_the_published_values(hits: int, of: int, low: float, high: float) -> None:
    """Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3."""
    found = wilson(hits, of)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


def test_wilson_begins_at_zero_and_ends_at_one_without_a_rest_of_rounding() -> None:
    assert all(wilson(0, of).low == 0.0 and wilson(of, of).high == 1.0 for of in range(1, 60))


@given(st.integers(1, 500), st.data())
def test_wilson_ends_are_the_rates_that_a_score_test_just_keeps(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    found = wilson(hits, of)
    assert hits / of in found
    for end in (found.low, found.high):
        if 1e-9 < end < 1 - 1e-9:
            assert abs(hits / of - end) == pytest.approx(1.959964 * math.sqrt(end * (1 - end) / of), rel=1e-4)


@pytest.mark.parametrize(("hits", "of"), [(-1, 3), (4, 3), (0, 0)])
def test_hits_are_some_of_the_trials(hits: int, of: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(hits, of)


def test_a_share_of_zeros_and_ones_has_wilsons_interval() -> None:
    assert share([1.0, None, 0.0, 1.0, math.nan, 1.0]) == Mean(0.75, wilson(3, 4), 4, "wilson")
    assert share([None]) == Mean(None, None, 0, "wilson")
    with pytest.raises(ValueError, match=r"0\.5"):
        share([1.0, 0.5])


def test_a_mean_has_the_interval_of_its_resamples() -> None:
    values = np.random.default_rng(3).normal(5.0, 2.0, 400)
    found = mean(values.tolist())
    assert found.value == pytest.approx(values.mean())
    assert found.interval is not None
    half = 1.96 * values.std() / 20
    assert found.interval.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.interval.high == pytest.approx(values.mean() + half, abs=0.03)
    assert mean(values.tolist()) == found


def test_one_value_has_a_mean_and_no_interval() -> None:
    assert mean([None, 0.4]) == Mean(0.4, None, 1, "bootstrap")
    assert mean([]) == Mean(None, None, 0, "bootstrap")


def test_a_difference_is_that_of_the_same_questions() -> None:
    """Hard and easy questions differ by far more than the lanes do: only pairs show it."""
    hardness = np.random.default_rng(4).normal(0.0, 10.0, 50)
    first = {at: float(value) + 1 + 0.01 * (at % 3) for at, value in enumerate(hardness)}
    second = {at: float(value) for at, value in enumerate(hardness)}
    found = mean_difference(first | {99: 1e9}, second | {98: None, 99: None})
    assert (found.questions, found.method) == (50, "paired bootstrap")
    assert found.value == pytest.approx(1.01, abs=0.001)
    assert found.interval is not None
    assert 1.0 < found.interval.low < found.interval.high < 1.02


def test_questions_of_one_group_are_drawn_together() -> None:
    """Three copies of each question tell no more than one: the interval stays as wide."""
    first, second = [1.0, 0.0, 1.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0, 1.0, 1.0]
    alone = grouped_difference(first, second, range(6))
    copied = grouped_difference(3 * first, 3 * second, 3 * list(range(6)))
    apart = grouped_difference(3 * first, 3 * second, range(18))
    assert alone.interval == mean_difference(dict(enumerate(first)), dict(enumerate(second))).interval
    assert copied.interval == alone.interval
    assert copied.value == apart.value == alone.value == pytest.approx(1 / 6)
    assert apart.interval is not None
    assert alone.interval is not None
    assert apart.interval.high - apart.interval.low < alone.interval.high - alone.interval.low
    assert copied.questions == 18


@pytest.mark.parametrize("groups", [[], [1], [1, 1]])
def test_one_group_has_no_interval(groups: list[int]) -> None:
    assert grouped_difference([1.0] * len(groups), [0.0] * len(groups), groups).interval is None
