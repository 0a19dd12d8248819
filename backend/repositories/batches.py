"""What a batch has compared so far, as its job and its export read it."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.base import Json
from backend.db.comparing import Comparison, ComparisonLane


class BatchRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def asked(self, batch_id: UUID) -> set[int]:
        """The ordinals of the questions that are compared."""
        query = sa.select(Comparison.ordinal).where(*self._of(batch_id))
        return set((await self._session.scalars(query)).all())

    async def after(self, batch_id: UUID, ordinal: int, *, limit: int) -> Sequence[Comparison]:
        """The next ones, in the order of the batch."""
        query = sa.select(Comparison).where(*self._of(batch_id), Comparison.ordinal > ordinal)
        return (await self._session.scalars(query.order_by(Comparison.ordinal).limit(limit))).all()

    async def measured(self, comparison_ids: Sequence[UUID]) -> list[tuple[UUID, str, Json | None, Json]]:
        """Comparison, contestant, error and metrics of each lane, without the answers; at most 500 comparisons."""
        query = sa.select(
            ComparisonLane.comparison_id, ComparisonLane.contestant, ComparisonLane.error, ComparisonLane.metrics
        ).where(ComparisonLane.workspace_id == self._workspace_id, ComparisonLane.comparison_id.in_(comparison_ids))
        rows = (await self._session.execute(query)).all()
        return [(comparison_id, contestant, error, metrics) for comparison_id, contestant, error, metrics in rows]

    def _of(self, batch_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
        return Comparison.workspace_id == self._workspace_id, Comparison.batch_id == batch_id
