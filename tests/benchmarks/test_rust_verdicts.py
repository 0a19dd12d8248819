"""Who is compared with whom, and that nothing that is missing passes for a success."""

import pytest

from benchmarks.figures import Target
from benchmarks.rust.contest import Timing
from benchmarks.rust.outcome import Outcome, merged
from benchmarks.rust.verdicts import Comparison, compared, measured, scaled, share


def outcome(*timings: tuple[str, int, float], **missing: str) -> Outcome:
    return Outcome([Timing("60", name, "", threads, seconds, 10) for name, threads, seconds in timings], {}, missing)


def test_the_ratio_is_of_results_a_second() -> None:
    figure = compared(outcome(("ours", 1, 1.0), ("peer", 1, 2.5)), Comparison("60", ["ours"], ["peer"], 2.5, 1))

    assert (figure.value, figure.peer, figure.ratio, figure.verdict) == (10.0, 4.0, 2.5, "met")


def test_the_best_of_several_programs_is_compared_at_any_number_of_threads() -> None:
    found = outcome(("fast", 1, 4.0), ("fast", 2, 1.0), ("slow", 2, 3.0), ("peer", 1, 2.0), ("peer", 2, 4.0))

    figure = compared(found, Comparison("60", ["slow", "fast"], ["peer"], 2.0))

    assert (figure.value, figure.peer) == (10.0, 5.0)


def test_a_program_on_other_threads_does_not_count() -> None:
    found = outcome(("ours", 1, 1.0), ("ours", 2, 0.1), ("peer", 1, 1.0))

    assert compared(found, Comparison("60", ["ours"], ["peer"], 1.3, 1)).ratio == 1.0


def test_who_was_refused_missed_the_target_and_says_why() -> None:
    figure = compared(outcome(("peer", 1, 2.0), int8="no precision"), Comparison("60", ["int8"], ["peer"], 2.0, 1))

    assert (figure.value, figure.verdict) == (0.0, "missed")
    assert "no precision" in figure.note


def test_without_the_peer_there_is_no_verdict() -> None:
    figure = compared(outcome(("ours", 1, 2.0)), Comparison("60", ["ours"], ["peer"], 2.0, 1))

    assert (figure.verdict, figure.peer) == ("-", None)


def test_more_threads_are_compared_with_one() -> None:
    found = outcome(("ours", 1, 2.0), ("ours", 2, 1.0))

    assert scaled(found, "60", "ours", 2, 1.9).ratio == 2.0
    assert scaled(found, "60", "absent", 2, 1.9).verdict == "missed"


@pytest.mark.parametrize(("done", "verdict"), [(95.0, "met"), (94.0, "missed"), (None, "missed")])
def test_a_share_is_in_percent_of_what_can_be_done(done: float | None, verdict: str) -> None:
    assert share("bandwidth", done, 100.0, 95).verdict == verdict


def test_a_value_that_was_not_measured_misses_its_target() -> None:
    found = Outcome(values={"hit, f32": 0.7, "hit, bf16": 0.695})
    target = Target("difference at least", -0.01)

    assert measured(found, "hit, bf16", "hit@1", target, peer="hit, f32").verdict == "met"
    assert measured(found, "hit, int8", "hit@1", target, peer="hit, f32").verdict == "missed"
    assert measured(Outcome(), "hit, int8", "hit@1", target, peer="hit, f32").verdict == "missed"


def test_outcomes_of_several_processes_become_one() -> None:
    whole = merged([Outcome(values={"a": 1.0, "b": 1.0}), Outcome(values={"b": 2.0}, missing={"c": "no"})])

    assert (whole.values, whole.missing) == ({"a": 1.0, "b": 2.0}, {"c": "no"})
