"""Votes, and what they say of the contestants."""

from collections.abc import Sequence
from uuid import UUID

from backend.db.base import utc_now
from backend.db.comparing import Comparison, ComparisonLane, Contest, Vote
from backend.errors import Conflict, InvalidRequest
from backend.repositories.comparisons import Cast
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.comparing import ContestClosed
from backend.services.comparison_views import TIES, barred, comparisons_to_wire, is_blind, labels
from backend.services.contestants import contestants_of
from backend.services.conversations import owner_of
from backend.services.verdicts import curves_of, tallies_of, verdict_of
from backend.tracing.track import track
from contracts import comparisons as wire
from contracts.page import Page


class ContestService:
    """Every method raises `NotFound` for what is of another workspace, as for what does not exist."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    @track("comparisons.vote")
    async def vote(self, principal: Principal, comparison_id: UUID, new: wire.NewVote) -> wire.Comparison:
        """The caller's vote, or another one in its place. The answer to the first one tells the names, so what is sent
        after it was changed with the names told, whether a page had drawn them or not, and does not count; the first
        one again does.

        Raises `ContestClosed`, `Conflict` where too few lanes have an answer, and `InvalidRequest` for a label that is
        not there or has none."""
        async with self._uow(principal.workspace_id) as tx:
            comparison = await tx.comparisons.get(comparison_id)
            contest = await tx.comparisons.contest(comparison.contest_id)
            lanes = (await tx.comparisons.lanes([comparison.id])).get(comparison.id, [])
            if contest.is_closed:
                raise ContestClosed("the contest is closed; open it again to vote")
            if reason := barred(contest, lanes):
                raise Conflict(f"there is nothing to choose between: {reason}")
            choice = _choice(new.choice, lanes)
            voter = owner_of(principal)
            before = (await tx.comparisons.votes_of(voter, [comparison.id])).get(comparison.id)
            await _cast(tx, comparison, before, choice, voter, blind=is_blind(comparison, contest, lanes, before))
            return (await comparisons_to_wire(tx, principal, [comparison]))[0]

    async def contest(self, principal: Principal, contest_id: UUID) -> wire.ContestDetail:
        async with self._uow.read(principal.workspace_id) as tx:
            return await detail_of(tx, await tx.comparisons.contest(contest_id))

    async def page(self, principal: Principal, slice_: Slice) -> Page[wire.Contest]:
        """Newest first."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.comparisons.contests(slice_)
            questions = await tx.comparisons.questions([row.id for row in rows])
            items = [_to_wire(row, questions.get(row.id, 0), await tx.comparisons.cast(row.id)) for row in rows]
            return Page(items=items, next_cursor=cursor)

    @track("comparisons.edit_contest")
    async def edit(self, principal: Principal, contest_id: UUID, edit: wire.ContestEdit) -> wire.ContestDetail:
        """Closing tells the names, so later votes on what was asked until then do not count."""
        async with self._uow(principal.workspace_id) as tx:
            contest = await tx.comparisons.contest(contest_id)
            contest.is_closed = edit.closed
            if edit.closed:
                await tx.comparisons.unblind(contest.id)
            return await detail_of(tx, contest)

    @track("comparisons.delete_contest")
    async def delete(self, principal: Principal, contest_id: UUID) -> None:
        """With its comparisons, votes and batches; what was promoted by it stays. Raises `Conflict` while a batch of it
        is under way."""
        async with self._uow(principal.workspace_id) as tx:
            contest = await tx.comparisons.contest(contest_id)
            for batch in await tx.comparisons.batches_of(contest.id):
                if not (await tx.jobs.get(batch.id)).status.is_final:
                    raise Conflict("a batch of this contest is under way; cancel it first")
            await tx.comparisons.remove_contest(contest)


def _choice(choice: wire.Choice, lanes: Sequence[ComparisonLane]) -> str:
    if choice in TIES:
        return choice
    names = labels(len(lanes))
    if choice not in names:
        raise InvalidRequest(f"choice: {choice!r} is no lane here; choose one of {[*names, *TIES]}")
    lane = lanes[names.index(choice)]
    if lane.answer is None:
        raise InvalidRequest(f"choice: the lane {choice!r} has no answer, so it cannot be the better one")
    return lane.contestant


async def _cast(tx: Tx, comparison: Comparison, before: Vote | None, choice: str, voter: str, *, blind: bool) -> None:
    if before is None:
        blind_choice = choice if blind else None
        vote = Vote(
            comparison_id=comparison.id,
            workspace_id=tx.workspace_id,
            voter=voter,
            choice=choice,
            blind_choice=blind_choice,
            counts=blind,
        )
        await tx.comparisons.vote(vote)
    elif before.choice != choice:
        before.choice, before.counts, before.updated_at = choice, choice == before.blind_choice, utc_now()


async def detail_of(tx: Tx, contest: Contest) -> wire.ContestDetail:
    cast = await tx.comparisons.cast(contest.id)
    questions = await tx.comparisons.questions([contest.id])
    shown = _to_wire(contest, questions.get(contest.id, 0), cast)
    return wire.ContestDetail(**dict(shown), curves=curves_of(shown.contestants, cast, shown.verdict))


def _to_wire(row: Contest, questions: int, cast: Sequence[Cast]) -> wire.Contest:
    contestants = contestants_of(row.contestants)
    counted = sum(vote.counts for vote in cast)
    return wire.Contest(
        id=row.id,
        contestants=contestants,
        questions=questions,
        votes=counted,
        others=len(cast) - counted,
        verdict=verdict_of(contestants, tallies_of(contestants, cast)),
        closed=row.is_closed,
        author=row.author,
        created_at=row.created_at,
    )
