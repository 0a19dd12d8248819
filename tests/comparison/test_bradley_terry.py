import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.comparison.bradley_terry import VIRTUAL_TIES, Pair, expected_win_rate, pairs, ranked, strengths, win_matrix
from backend.comparison.sequence import Tally

_LANES = ("A", "B", "C", "D")
_PAIRS = [(one, other) for at, one in enumerate(_LANES) for other in _LANES[at + 1 :]]
_COUNTS = st.integers(0, 2000)
_TALLIES = st.dictionaries(st.sampled_from(_PAIRS), st.builds(Tally, _COUNTS, _COUNTS, _COUNTS))


def test_two_lanes_are_as_strong_as_their_wins_with_half_a_virtual_tie() -> None:
    found = strengths(["A", "B"], {("A", "B"): Tally(6, 2, 2)})
    assert found["A"] == pytest.approx(7.25 / 10.5)
    assert found["A"] + found["B"] == pytest.approx(1.0)
    assert expected_win_rate(found["A"], found["B"]) == pytest.approx(7.25 / 10.5)


def _likelihood(logits: tuple[float, float], tallies: dict[Pair, Tally]) -> float:
    """Of A, B and C = 0, with the virtual ties: a sum over pairs as the model is written in books."""
    strength = {"A": math.exp(logits[0]), "B": math.exp(logits[1]), "C": 1.0}
    total = 0.0
    for one, other in (("A", "B"), ("A", "C"), ("B", "C")):
        tally = tallies.get((one, other), Tally())
        chance = strength[one] / (strength[one] + strength[other])
        total += (tally.wins + tally.ties / 2 + VIRTUAL_TIES / 2) * math.log(chance)
        total += (tally.losses + tally.ties / 2 + VIRTUAL_TIES / 2) * math.log(1 - chance)
    return total


@pytest.mark.parametrize(
    "tallies",
    [
        {("A", "B"): Tally(12, 3, 5), ("A", "C"): Tally(4, 0, 9), ("B", "C"): Tally(7, 7, 7)},
        {("A", "B"): Tally(5, 0, 0), ("B", "C"): Tally(3, 1, 0)},
        {("A", "B"): Tally(2, 0, 6)},
    ],
)
def test_no_other_strengths_are_more_likely(tallies: dict[Pair, Tally]) -> None:
    best, width = (0.0, 0.0), 8.0
    while width > 1e-6:
        offsets = np.linspace(-width, width, 9)
        around = [(best[0] + float(one), best[1] + float(other)) for one, other in product(offsets, offsets)]
        best, width = max(around, key=lambda logits: _likelihood(logits, tallies)), width / 2
    found = strengths(["A", "B", "C"], tallies)
    assert math.log(found["A"] / found["C"]) == pytest.approx(best[0], abs=1e-4)
    assert math.log(found["B"] / found["C"]) == pytest.approx(best[1], abs=1e-4)


def _check_scores(tallies: dict[Pair, Tally]) -> None:
    """That each lane is expected to win as often as it did: what the maximum of the likelihood has to meet."""
    found = strengths(_LANES, tallies)
    assert sum(found.values()) == pytest.approx(1.0)
    for lane in _LANES:
        won = expected = 0.0
        for (one, other), tally in pairs(_LANES, tallies).items():
            if lane in (one, other):
                mine, rival = (tally, other) if lane == one else (tally.mirrored, one)
                won += mine.wins + mine.ties / 2 + VIRTUAL_TIES / 2
                expected += (mine.votes + VIRTUAL_TIES) * expected_win_rate(found[lane], found[rival])
        assert expected == pytest.approx(won, rel=1e-7)


@settings(max_examples=60)
@given(_TALLIES)
def test_each_lane_is_expected_to_win_as_often_as_it_did(tallies: dict[Pair, Tally]) -> None:
    _check_scores(tallies)


def test_strengths_far_apart_are_found_too() -> None:
    """Whole Newton steps miss these for ever."""
    _check_scores(
        {
            ("A", "B"): Tally(0, 0, 2_968_606),
            ("A", "C"): Tally(0, 0, 614_370),
            ("A", "D"): Tally(16, 0, 0),
            ("B", "C"): Tally(7_454_209, 0, 1),
            ("B", "D"): Tally(1_429_149, 0, 0),
        }
    )


@given(_TALLIES, st.permutations(_LANES))
def test_the_order_and_the_side_of_the_lanes_do_not_matter(tallies: dict[Pair, Tally], lanes: list[str]) -> None:
    turned = {(other, one): tally.mirrored for (one, other), tally in tallies.items()}
    assert strengths(lanes, turned) == pytest.approx(strengths(_LANES, tallies), rel=1e-6)


def test_a_pair_given_both_ways_round_is_added_up() -> None:
    both = {("A", "B"): Tally(3, 1, 2), ("B", "A"): Tally(4, 2, 5)}
    assert pairs(["A", "B"], both) == {("A", "B"): Tally(8, 3, 6)}
    assert strengths(["A", "B"], both) == strengths(["A", "B"], {("A", "B"): Tally(8, 3, 6)})
    assert win_matrix(["A", "B"], both).tolist() == [[0.0, 9.5], [7.5, 0.0]]


@pytest.mark.parametrize("votes", [1, 100, 100_000, 10**9])
def test_a_lane_that_won_everything_is_strongest_and_the_unknown_one_between(votes: int) -> None:
    found = strengths(["A", "B", "C"], {("B", "A"): Tally(votes, 0, 0)})
    assert ranked(found) == ("B", "C", "A")
    assert all(0 < strength < 1 for strength in found.values())


def test_lanes_that_no_vote_connects_stay_comparable() -> None:
    found = strengths(_LANES, {("A", "B"): Tally(30, 0, 10), ("C", "D"): Tally(20, 0, 20)})
    assert ranked(found) == ("A", "C", "D", "B")
    assert strengths(_LANES, {}) == dict.fromkeys(_LANES, 0.25)


def test_level_lanes_are_ranked_as_they_were_given() -> None:
    around = {("A", "B"): Tally(9, 0, 5), ("B", "C"): Tally(9, 0, 5), ("C", "A"): Tally(9, 0, 5)}
    assert ranked(strengths(["C", "A", "B"], around)) == ("C", "A", "B")
    assert ranked({"A": 0.3, "B": 0.3 + 1e-13, "C": 0.4}) == ("C", "A", "B")


@pytest.mark.parametrize("lanes", [[], ["A"], ["A", "A"], ["A", "B", "A"]])
def test_lanes_are_two_or_more_with_labels_of_their_own(lanes: list[str]) -> None:
    with pytest.raises(ValueError, match="label of its own"):
        strengths(lanes, {})


@pytest.mark.parametrize("pair", [("A", "X"), ("X", "A"), ("A", "A")])
def test_a_pair_that_is_none_is_refused(pair: Pair) -> None:
    with pytest.raises(ValueError, match="no pair"):
        strengths(["A", "B"], {pair: Tally(1, 0, 0)})
