"""What the votes of a contest say."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Final

from backend.comparison.bradley_terry import Pair
from backend.comparison.sequence import ALPHA, Tally, trajectory
from backend.comparison.verdict import Counted, Duel, Verdict, judge
from backend.repositories.comparisons import Cast
from backend.services.comparison_views import TIES
from backend.services.contestants import names_of
from contracts import comparisons as wire

POINTS: Final = 120
"""The most points of a curve."""


def tallies_of(contestants: Sequence[wire.Contestant], cast: Iterable[Cast]) -> dict[Pair, Tally]:
    """Of the votes that count, each pair as its first contestant sees it; without an answer it took no part."""
    counts: dict[Pair, Counter[str]] = {pair: Counter() for pair in combinations([one.key for one in contestants], 2)}
    for vote in cast:
        if vote.counts:
            for pair, outcome in _outcomes(vote, counts):
                counts[pair][outcome] += 1
    return {pair: Tally(count["win"], count["tie"], count["loss"]) for pair, count in counts.items()}


def _outcomes(vote: Cast, pairs: Iterable[Pair]) -> Iterable[tuple[Pair, str]]:
    for first, second in pairs:
        if first not in vote.answered or second not in vote.answered:
            continue
        if vote.choice in TIES:
            yield (first, second), "tie"
        elif vote.choice in (first, second):
            yield (first, second), "win" if vote.choice == first else "loss"


def verdict_of(
    contestants: Sequence[wire.Contestant], tallies: dict[Pair, Tally], *, counted: Counted = "vote"
) -> wire.Verdict:
    """Lanes by their keys, the text with their names."""
    names = names_of(contestants)
    keys = {name: key for key, name in names.items()}
    by_name = {(names[one], names[two]): tally for (one, two), tally in tallies.items()}
    said = judge(list(names.values()), by_name, counted=counted)
    return _to_wire(said, keys)


def _to_wire(said: Verdict, keys: dict[str, str]) -> wire.Verdict:
    return wire.Verdict(
        decided=said.decided,
        best=keys[said.best] if said.best is not None else None,
        order=[keys[name] for name in said.order],
        duels=[_duel(duel, keys) for duel in said.duels],
        others=[_duel(duel, keys) for duel in said.others],
        votes_needed=said.votes_needed,
        text=said.text,
    )


def _duel(duel: Duel, keys: dict[str, str]) -> wire.Duel:
    return wire.Duel(
        lane=keys[duel.lane],
        rival=keys[duel.rival],
        wins=duel.tally.wins,
        ties=duel.tally.ties,
        losses=duel.tally.losses,
        win_rate=duel.win_rate,
        expected=duel.expected,
        low=duel.interval.low,
        high=duel.interval.high,
        is_won=duel.is_won,
        votes_needed=duel.votes_needed,
    )


def curves_of(contestants: Sequence[wire.Contestant], cast: Sequence[Cast], verdict: wire.Verdict) -> list[wire.Curve]:
    """The first lane against each other one, vote by vote; of many votes at evenly spaced looks, the last included."""
    alpha = ALPHA / math.comb(len(contestants), 2)  # as `judge` shares it among the pairs
    return [_curve(verdict.order[0], rival, cast, alpha) for rival in verdict.order[1:]]


def _curve(lane: str, rival: str, cast: Sequence[Cast], alpha: float) -> wire.Curve:
    tally, looks = Tally(), list[Tally]()
    for vote in cast:
        if not vote.counts:
            continue
        for _, outcome in _outcomes(vote, [(lane, rival)]):
            tally += Tally(int(outcome == "win"), int(outcome == "tie"), int(outcome == "loss"))
            looks.append(tally)
    kept = [looks[at] for at in _spaced(len(looks))]
    points = [
        wire.CurvePoint(votes=look.votes, win_rate=look.win_rate, low=look.interval.low, high=look.interval.high)
        for look in trajectory(kept, alpha)
        if look.win_rate is not None
    ]
    return wire.Curve(lane=lane, rival=rival, points=points)


def _spaced(count: int) -> list[int]:
    step = -(-count // POINTS) if count else 1
    return sorted({*range(count - 1, -1, -step)})
