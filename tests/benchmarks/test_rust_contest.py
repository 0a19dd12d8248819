from functools import partial

import pytest

from benchmarks.rust.contest import Contender, Timing, contest, fastest, least, shortlist


class Clock:
    """A perf_counter that the contenders move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("benchmarks.rust.contest.time.perf_counter", lambda: self.now)
        monkeypatch.setattr("benchmarks.rust.contest.time.sleep", lambda _: None)

    def contender(self, name: str, *seconds: float, setting: str = "", items: int = 1) -> Contender:
        """Takes so many seconds, one after the other, then the last again and again."""
        left = list(seconds)

        def run() -> None:
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return Contender(name, setting, run, items)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_the_least_time_of_all_rounds_counts(clock: Clock) -> None:
    assert least([clock.contender("a", 3, 1, 2), clock.contender("b", 5)], 3) == [1, 5]


def test_every_round_begins_with_the_next_contender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.rust.contest.time.sleep", lambda _: None)
    order: list[str] = []
    least([Contender(name, "", partial(order.append, name)) for name in "abc"], 3)

    assert "".join(order) == "abcbcacab"


def test_the_slow_first_run_decides_nothing(clock: Clock) -> None:
    slow_at_first = clock.contender("a", 90, 1, setting="lazy")

    assert [one.setting for one in shortlist([slow_at_first, clock.contender("a", 2, setting="plain")], keep=1)] == [
        "lazy"
    ]


def test_every_name_keeps_its_fastest_settings(clock: Clock) -> None:
    settings = [clock.contender("a", seconds, setting=str(seconds)) for seconds in (4, 2, 3)]

    kept = shortlist([*settings, clock.contender("b", 9)], keep=2)

    assert [(one.name, one.setting) for one in kept] == [("a", "2"), ("a", "3"), ("b", "")]


def test_a_contest_gives_each_name_at_its_best_setting(clock: Clock) -> None:
    found = contest(
        "60 tokens",
        [clock.contender("a", 4, setting="x"), clock.contender("a", 2, setting="y", items=10), clock.contender("b", 5)],
        2,
        threads=1,
    )

    assert found == [Timing("60 tokens", "a", "y", 1, 2, 10), Timing("60 tokens", "b", "", 1, 5, 1)]
    assert found[0].rate == 5


def test_the_fastest_of_a_contest_is_found_over_all_threads() -> None:
    one, two = (Timing("query", "a", "", threads, seconds, 1) for threads, seconds in ((1, 0.5), (2, 0.25)))

    assert fastest([one, two], "query", ["a", "b"]) == two
    assert fastest([one, two], "query", ["b"]) is None
