"""Comparisons as the caller may see them: who is who is told after the vote."""

from collections.abc import Sequence
from typing import Final

from backend.db.comparing import Comparison, ComparisonLane, Contest, Vote
from backend.repositories.uow import Tx
from backend.security.principal import Principal
from backend.services.contestants import contestants_of
from backend.services.conversations import owner_of
from backend.services.lanes import unsigned
from contracts import comparisons as wire
from contracts.chat import Answered
from contracts.problem import Problem

TIES: Final = ("all_good", "all_bad")
HIDDEN: Final = Problem(
    title="No answer", status=502, detail="why is told with the names", code="lane_failed", retryable=True
)
"""In the place of an error whose words would tell which provider failed."""
_SIDES: Final[tuple[wire.Choice, ...]] = ("left", "right")
_LETTERS: Final[tuple[wire.Choice, ...]] = ("a", "b", "c", "d")


def labels(lanes: int) -> tuple[wire.Choice, ...]:
    return _SIDES if lanes == len(_SIDES) else _LETTERS[:lanes]


def barred(contest: Contest, lanes: Sequence[ComparisonLane]) -> str:
    """Why there can be no vote; empty where there can."""
    if contest.is_closed:
        return "the contest is closed"
    answered = sum(lane.answer is not None for lane in lanes)
    return "" if answered >= len(_SIDES) else f"only {answered} of {len(lanes)} have an answer"


def is_blind(comparison: Comparison, contest: Contest, lanes: Sequence[ComparisonLane], vote: Vote | None) -> bool:
    """Whether the names are held back: until the caller's vote, as long as there can be one."""
    return comparison.is_blind and vote is None and not barred(contest, lanes)


async def comparisons_to_wire(tx: Tx, principal: Principal, rows: Sequence[Comparison]) -> list[wire.Comparison]:
    ids = [row.id for row in rows]
    lanes = await tx.comparisons.lanes(ids)
    votes = await tx.comparisons.votes_of(owner_of(principal), ids)
    contests = {id_: await tx.comparisons.contest(id_) for id_ in {row.contest_id for row in rows}}
    return [comparison_to_wire(row, contests[row.contest_id], lanes.get(row.id, []), votes.get(row.id)) for row in rows]


def comparison_to_wire(
    row: Comparison, contest: Contest, lanes: Sequence[ComparisonLane], vote: Vote | None
) -> wire.Comparison:
    """`lanes` in the order of their places, `vote` the caller's."""
    blind = is_blind(row, contest, lanes, vote)
    named = {one.key: one for one in contestants_of(contest.contestants)}
    names = labels(len(lanes))
    reason = barred(contest, lanes)
    return wire.Comparison(
        id=row.id,
        contest_id=row.contest_id,
        batch_id=row.batch_id,
        question=row.question,
        expected=row.expected,
        blind=blind,
        lanes=[_lane(lane, names[n], None if blind else named[lane.contestant]) for n, lane in enumerate(lanes)],
        vote=_vote(vote, lanes) if vote is not None else None,
        can_vote=not reason,
        reason=reason,
        author=row.author,
        created_at=row.created_at,
    )


def _lane(lane: ComparisonLane, label: str, contestant: wire.Contestant | None) -> wire.Lane:
    if contestant is None:
        return wire.Lane(label=label, text=unsigned(lane.text), error=HIDDEN if lane.error is not None else None)
    return wire.Lane(
        label=label,
        text=lane.text,
        contestant=contestant,
        answer=Answered.model_validate(lane.answer) if lane.answer is not None else None,
        error=Problem.model_validate(lane.error) if lane.error is not None else None,
        latency_ms=lane.latency_ms,
        first_token_ms=lane.first_token_ms,
        metrics=lane.metrics,
    )


def _vote(vote: Vote, lanes: Sequence[ComparisonLane]) -> wire.Vote:
    names = labels(len(lanes))
    by_key = {lane.contestant: names[n] for n, lane in enumerate(lanes)}
    choice: wire.Choice = by_key[vote.choice] if vote.choice in by_key else _tie(vote.choice)
    return wire.Vote(choice=choice, counts=vote.counts, updated_at=vote.updated_at)


def _tie(choice: str) -> wire.Choice:
    return "all_good" if choice == "all_good" else "all_bad"
