"""Contests, their comparisons with lanes and votes, and batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.base import Json
from backend.db.comparing import Comparison, ComparisonBatch, ComparisonLane, Contest, Vote
from backend.errors import NotFound
from backend.repositories.paging import Keyset, Slice, page_of
from backend.repositories.upsert import insert_absent, upsert

CONTESTS: Final = Keyset.by(Contest.created_at, Contest.id, descending=True)
COMPARISONS: Final = Keyset.by(Comparison.created_at, Comparison.id, descending=True)
BATCHES: Final = Keyset.by(ComparisonBatch.created_at, ComparisonBatch.id, descending=True)
IN_ORDER: Final = Keyset.by(Comparison.ordinal, Comparison.id)


@dataclass(frozen=True, slots=True)
class Cast:
    """A vote with what it needs to be counted. `answered` are the contestants that had an answer.

    Of one person's votes on the same question, asked more than once, only the last counts.
    """

    comparison_id: UUID
    choice: str
    counts: bool
    answered: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which comparisons: of a contest, of a batch, without a vote of `unvoted_by`."""

    contest_id: UUID | None = None
    batch_id: UUID | None = None
    unvoted_by: str | None = None


class ComparisonRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    # --- contests --------------------------------------------------------------
    async def contest_of(self, key: str, contestants: Json, author: str) -> Contest:
        """That of these contestants, made where there is none."""
        if (found := await self.contest_by_key(key)) is not None:
            return found
        await insert_absent(
            self._session,
            Contest,
            [
                {
                    "id": uuid4(),
                    "workspace_id": self._workspace_id,
                    "key": key,
                    "contestants": contestants,
                    "author": author,
                }
            ],
        )
        return (await self._session.scalars(self._contests().where(Contest.key == key))).one()

    async def contest_by_key(self, key: str) -> Contest | None:
        return await self._session.scalar(self._contests().where(Contest.key == key))

    async def contest(self, contest_id: UUID) -> Contest:
        """Raises `NotFound`."""
        found = await self._session.scalar(self._contests().where(Contest.id == contest_id))
        if found is None:
            raise NotFound(f"no contest {str(contest_id)!r}")
        return found

    async def contests(self, slice_: Slice) -> tuple[Sequence[Contest], str | None]:
        return await page_of(self._session, self._contests(), CONTESTS, slice_)

    async def unblind(self, contest_id: UUID) -> None:
        """All of its comparisons: their names were told."""
        mine = sa.update(Comparison).where(
            Comparison.workspace_id == self._workspace_id, Comparison.contest_id == contest_id
        )
        await self._session.execute(mine.values(is_blind=False))

    async def remove_contest(self, contest: Contest) -> None:
        """With its comparisons, votes and batches."""
        await self._session.execute(
            sa.delete(Contest).where(Contest.workspace_id == self._workspace_id, Contest.id == contest.id)
        )

    async def questions(self, contest_ids: Sequence[UUID]) -> dict[UUID, int]:
        """Contest id -> how many comparisons it has."""
        query = (
            sa.select(Comparison.contest_id, sa.func.count())
            .where(Comparison.workspace_id == self._workspace_id, Comparison.contest_id.in_(contest_ids))
            .group_by(Comparison.contest_id)
        )
        return dict((await self._session.execute(query)).all())

    # --- comparisons -----------------------------------------------------------
    async def add(self, comparison: Comparison, lanes: Sequence[ComparisonLane]) -> None:
        self._session.add(comparison)
        await self._session.flush()
        for lane in lanes:
            self._session.add(lane)
        await self._session.flush()

    async def put(self, comparisons: Sequence[Mapping[str, Any]], lanes: Sequence[Mapping[str, Any]]) -> None:
        """Those of a batch, at most 500 of each: what is there already is replaced, its votes stay."""
        own = {"workspace_id": self._workspace_id}
        await upsert(self._session, Comparison, [{**row, **own} for row in comparisons])
        await upsert(self._session, ComparisonLane, [{**row, **own} for row in lanes])

    async def get(self, comparison_id: UUID) -> Comparison:
        """Raises `NotFound`."""
        found = await self._session.scalar(self._comparisons().where(Comparison.id == comparison_id))
        if found is None:
            raise NotFound(f"no comparison {str(comparison_id)!r}")
        return found

    async def page(self, wanted: Wanted, slice_: Slice) -> tuple[Sequence[Comparison], str | None]:
        """Newest first; those of a batch in its order."""
        query = self._comparisons()
        if wanted.contest_id is not None:
            query = query.where(Comparison.contest_id == wanted.contest_id)
        if wanted.batch_id is not None:
            query = query.where(Comparison.batch_id == wanted.batch_id)
        if wanted.unvoted_by is not None:
            mine = sa.select(1).where(Vote.comparison_id == Comparison.id, Vote.voter == wanted.unvoted_by)
            query = query.where(~sa.exists(mine))
        order = IN_ORDER if wanted.batch_id is not None else COMPARISONS
        return await page_of(self._session, query, order, slice_)

    async def lanes(self, comparison_ids: Sequence[UUID]) -> dict[UUID, list[ComparisonLane]]:
        """By comparison, each in the order of their places."""
        query = sa.select(ComparisonLane).where(
            ComparisonLane.workspace_id == self._workspace_id, ComparisonLane.comparison_id.in_(comparison_ids)
        )
        found: dict[UUID, list[ComparisonLane]] = {}
        for lane in (await self._session.scalars(query.order_by(ComparisonLane.place))).all():
            found.setdefault(lane.comparison_id, []).append(lane)
        return found

    # --- votes -----------------------------------------------------------------
    async def votes_of(self, voter: str, comparison_ids: Sequence[UUID]) -> dict[UUID, Vote]:
        query = sa.select(Vote).where(
            Vote.workspace_id == self._workspace_id, Vote.voter == voter, Vote.comparison_id.in_(comparison_ids)
        )
        return {vote.comparison_id: vote for vote in (await self._session.scalars(query)).all()}

    async def vote(self, vote: Vote) -> None:
        self._session.add(vote)
        await self._session.flush()

    async def cast(self, contest_id: UUID) -> list[Cast]:
        """All votes of a contest, oldest first."""
        query = (
            sa.select(Vote.comparison_id, Vote.choice, Vote.counts, Vote.updated_at, Vote.voter, Comparison.question)
            .join(Comparison, Comparison.id == Vote.comparison_id)
            .where(Vote.workspace_id == self._workspace_id, Comparison.contest_id == contest_id)
            .order_by(Vote.updated_at, Vote.comparison_id)
        )
        rows = (await self._session.execute(query)).all()
        answered = await self._answered(contest_id)
        last = {(voter, _asked(question)): id_ for id_, _, counts, _, voter, question in rows if counts}
        return [
            Cast(id_, choice, counts and last[voter, _asked(question)] == id_, answered.get(id_, ()), at)
            for id_, choice, counts, at, voter, question in rows
        ]

    async def _answered(self, contest_id: UUID) -> dict[UUID, tuple[str, ...]]:
        voted = sa.select(1).where(Vote.comparison_id == ComparisonLane.comparison_id)
        query = (
            sa.select(ComparisonLane.comparison_id, ComparisonLane.contestant)
            .join(Comparison, Comparison.id == ComparisonLane.comparison_id)
            .where(
                ComparisonLane.workspace_id == self._workspace_id,
                Comparison.contest_id == contest_id,
                ComparisonLane.answer.is_not(None),
                sa.exists(voted),
            )
            .order_by(ComparisonLane.contestant)
        )
        found: dict[UUID, tuple[str, ...]] = {}
        for id_, contestant in (await self._session.execute(query)).all():
            found[id_] = (*found.get(id_, ()), contestant)
        return found

    # --- batches ---------------------------------------------------------------
    async def add_batch(self, batch: ComparisonBatch) -> None:
        self._session.add(batch)
        await self._session.flush()

    async def find_batch(self, batch_id: UUID) -> ComparisonBatch | None:
        return await self._session.scalar(self._batches().where(ComparisonBatch.id == batch_id))

    async def batch(self, batch_id: UUID) -> ComparisonBatch:
        """Raises `NotFound`."""
        found = await self.find_batch(batch_id)
        if found is None:
            raise NotFound(f"no batch {str(batch_id)!r}")
        return found

    async def batches(self, slice_: Slice) -> tuple[Sequence[ComparisonBatch], str | None]:
        """Newest first."""
        return await page_of(self._session, self._batches(), BATCHES, slice_)

    async def batches_of(self, contest_id: UUID) -> Sequence[ComparisonBatch]:
        return (await self._session.scalars(self._batches().where(ComparisonBatch.contest_id == contest_id))).all()

    async def set_results(self, batch_id: UUID, results: Json) -> None:
        mine = sa.update(ComparisonBatch).where(
            ComparisonBatch.workspace_id == self._workspace_id, ComparisonBatch.id == batch_id
        )
        await self._session.execute(mine.values(results=results))

    async def set_judged(self, comparison_id: UUID, judged: Json) -> None:
        mine = sa.update(Comparison).where(
            Comparison.workspace_id == self._workspace_id, Comparison.id == comparison_id
        )
        await self._session.execute(mine.values(judged=judged))

    def _contests(self) -> sa.Select[Contest]:
        return sa.select(Contest).where(Contest.workspace_id == self._workspace_id)

    def _comparisons(self) -> sa.Select[Comparison]:
        return sa.select(Comparison).where(Comparison.workspace_id == self._workspace_id)

    def _batches(self) -> sa.Select[ComparisonBatch]:
        return sa.select(ComparisonBatch).where(ComparisonBatch.workspace_id == self._workspace_id)


def _asked(question: str) -> str:
    return " ".join(question.casefold().split()).rstrip("?!. ")
