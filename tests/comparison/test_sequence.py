import math
from collections import Counter, defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.comparison.sequence import (
    Interval,
    Tally,
    e_value,
    excludes_even,
    interval,
    log_e_values,
    p_value,
    trajectory,
    votes_needed,
)

_COUNTS = st.integers(0, 300)
_TALLIES = st.builds(Tally, _COUNTS, _COUNTS, _COUNTS)


def capital(tally: Tally, mean: float) -> float:
    """The same as the module's, a vote and a bet at a time."""
    fractions = [0.005 * (0.95 / 0.005) ** (at / 31) for at in range(32)]
    weights = [fraction * math.exp(-((fraction / 0.3) ** 2) / 2) for fraction in fractions]
    votes = [1.0] * tally.wins + [0.5] * tally.ties + [0.0] * tally.losses
    total = 0.0
    for fraction, weight in zip(fractions, weights, strict=True):
        on_first = math.prod(1 - fraction + fraction * vote / mean for vote in votes)
        on_second = math.prod(1 - fraction + fraction * (1 - vote) / (1 - mean) for vote in votes)
        total += weight / sum(weights) * (on_first + on_second) / 2
    return total


def test_a_tie_is_half_a_win() -> None:
    tally = Tally(6, 2, 2)
    assert (tally.votes, tally.win_rate) == (10, 0.7)
    assert tally.mirrored == Tally(2, 2, 6)
    assert tally + Tally(1, 2, 3) == Tally(7, 4, 5)
    assert Tally().win_rate is None


@pytest.mark.parametrize("counts", [(-1, 0, 0), (0, -1, 0), (0, 0, -1)])
def test_a_count_below_zero_is_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        Tally(*counts)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_an_alpha_that_is_no_probability_of_error_is_refused(alpha: float) -> None:
    for ask in (interval, excludes_even, votes_needed):
        with pytest.raises(ValueError, match="alpha"):
            ask(Tally(3, 1, 2), alpha)
    with pytest.raises(ValueError, match="alpha"):
        trajectory([], alpha)


@pytest.mark.parametrize("tally", [Tally(3, 0, 1), Tally(0, 7, 0), Tally(12, 5, 2), Tally(0, 0, 9), Tally(60, 20, 60)])
@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_the_ends_are_the_means_at_which_the_capital_reaches_one_over_alpha(tally: Tally, alpha: float) -> None:
    found = interval(tally, alpha)
    for end, inwards in ((found.low, 1e-6), (found.high, -1e-6)):
        if 0 < end < 1:
            assert capital(tally, end) >= 1 / alpha * (1 - 1e-9)
            assert capital(tally, end + inwards) < 1 / alpha


def test_the_e_value_is_the_capital_at_no_preference() -> None:
    assert e_value(Tally()) == pytest.approx(1.0)
    for tally in (Tally(9, 4, 2), Tally(0, 3, 6)):
        assert e_value(tally) == pytest.approx(capital(tally, 0.5))
        assert p_value(tally) == pytest.approx(min(1, 1 / capital(tally, 0.5)))


@pytest.mark.parametrize("tie", [0.0, 0.3, 1.0])
def test_without_a_preference_the_e_value_is_expected_to_be_one(tie: float) -> None:
    chance = {1.0: (1 - tie) / 2, 0.5: tie, 0.0: (1 - tie) / 2}
    expected = 0.0
    for votes in product(chance, repeat=6):
        counted = Counter(votes)
        tally = Tally(counted[1.0], counted[0.5], counted[0.0])
        expected += math.prod(chance[vote] for vote in votes) * e_value(tally)
    assert expected == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("tie", "rate", "votes"), [(0.0, 0.62, 110), (0.3, 0.62, 24), (0.0, 0.97, 60), (0.3, 0.5, 24), (0.0, 0.5, 110)]
)
def test_the_chance_that_any_look_misses_the_true_rate_is_at_most_alpha(tie: float, rate: float, votes: int) -> None:
    """Exactly, over all courses of the votes."""
    chances = ((1, 0, 0), rate - tie / 2), ((0, 1, 0), tie), ((0, 0, 1), 1 - rate - tie / 2)
    still = {(0, 0, 0): 1.0}
    missed = 0.0
    for _ in range(votes):
        after: defaultdict[tuple[int, int, int], float] = defaultdict(float)
        for (wins, ties, losses), mass in still.items():
            for (win, tied, loss), chance in chances:
                if chance:
                    after[wins + win, ties + tied, losses + loss] += mass * chance
        looks = trajectory([Tally(*counts) for counts in after], 0.2)
        still = {counts: after[counts] for counts, look in zip(after, looks, strict=True) if rate in look.interval}
        missed += sum(after.values()) - sum(still.values())
    assert 0.02 < missed <= 0.2


