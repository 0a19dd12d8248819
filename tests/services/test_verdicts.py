"""Votes of a contest, counted in pairs."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from backend.comparison.sequence import Tally
from backend.repositories.comparisons import Cast
from backend.services.verdicts import POINTS, curves_of, tallies_of, verdict_of
from contracts.comparisons import Contestant, Target

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def contestant(key: str, name: str = "") -> Contestant:
    target = Target(provider="echo", model=key)
    return Contestant(key=key, kind="model", name=name or key, about="", target=target, provider="echo", model=key)


def cast(*choices: str, answered: tuple[str, ...] = ("a", "b", "c"), counts: bool = True) -> list[Cast]:
    return [Cast(uuid4(), choice, counts, answered, BEGIN + timedelta(seconds=n)) for n, choice in enumerate(choices)]


THREE = [contestant("a"), contestant("b"), contestant("c")]
TWO = THREE[:2]


def test_a_choice_among_three_wins_over_each_other_lane() -> None:
    assert tallies_of(THREE, cast("b")) == {
        ("a", "b"): Tally(losses=1),
        ("a", "c"): Tally(),
        ("b", "c"): Tally(wins=1),
    }


def test_all_good_and_all_bad_are_ties_of_every_pair() -> None:
    assert set(tallies_of(THREE, cast("all_good", "all_bad")).values()) == {Tally(ties=2)}


def test_a_lane_without_an_answer_takes_no_part() -> None:
    votes = cast("a", "all_bad", answered=("a", "b"))
    assert tallies_of(THREE, votes) == {("a", "b"): Tally(1, 1), ("a", "c"): Tally(), ("b", "c"): Tally()}


def test_votes_that_do_not_count_are_not_counted() -> None:
    assert tallies_of(TWO, cast("a", counts=False)) == {("a", "b"): Tally()}


def test_a_verdict_names_contestants_and_tells_namesakes_apart() -> None:
    twins = [contestant("a", "Support"), contestant("b", "Support")]
    verdict = verdict_of(twins, {("a", "b"): Tally(losses=12)})
    assert (verdict.best, verdict.order, verdict.decided) == ("b", ["b", "a"], True)
    assert verdict.text.startswith("Support (2) is better: 100 %")


def test_a_curve_of_many_votes_ends_with_the_last() -> None:
    votes = cast(*(["a", "b", "a", "all_good"] * 100))
    verdict = verdict_of(TWO, tallies_of(TWO, votes))
    [curve] = curves_of(TWO, votes, verdict)
    assert (curve.lane, curve.rival) == ("a", "b")
    assert len(curve.points) <= POINTS
    assert curve.points[-1].votes == 400
    assert curve.points[-1].win_rate == verdict.duels[0].win_rate
    assert curve.points[-1].low == verdict.duels[0].low
    seen = [point.votes for point in curve.points]
    assert seen == sorted(seen)


def test_with_three_lanes_the_curve_ends_at_the_interval_of_the_verdict() -> None:
    votes = cast(*["a"] * 13)
    verdict = verdict_of(THREE, tallies_of(THREE, votes))
    ends = {curve.rival: (curve.points[-1].low, curve.points[-1].high) for curve in curves_of(THREE, votes, verdict)}
    assert ends == {duel.rival: (duel.low, duel.high) for duel in verdict.duels}


def test_without_votes_there_is_no_curve_and_no_verdict() -> None:
    verdict = verdict_of(TWO, tallies_of(TWO, []))
    assert (verdict.text, verdict.decided, verdict.best) == ("no votes yet", False, None)
    assert curves_of(TWO, [], verdict)[0].points == []
