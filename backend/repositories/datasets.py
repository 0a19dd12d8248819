"""Datasets and their rows; and the approved FAQs that one is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.finetuning import Dataset, DatasetRow, DatasetWording
from backend.db.models import Faq
from backend.errors import NotFound
from backend.repositories.json_text import each_text
from backend.repositories.paging import Keyset, Slice, page_of
from backend.repositories.upsert import upsert
from contracts.faqs import FaqStatus

BATCH: Final = 500
NEWEST: Final = Keyset.by(Dataset.created_at, Dataset.id, descending=True)
IN_ORDER: Final = Keyset.by(DatasetRow.ordinal)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Approved FAQs, last changed from `since` on and before `until`. Of each list any one fits; an empty one does not
    choose."""

    document_ids: Sequence[UUID] = ()
    tags: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None


class DatasetRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def _mine(self) -> sa.Select[Dataset]:
        return sa.select(Dataset).where(Dataset.workspace_id == self._workspace_id)

    async def add(self, dataset: Dataset) -> None:
        self._session.add(dataset)
        await self._session.flush()

    async def find(self, dataset_id: UUID) -> Dataset | None:
        return (await self._session.scalars(self._mine().where(Dataset.id == dataset_id))).one_or_none()

    async def get(self, dataset_id: UUID) -> Dataset:
        """Raises `NotFound`."""
        found = await self.find(dataset_id)
        if found is None:
            raise NotFound(f"no dataset {str(dataset_id)!r}")
        return found

    async def page(self, slice_: Slice) -> tuple[Sequence[Dataset], str | None]:
        return await page_of(self._session, self._mine(), NEWEST, slice_)

    async def names(self) -> Sequence[str]:
        query = sa.select(Dataset.name).where(Dataset.workspace_id == self._workspace_id).distinct()
        return (await self._session.scalars(query)).all()

    async def next_version(self, name: str) -> int:
        query = sa.select(sa.func.max(Dataset.version)).where(
            Dataset.workspace_id == self._workspace_id, Dataset.name == name
        )
        return (await self._session.scalar(query) or 0) + 1

    async def frozen_before(self, dataset: Dataset) -> Dataset | None:
        """The last version before this one that was frozen."""
        query = self._mine().where(
            Dataset.name == dataset.name, Dataset.version < dataset.version, Dataset.content_hash.is_not(None)
        )
        return (await self._session.scalars(query.order_by(Dataset.version.desc()).limit(1))).one_or_none()

    async def change(self, dataset_id: UUID, values: dict[str, Any]) -> None:
        await self._session.execute(
            sa.update(Dataset)
            .where(Dataset.workspace_id == self._workspace_id, Dataset.id == dataset_id)
            .values(**values)
        )

    async def delete(self, dataset_id: UUID) -> None:
        """Without rows; see `forget_rows`."""
        await self._session.execute(
            sa.delete(Dataset).where(Dataset.workspace_id == self._workspace_id, Dataset.id == dataset_id)
        )

    # --- rows ----------------------------------------------------------------
    async def rows(
        self, dataset_id: UUID, slice_: Slice, *, split: str | None = None
    ) -> tuple[Sequence[DatasetRow], str | None]:
        """In the order of the dataset."""
        query = sa.select(DatasetRow).where(
            DatasetRow.workspace_id == self._workspace_id, DatasetRow.dataset_id == dataset_id
        )
        if split is not None:
            query = query.where(DatasetRow.split == split)
        return await page_of(self._session, query, IN_ORDER, slice_)

    async def longest(self, dataset_id: UUID, *, limit: int) -> Sequence[DatasetRow]:
        """Of the rows that a training reads, those with the most characters. Looks at every row."""
        texts = (DatasetRow.question, DatasetRow.answer, sa.func.coalesce(DatasetRow.system, ""))
        size = sum((sa.func.length(text) for text in texts), start=sa.literal(0))
        query = (
            sa.select(DatasetRow)
            .where(
                DatasetRow.workspace_id == self._workspace_id,
                DatasetRow.dataset_id == dataset_id,
                DatasetRow.split != "held_out",
            )
            .order_by(size.desc(), DatasetRow.ordinal)
            .limit(limit)
        )
        return (await self._session.scalars(query)).all()

    async def put_rows(self, rows: Sequence[dict[str, Any]]) -> None:
        """At most 500; a row of the same place is replaced."""
        await upsert(self._session, DatasetRow, rows)

    async def forget_rows(self, dataset_id: UUID, *, limit: int) -> int:
        """Removes the first rows; how many those were."""
        some = (
            sa.select(DatasetRow.ordinal)
            .where(DatasetRow.workspace_id == self._workspace_id, DatasetRow.dataset_id == dataset_id)
            .order_by(DatasetRow.ordinal)
            .limit(limit)
        )
        ordinals = (await self._session.scalars(some)).all()
        if ordinals:
            await self._session.execute(
                sa.delete(DatasetRow).where(DatasetRow.dataset_id == dataset_id, DatasetRow.ordinal <= ordinals[-1])
            )
        return len(ordinals)

    async def put_wording(self, wording: dict[str, Any]) -> None:
        await upsert(self._session, DatasetWording, [{**wording, "workspace_id": self._workspace_id}])

    async def wordings(self, dataset_id: UUID) -> Sequence[DatasetWording]:
        """What a model wrote for it until now."""
        query = sa.select(DatasetWording).where(
            DatasetWording.workspace_id == self._workspace_id, DatasetWording.dataset_id == dataset_id
        )
        return (await self._session.scalars(query)).all()

    async def forget_wordings(self, dataset_id: UUID) -> None:
        await self._session.execute(
            sa.delete(DatasetWording).where(
                DatasetWording.workspace_id == self._workspace_id, DatasetWording.dataset_id == dataset_id
            )
        )

    async def splits_of(self, dataset_id: UUID) -> dict[UUID, str]:
        """FAQ id -> the split that its rows are in."""
        query = (
            sa.select(DatasetRow.faq_id, DatasetRow.split)
            .where(
                DatasetRow.workspace_id == self._workspace_id,
                DatasetRow.dataset_id == dataset_id,
                DatasetRow.faq_id.is_not(None),
            )
            .distinct()
        )
        return {faq_id: split for faq_id, split in await self._session.execute(query) if faq_id is not None}

    # --- what it is made from ------------------------------------------------
    async def approved(self, chosen: Chosen, *, after: UUID | None, limit: int = BATCH) -> Sequence[Faq]:
        """The approved FAQs behind `after`, by their ids."""
        query = sa.select(Faq).where(
            Faq.workspace_id == self._workspace_id, Faq.status == FaqStatus.APPROVED.value, *_conditions(chosen)
        )
        if after is not None:
            query = query.where(Faq.id > after)
        return (await self._session.scalars(query.order_by(Faq.id).limit(limit))).all()

    async def count_approved(self, chosen: Chosen) -> int:
        query = sa.select(sa.func.count()).where(
            Faq.workspace_id == self._workspace_id, Faq.status == FaqStatus.APPROVED.value, *_conditions(chosen)
        )
        return await self._session.scalar(query) or 0


def _conditions(chosen: Chosen) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if chosen.document_ids:
        found.append(Faq.document_id.in_(chosen.document_ids))
    if chosen.tags:
        each = each_text(Faq.tags).table_valued("value")
        found.append(sa.exists(sa.select(1).select_from(each).where(each.c.value.in_(chosen.tags))))
    if chosen.since is not None:
        found.append(Faq.updated_at >= chosen.since)
    if chosen.until is not None:
        found.append(Faq.updated_at < chosen.until)
    return found