def _chance_decided(rate: float, votes: int) -> list[float]:
    """That .5 was excluded by each vote, exactly. Ties move no e-value: the votes are those that decide."""
    masses, decided = np.ones(1), 0.0
    found: list[float] = []
    for seen in range(1, votes + 1):
        masses = np.append(0.0, masses) * rate + np.append(masses, 0.0) * (1 - rate)
        wins = np.flatnonzero(masses > 1e-18)
        counts = np.stack([wins, np.zeros_like(wins), seen - wins], axis=1).astype(np.float64)
        out = wins[log_e_values(counts) >= math.log(20)]
        decided += float(masses[out].sum())
        masses[out] = 0.0
        found.append(decided)
    return found


def test_over_2000_looks_the_chance_of_a_false_alarm_is_at_most_5_percent() -> None:
    assert _chance_decided(0.5, 2000)[-1] == pytest.approx(0.0375, abs=0.0005)


@pytest.mark.parametrize(("rate", "votes"), [(0.62, 126), (0.7, 50), (0.8, 26)])
def test_half_of_the_comparisons_are_decided_after_as_many_votes_as_the_module_says(rate: float, votes: int) -> None:
    decided = _chance_decided(rate, votes)
    assert decided[-2] < 0.5 <= decided[-1]


def test_in_400_simulated_comparisons_with_2000_looks_false_alarms_stay_below_5_percent() -> None:
    tie = 0.3
    drawn = np.random.default_rng(2).random((400, 2000))
    outcomes = np.stack([drawn < 0.5 - tie / 2, abs(drawn - 0.5) <= tie / 2, drawn > 0.5 + tie / 2], axis=2)
    walks = outcomes.cumsum(axis=1).astype(np.float64)
    alarms = sum(bool(log_e_values(walk).max() >= math.log(20)) for walk in walks)
    assert 0.01 < alarms / 400 <= 0.05


def test_without_votes_nothing_is_known() -> None:
    assert interval(Tally()) == Interval(0.0, 1.0)
    assert trajectory([]) == []
    assert p_value(Tally()) == pytest.approx(1.0)
    assert votes_needed(Tally()) is None


def test_a_lane_that_won_every_vote_is_not_known_to_win_every_one() -> None:
    found = interval(Tally(20, 0, 0))
    assert found.high == 1.0
    assert 0.6 < found.low < 0.7
    assert interval(Tally(0, 0, 20)).low == 0.0


def test_the_width_shrinks_nearly_with_the_root_of_the_votes() -> None:
    widths = [
        look.interval.high - look.interval.low for look in trajectory([Tally(62 * n, 0, 38 * n) for n in (1, 100)])
    ]
    assert 7 < widths[0] / widths[1] < 10
    million = interval(Tally(620_000, 0, 380_000))
    assert 0.617 < million.low < 0.62 < million.high < 0.623


def test_counts_beyond_any_vote_overflow_nowhere() -> None:
    even, sure = Tally(10**9, 10**9, 10**9), Tally(10**9, 0, 0)
    assert (e_value(even), p_value(even)) == (0.0, 1.0)
    assert 0.49 < interval(even).low < 0.5 < interval(even).high < 0.51
    assert (e_value(sure), p_value(sure)) == (math.exp(700), 0.0)
    assert 0.999 < interval(sure).low < interval(sure).high == 1.0


