from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.comparison.bradley_terry import Pair
from backend.comparison.sequence import Tally, excludes_even, interval, votes_needed
from backend.comparison.verdict import judge

_COUNTS = st.integers(0, 120)
_TALLY = st.builds(Tally, _COUNTS, _COUNTS, _COUNTS)


@pytest.mark.parametrize(
    ("tally", "text"),
    [
        (Tally(), "no votes yet"),
        (Tally(92, 0, 48), "A is better: 66 %, 53 to 77 %, n = 140"),
        (Tally(48, 0, 92), "B is better: 66 %, 53 to 77 %, n = 140"),
        (Tally(60, 40, 20), "A is better: 67 %, 56 to 76 %, n = 120"),
        (Tally(33, 0, 27), "undecided: A 55 %, 36 to 73 %, n = 60; at this margin about 1,100 more votes"),
        (Tally(27, 0, 33), "undecided: B 55 %, 36 to 73 %, n = 60; at this margin about 1,100 more votes"),
        (Tally(87, 0, 53), "undecided: A 62 %, 49 to 74 %, n = 140; at this margin about 17 more votes"),
        (Tally(1, 0, 0), "undecided: A 100 %, 1 to 100 %, n = 1; at this margin about 11 more votes"),
        (Tally(11, 0, 0), "undecided: A 100 %, 49.8 to 100 %, n = 11; at this margin about 1 more vote"),
        (Tally(5, 3, 5), "undecided: A 50 %, 17 to 83 %, n = 13; there is no margin yet"),
        (Tally(0, 9, 0), "undecided: A 50 %, 22 to 78 %, n = 9; there is no margin yet"),
        (Tally(501, 0, 499), "undecided: A 50.1 %, 45 to 55 %, n = 1,000; at this margin more than 100,000 votes"),
    ],
)
def test_two_lanes_are_told_in_one_line(tally: Tally, text: str) -> None:
    assert judge(["A", "B"], {("A", "B"): tally}).text == text


def test_an_end_beside_50_percent_is_not_written_as_50() -> None:
    just = Tally(1_170, 0, 1_000)
    assert 0.5 < interval(just).low < 0.505
    assert judge(["A", "B"], {("A", "B"): just}).text == "A is better: 54 %, 50.4 to 58 %, n = 2,170"


def test_a_verdict_on_two_lanes_is_that_of_the_sequence() -> None:
    tally = Tally(40, 10, 12)
    verdict = judge(["new", "old"], {("old", "new"): tally.mirrored})
    (duel,) = verdict.duels
    assert (verdict.decided, verdict.best, verdict.order, verdict.votes_needed) == (True, "new", ("new", "old"), 0)
    assert (duel.rival, duel.tally, duel.win_rate) == ("old", tally, tally.win_rate)
    assert duel.interval == interval(tally, 0.05)


@given(_TALLY)
def test_swapping_two_lanes_does_not_change_what_is_said(tally: Tally) -> None:
    one = judge(["A", "B"], {("A", "B"): tally})
    other = judge(["B", "A"], {("B", "A"): tally.mirrored})
    assert one.decided == other.decided == excludes_even(tally)
    assert one.best == other.best
    if one.best:
        assert one.text == other.text


THREE = {("A", "B"): Tally(92, 0, 48), ("A", "C"): Tally(33, 0, 27), ("B", "C"): Tally(30, 10, 30)}


def test_the_best_of_three_is_better_than_each_other_one() -> None:
    verdict = judge(["C", "A", "B"], THREE | {("A", "C"): Tally(99, 0, 27)})
    assert (verdict.decided, verdict.best, verdict.votes_needed) == (True, "A", 0)
    assert verdict.text == "A is best: against B 66 %, 51 to 78 %, n = 140; against C 79 %, 64 to 89 %, n = 126"


def test_a_leader_of_three_that_is_not_told_apart_from_one_is_not_the_best_yet() -> None:
    verdict = judge(["A", "B", "C"], THREE)
    assert (verdict.decided, verdict.best, verdict.order) == (False, "A", ("A", "C", "B"))
    assert [duel.is_won for duel in verdict.duels] == [False, True]
    assert verdict.votes_needed == votes_needed(Tally(33, 0, 27), 0.05 / 3)
    assert verdict.text == (
        "undecided: A leads, against C 55 %, 34 to 75 %, n = 60; against B 66 %, 51 to 78 %, n = 140; "
        "at this margin about 1,300 more votes"
    )


def test_the_other_lanes_of_three_are_compared_with_each_other_too() -> None:
    verdict = judge(["A", "B", "C"], THREE)
    (other,) = verdict.others
    assert (other.lane, other.rival, other.tally) == ("C", "B", Tally(30, 10, 30))
    assert other.interval == interval(Tally(30, 10, 30), 0.05 / 3)
    assert not other.is_won
    assert judge(["A", "B"], {("A", "B"): Tally(92, 0, 48)}).others == ()


