"""Which of two to four lanes is better, said in one line that may be read after every vote.

Two lanes are told apart by the confidence sequence at alpha. With three or four the leader is chosen by what it won, so
that each pair counts: it is best when its sequence against every other lane, at alpha divided by the number of pairs,
excludes .5. The chance of ever naming a lane that is not better than all others is then at most alpha.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from backend.comparison.bradley_terry import Pair, expected_win_rate, pairs, ranked, strengths
from backend.comparison.sequence import (
    ALPHA,
    MOST_VOTES,
    Interval,
    Tally,
    checked,
    excludes_even,
    interval,
    votes_needed,
)

MOST_LANES: Final = 4

Counted = Literal["vote", "question"]
"""A person's vote, or a question that a model decided."""
NOTHING: Final[Mapping[Counted, str]] = {"vote": "no votes yet", "question": "nothing decided yet"}
_LEVEL: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Duel:
    """One lane against a weaker one: `win_rate` is 0..1, None without votes; `expected` is that of the Bradley-Terry
    strengths, which count the votes of all pairs."""

    lane: str
    rival: str
    tally: Tally
    win_rate: float | None
    expected: float
    interval: Interval
    is_won: bool
    votes_needed: int | None
    """More votes until it is won; 0 when it is, None when it is not in sight."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`order` is that of the Bradley-Terry strengths, strongest first; `best` its first lane, None where nobody leads.

    `decided` says whether `best` is better than every other lane. `duels` are those of the first lane, in that order,
    `others` those between the other lanes; the intervals of all of them hold together.
    `votes_needed` is the most that one of them needs: a vote on all lanes counts in each. `text` is plain: labels
    stand in it as they are.
    """

    decided: bool
    best: str | None
    order: tuple[str, ...]
    duels: tuple[Duel, ...]
    others: tuple[Duel, ...]
    votes_needed: int | None
    text: str


def judge(
    lanes: Sequence[str], tallies: Mapping[Pair, Tally], alpha: float = ALPHA, *, counted: Counted = "vote"
) -> Verdict:
    """By the votes between lanes: pairs as `strengths` takes them. `counted` is what the text calls one of them.

    Raises ValueError for less than two lanes or more than four, as `strengths` does, and for an `alpha` outside 0..1.
    """
    if len(lanes) > MOST_LANES:
        raise ValueError(f"at most {MOST_LANES} lanes are compared, not {len(lanes)}: {list(lanes)!r}")
    strength = strengths(lanes, tallies)
    order = ranked(strength)
    met = pairs(order, tallies)
    share = checked(alpha) / len(met)
    every = [
        _duel(one, other, tally, expected_win_rate(strength[one], strength[other]), share)
        for (one, other), tally in met.items()
    ]
    duels = tuple(duel for duel in every if duel.lane == order[0])
    others = tuple(duel for duel in every if duel.lane != order[0])
    is_ahead = abs(duels[0].expected - 0.5) > _LEVEL
    best = order[0] if is_ahead else None
    decided = all(duel.is_won for duel in duels)
    needed = _most_needed(duels)
    is_empty = not any(tally.votes for tally in met.values())
    text = NOTHING[counted] if is_empty else _text(order[0], best, duels, needed, counted)
    return Verdict(decided, best, order, duels, others, needed, text)


def _duel(lane: str, rival: str, tally: Tally, expected: float, alpha: float) -> Duel:
    rate = tally.win_rate
    is_ahead = rate is not None and rate > 0.5
    return Duel(
        lane,
        rival,
        tally,
        rate,
        expected,
        interval(tally, alpha),
        is_won=is_ahead and excludes_even(tally, alpha),
        votes_needed=votes_needed(tally, alpha) if is_ahead else None,
    )


def _most_needed(duels: Sequence[Duel]) -> int | None:
    needed = [duel.votes_needed for duel in duels if duel.votes_needed is not None]
    return max(needed) if len(needed) == len(duels) else None


def _text(first: str, best: str | None, duels: Sequence[Duel], needed: int | None, counted: Counted) -> str:
    is_won, outlook = all(duel.is_won for duel in duels), _outlook(duels, needed, counted)
    if len(duels) == 1:
        said = _said(duels[0], counted)
        return f"{first} is better: {said}" if is_won else f"undecided: {first} {said}; {outlook}"
    said = "; ".join(f"against {duel.rival} {_said(duel, counted)}" for duel in duels)
    if is_won:
        return f"{first} is best: {said}"
    return f"undecided: {f'{first} leads, ' if best else f'nobody leads; {first} '}{said}; {outlook}"


def _said(duel: Duel, counted: Counted) -> str:
    if duel.win_rate is None:
        return NOTHING[counted]
    low, high = _percent(duel.interval.low), _percent(duel.interval.high)
    return f"{_percent(duel.win_rate)} %, {low} to {high} %, n = {duel.tally.votes:,}"


def _outlook(duels: Sequence[Duel], needed: int | None, counted: Counted) -> str:
    if needed is not None:
        return f"at this margin about {_about(needed):,} more {counted if needed == 1 else f'{counted}s'}"
    if any(duel.win_rate is None or duel.win_rate <= 0.5 for duel in duels):
        return "there is no margin yet"
    return f"at this margin more than {MOST_VOTES:,} {counted}s"


def _percent(share: float) -> str:
    """Whole percents, but with a decimal, away from 50, what would read as 50 and is not: it would deny the verdict."""
    whole = round(100 * share)
    if whole != 50 or share == 0.5:
        return str(whole)
    tenths = math.ceil(1000 * share) if share > 0.5 else math.floor(1000 * share)
    return f"{tenths / 10:.1f}"


def _about(votes: int) -> int:
    """Rounded up: to tens from twenty on, to two digits from a hundred on."""
    step: int = 1 if votes < 20 else 10 ** max(1, len(str(votes)) - 2)
    return math.ceil(votes / step) * step