def test_ties_narrow_the_interval_around_even() -> None:
    tied, split = interval(Tally(20, 60, 20)), interval(Tally(50, 0, 50))
    assert split.low < tied.low - 0.02
    assert tied.high < split.high - 0.02


def test_a_trajectory_looks_at_each_tally_by_itself() -> None:
    tallies = [Tally(), Tally(4, 1, 0), Tally(4, 1, 9)]
    looks = trajectory(tallies)
    assert [look.interval for look in looks] == [interval(tally) for tally in tallies]
    assert [(look.votes, look.win_rate) for look in looks] == [(0, None), (5, 0.9), (14, 4.5 / 14)]


@given(_TALLIES)
def test_swapping_the_lanes_mirrors_everything(tally: Tally) -> None:
    here, there = interval(tally), interval(tally.mirrored)
    assert (there.low, there.high) == pytest.approx((1 - here.high, 1 - here.low), abs=1e-12)
    assert math.log(e_value(tally)) == pytest.approx(math.log(e_value(tally.mirrored)), abs=1e-9)
    assert votes_needed(tally) == votes_needed(tally.mirrored)


@given(_TALLIES, st.floats(0.001, 0.5), st.floats(0.001, 0.5))
def test_a_smaller_alpha_never_gives_a_narrower_interval(tally: Tally, one: float, other: float) -> None:
    wide, narrow = interval(tally, min(one, other)), interval(tally, max(one, other))
    assert 0.0 <= wide.low <= narrow.low <= narrow.high <= wide.high <= 1.0
    if tally.win_rate is not None:
        assert tally.win_rate in narrow


@given(_TALLIES)
def test_a_vote_that_falls_better_moves_both_ends_up(tally: Tally) -> None:
    lost, tied, won = (interval(tally + one) for one in (Tally(0, 0, 1), Tally(0, 1, 0), Tally(1, 0, 0)))
    assert lost.low <= tied.low <= won.low
    assert lost.high <= tied.high <= won.high


@given(_TALLIES, st.sampled_from([0.01, 0.05, 0.2]))
def test_no_preference_is_excluded_where_interval_and_p_value_say_so(tally: Tally, alpha: float) -> None:
    is_decided = excludes_even(tally, alpha)
    assert is_decided == (0.5 not in interval(tally, alpha))
    assert is_decided == (p_value(tally) <= alpha)


@given(_COUNTS, _COUNTS, _COUNTS, _COUNTS)
def test_ties_say_nothing_against_no_preference(wins: int, losses: int, ties: int, more: int) -> None:
    assert e_value(Tally(wins, ties, losses)) == e_value(Tally(wins, more, losses))


@settings(max_examples=50)
@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(2, 40))
def test_the_votes_needed_are_as_many_as_decide_when_they_come(wins: int, ties: int, losses: int, times: int) -> None:
    tally = Tally(wins, ties, losses)
    needed = votes_needed(tally)
    grown = Tally(times * wins, times * ties, times * losses)
    assert excludes_even(grown) == (needed is not None and grown.votes - tally.votes >= needed)


@pytest.mark.parametrize(
    ("tally", "needed"),
    [
        (Tally(1, 0, 0), 11),
        (Tally(12, 0, 0), 0),
        (Tally(5, 9, 5), None),
        (Tally(0, 9, 0), None),
        (Tally(501, 0, 499), None),
    ],
)
def test_votes_needed_in_plain_cases(tally: Tally, needed: int | None) -> None:
    assert votes_needed(tally) == needed


def test_votes_needed_counts_up_to_a_limit_and_no_further() -> None:
    tally = Tally(55, 0, 45)
    needed = votes_needed(tally)
    assert needed is not None
    assert votes_needed(tally, most=100 + needed) == needed
    assert votes_needed(tally, most=99 + needed) is None
    assert votes_needed(tally, most=50) is None
    stricter = votes_needed(tally, 0.01)
    assert stricter is not None
    assert stricter > needed
