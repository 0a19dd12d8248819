"""Keyset pages over rows with equal values, in both directions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from backend.container import LoopScope
from backend.db.models import Workspace
from backend.errors import InvalidRequest
from backend.repositories.paging import Key, Keyset, Slice, _decode, page_of

TIMES = [datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC) for second in (0, 1, 1, 1, 1, 2, 3, 3)]
BY_TIME = Keyset.by(Workspace.created_at, Workspace.id)
BY_NAME = Keyset.by(Workspace.name, Workspace.id, descending=True)


@pytest.fixture
async def session(scope: LoopScope) -> AsyncIterator[AsyncSession]:
    async with scope.database.write() as session:
        await session.execute(sa.delete(Workspace))
        session.add_all(Workspace(id=uuid4(), name=f"w{n}", created_at=time) for n, time in enumerate(TIMES))
        await session.flush()
        yield session


async def walked(session: AsyncSession, keyset: Keyset, limit: int) -> list[UUID]:
    found: list[UUID] = []
    cursor: str | None = None
    while True:
        rows, cursor = await page_of(session, sa.select(Workspace), keyset, Slice(limit, cursor))
        found += [row.id for row in rows]
        if cursor is None:
            return found
        assert len(rows) == limit


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9])
async def test_walking_page_by_page_meets_every_row_once_in_order(
    session: AsyncSession, descending: bool, limit: int
) -> None:
    keyset = Keyset.by(Workspace.created_at, Workspace.id, descending=descending)
    rows = (await session.scalars(sa.select(Workspace))).all()
    wanted = sorted(rows, key=lambda row: (row.created_at, row.id), reverse=descending)
    assert await walked(session, keyset, limit) == [row.id for row in wanted]


@pytest.mark.parametrize("limit", [1, 3, 8])
async def test_each_key_has_a_direction_of_its_own(session: AsyncSession, limit: int) -> None:
    keyset = Keyset((Key(Workspace.created_at, descending=True), Key(Workspace.name), Key(Workspace.id)))
    rows = (await session.scalars(sa.select(Workspace))).all()
    wanted = sorted(rows, key=lambda row: (-row.created_at.timestamp(), row.name))
    assert await walked(session, keyset, limit) == [row.id for row in wanted]


async def test_text_orders_a_list_too(session: AsyncSession) -> None:
    rows = {row.id: row.name for row in (await session.scalars(sa.select(Workspace))).all()}
    assert [rows[one] for one in await walked(session, BY_NAME, 3)] == sorted(rows.values(), reverse=True)


@given(cursor=st.text(max_size=80))
def test_any_text_is_either_our_cursor_or_refused(cursor: str) -> None:
    try:
        value, row_id = _decode(cursor, BY_TIME)
    except InvalidRequest:
        return
    assert isinstance(value, datetime)
    assert isinstance(row_id, UUID)
