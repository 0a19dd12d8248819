"""Contenders measured side by side: in every round each runs once, and the least of its times counts."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PAUSE = 0.02
"""Seconds before a turn: the threads of the one before spin for a while after their work."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One program at one setting; its settings share `name`. `run` does the work of `items` results."""

    name: str
    setting: str
    run: Callable[[], object]
    items: int = 1


@dataclass(frozen=True, slots=True)
class Timing:
    """The least `seconds` in which `name`, at its best `setting`, made `items` results in the contest `contest`."""

    contest: str
    name: str
    setting: str
    threads: int
    seconds: float
    items: int

    @property
    def rate(self) -> float:
        """Results a second."""
        return self.items / self.seconds


def least(contenders: Sequence[Contender], rounds: int, *, repeats: int = 1, pause: float = PAUSE) -> list[float]:
    """The least seconds of each. Every round begins with the next contender."""
    best = [float("inf")] * len(contenders)
    for first in range(rounds):
        for turn in range(len(contenders)):
            at = (first + turn) % len(contenders)
            time.sleep(pause)
            for _ in range(repeats):
                began = time.perf_counter()
                contenders[at].run()
                best[at] = min(best[at], time.perf_counter() - began)
    return best


def shortlist(contenders: Sequence[Contender], keep: int = 2) -> list[Contender]:
    """The `keep` fastest settings of each name, after one run to warm up and one that counts."""
    for contender in contenders:
        contender.run()
    seconds = least(contenders, 1)
    kept: list[Contender] = []
    for name in dict.fromkeys(contender.name for contender in contenders):
        settings = sorted((s, at) for at, s in enumerate(seconds) if contenders[at].name == name)
        kept += [contenders[at] for _, at in settings[:keep]]
    return kept


def contest(
    title: str, contenders: Sequence[Contender], rounds: int, *, threads: int, repeats: int = 1
) -> list[Timing]:
    """One timing a name: its fastest setting."""
    kept = shortlist(contenders)
    found: dict[str, Timing] = {}
    for one, seconds in zip(kept, least(kept, rounds, repeats=repeats), strict=True):
        if one.name not in found or seconds < found[one.name].seconds:
            found[one.name] = Timing(title, one.name, one.setting, threads, seconds, one.items)
    return list(found.values())


def fastest(timings: Sequence[Timing], contest: str, names: Sequence[str]) -> Timing | None:
    """The one with most results a second among `names` in `contest`, at any number of threads."""
    found = [timing for timing in timings if timing.contest == contest and timing.name in names]
    return max(found, key=lambda timing: timing.rate, default=None)
