"""What a model was asked about the sections of documents."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.models import Faq, Job, Section, SectionDrafting, utc_now
from backend.repositories.jobs import UNFINISHED
from backend.repositories.upsert import upsert
from contracts.jobs import JobStatus

DONE, FAILED, OPEN = "done", "failed", "open"
KIND: Final = "draft_document"
LOOKED_AT: Final = 50
"""Jobs among which those of a model are looked for."""
ENOUGH: Final = 100
"""Calls that tell a model's pace."""
Place = tuple[UUID, int]
"""A section's id and the number of its part."""


@dataclass(slots=True)
class DraftingTotals:
    """What one job did so far. `cost_usd` is None when the cost of a call is not known."""

    calls: int = 0
    failed: int = 0
    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)
    sections: set[UUID] = field(default_factory=set)


class DraftingRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    async def settled(self, section_ids: Sequence[UUID], *, failed_in: UUID | None = None) -> dict[Place, str]:
        """The content hash of each part that a model has drafted; at most 500 ids.

        With a job, also of the parts that failed in it, unless they were opened again since.
        """
        wanted = SectionDrafting.status == DONE
        if failed_in is not None:
            failed = sa.and_(SectionDrafting.status == FAILED, SectionDrafting.job_id == failed_in)
            wanted = sa.or_(wanted, failed)
        query = sa.select(SectionDrafting.section_id, SectionDrafting.part, SectionDrafting.content_hash).where(
            SectionDrafting.workspace_id == self._workspace_id, SectionDrafting.section_id.in_(section_ids), wanted
        )
        return {(row[0], row[1]): row[2] for row in await self._session.execute(query)}

    async def reopen(self, document_id: UUID, job_id: UUID, *, again: bool) -> None:
        """What failed is to be asked again; with `again`, also what another job has done."""
        wanted = SectionDrafting.status == FAILED
        if again:
            wanted = sa.or_(wanted, SectionDrafting.job_id != job_id)
        await self._session.execute(
            sa.update(SectionDrafting)
            .where(
                SectionDrafting.workspace_id == self._workspace_id, SectionDrafting.document_id == document_id, wanted
            )
            .values(status=OPEN)
        )

    async def settle(self, place: Place, job_id: UUID, values: dict[str, Any]) -> None:
        """Writes what came of a call. The tokens of an earlier call of the same job stay counted."""
        section_id, part = place
        before = await self._session.get(SectionDrafting, {"section_id": section_id, "part": part})
        if before is not None and before.job_id == job_id:
            values = {
                **values,
                "input_tokens": values["input_tokens"] + before.input_tokens,
                "output_tokens": values["output_tokens"] + before.output_tokens,
                "cost_usd": _sum(values["cost_usd"], before.cost_usd),
            }
        row = {"workspace_id": self._workspace_id, "section_id": section_id, "part": part, "job_id": job_id, **values}
        await upsert(self._session, SectionDrafting, [{**row, "updated_at": utc_now()}])

    async def totals(self, document_id: UUID, job_id: UUID) -> DraftingTotals:
        """Reads a row for each call of the job."""
        query = sa.select(SectionDrafting).where(
            SectionDrafting.workspace_id == self._workspace_id,
            SectionDrafting.document_id == document_id,
            SectionDrafting.job_id == job_id,
        )
        found = DraftingTotals()
        for row in await self._session.scalars(query):
            found.calls += 1
            found.failed += row.status != DONE
            found.kept += row.kept
            found.dropped.update(row.dropped)
            found.input_tokens += row.input_tokens
            found.output_tokens += row.output_tokens
            known = found.cost_usd is not None and row.cost_usd is not None
            found.cost_usd = found.cost_usd + Decimal(row.cost_usd) if known else None  # type: ignore[operator, arg-type]  # known
            found.sections.add(row.section_id)
        return found

    async def pace(self, provider: str, model: str) -> float | None:
        """Seconds for a call in the newest jobs of this model that ended in their first attempt; None without one."""
        query = (
            sa.select(Job.result, Job.started_at, Job.finished_at)
            .where(Job.workspace_id == self._workspace_id, Job.kind == KIND, Job.status == JobStatus.SUCCEEDED)
            .where(Job.attempt == 1)
            .order_by(Job.created_at.desc())
            .limit(LOOKED_AT)
        )
        seconds, calls = 0.0, 0
        for result, started, finished in await self._session.execute(query):
            if result is None or started is None or finished is None or calls >= ENOUGH:
                continue
            if (result["provider"], result["model"]) == (provider, model):
                seconds += (finished - started).total_seconds()
                calls += result["calls"]
        return seconds / calls if calls else None

    async def unfinished_jobs(self, document_id: UUID) -> Sequence[UUID]:
        """Every job of this document that goes on, of whatever kind."""
        query = sa.select(Job.id).where(
            Job.workspace_id == self._workspace_id, Job.document_id == document_id, Job.status.in_(UNFINISHED)
        )
        return (await self._session.scalars(query)).all()

    async def drafted(self, document_id: UUID, keys: Sequence[str]) -> Sequence[tuple[UUID, str]]:
        """(id, question) of what models drafted from this document with one of these keys; at most 500 keys."""
        query = sa.select(Faq.id, Faq.question).where(
            Faq.workspace_id == self._workspace_id,
            Faq.document_id == document_id,
            Faq.question_key.in_(keys),
            Faq.drafted_by.is_not(None),
        )
        return (await self._session.execute(query)).all()

    async def place_of(self, document_id: UUID, section_ordinal: int) -> int | None:
        """The ordinal of the document's last FAQ up to this section: a new one stands behind it."""
        query = (
            sa.select(sa.func.max(Faq.ordinal))
            .join(Section, Section.id == Faq.section_id)
            .where(
                Faq.workspace_id == self._workspace_id,
                Faq.document_id == document_id,
                Section.ordinal <= section_ordinal,
            )
        )
        return await self._session.scalar(query)


def _sum(first: str | None, second: str | None) -> str | None:
    return None if first is None or second is None else str(Decimal(first) + Decimal(second))