def test_two_that_never_met_are_expected_to_do_as_their_wins_against_others_say() -> None:
    verdict = judge(["A", "B", "C"], {("A", "B"): Tally(600, 0, 300), ("B", "C"): Tally(600, 0, 300)})
    against_b, against_c = verdict.duels
    assert (against_c.rival, against_c.win_rate) == ("C", None)
    assert against_c.expected == pytest.approx(0.8, abs=0.01), "twice as strong, twice over: 4 of 5"
    assert against_b.expected == pytest.approx(2 / 3, abs=0.01)


def test_with_more_lanes_each_pair_has_to_be_surer() -> None:
    tally = Tally(70, 0, 38)
    assert judge(["A", "B"], {("A", "B"): tally}).decided
    lanes = ["A", "B", "C"]
    verdict = judge(lanes, {("A", "B"): tally, ("A", "C"): Tally(90, 0, 10)})
    assert not verdict.decided
    assert verdict.duels[0].interval == interval(tally, 0.05 / 3)
    four = judge([*lanes, "D"], {("A", "B"): tally, ("A", "C"): tally, ("A", "D"): tally})
    assert four.duels[0].interval == interval(tally, 0.05 / 6)


def test_lanes_that_beat_each_other_in_turn_have_no_leader() -> None:
    verdict = judge(
        ["A", "B", "C"], {("A", "B"): Tally(9, 0, 5), ("B", "C"): Tally(9, 0, 5), ("C", "A"): Tally(9, 0, 5)}
    )
    assert (verdict.decided, verdict.best, verdict.votes_needed) == (False, None, None)
    assert verdict.text == (
        "undecided: nobody leads; A against B 64 %, 21 to 94 %, n = 14; against C 36 %, 6 to 79 %, n = 14; "
        "there is no margin yet"
    )


def test_a_leader_never_compared_with_one_lane_is_not_the_best() -> None:
    verdict = judge(["A", "B", "C"], {("A", "B"): Tally(90, 0, 10)})
    assert (verdict.decided, verdict.best, verdict.votes_needed) == (False, "A", None)
    assert "against C no votes yet" in verdict.text


def test_a_lane_that_loses_to_a_rival_for_certain_is_not_the_best() -> None:
    tallies = {("A", "B"): Tally(30, 0, 70), ("A", "C"): Tally(10_000, 0, 0), ("B", "C"): Tally(1, 0, 99)}
    verdict = judge("ABC", tallies)
    assert verdict.order[0] == "A"
    assert excludes_even(tallies["A", "B"], 0.05 / 3)
    assert (verdict.decided, verdict.votes_needed) == (False, None)


def test_a_vote_on_all_lanes_counts_against_each_rival() -> None:
    one, other = Tally(33, 0, 27), Tally(35, 0, 25)
    verdict = judge("ABC", {("A", "B"): one, ("A", "C"): other})
    assert verdict.votes_needed == votes_needed(one, 0.05 / 3)
    assert [duel.votes_needed for duel in verdict.duels] == [votes_needed(tally, 0.05 / 3) for tally in (one, other)]


@settings(max_examples=50)
@given(st.permutations("ABCD"), st.lists(_TALLY, min_size=6, max_size=6))
def test_the_order_of_the_lanes_does_not_change_the_verdict(lanes: list[str], found: list[Tally]) -> None:
    tallies: dict[Pair, Tally] = dict(zip(combinations("ABCD", 2), found, strict=True))
    one, other = judge("ABCD", tallies), judge(lanes, tallies)
    assert (one.decided, one.best) == (other.decided, other.best)
    if one.decided:
        wins = (tallies.get((one.order[0], lane)) or tallies[lane, one.order[0]].mirrored for lane in one.order[1:])
        assert all(excludes_even(tally, 0.05 / 6) and tally.wins > tally.losses for tally in wins)


@pytest.mark.parametrize("lanes", [[], ["A"], ["A", "A"], list("ABCDE")])
def test_two_to_four_lanes_are_compared(lanes: list[str]) -> None:
    with pytest.raises(ValueError, match="lanes"):
        judge(lanes, {})


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0])
def test_an_alpha_that_is_no_probability_of_error_is_refused_with_any_number_of_lanes(alpha: float) -> None:
    for lanes in ("AB", "ABCD"):
        with pytest.raises(ValueError, match="alpha"):
            judge(lanes, {}, alpha)


def test_votes_between_others_are_votes() -> None:
    assert judge("ABC", {}).text == "no votes yet"
    assert judge("ABC", {("B", "C"): Tally(5, 0, 5)}).text == (
        "undecided: nobody leads; A against B no votes yet; against C no votes yet; there is no margin yet"
    )
