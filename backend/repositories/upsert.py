"""INSERT ... ON CONFLICT DO UPDATE, which SQLAlchemy spells per dialect."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.models import Base

MAX_ROWS = 500


async def upsert(session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows, or replaces every given column of those whose primary key exists. At most `MAX_ROWS` rows."""
    if not rows:
        return
    if len(rows) > MAX_ROWS:
        raise ValueError(f"at most {MAX_ROWS} rows in one statement, not {len(rows)}")
    insert = _insert(session)(table)
    keys = [column.name for column in sa.inspect(table).primary_key]
    others = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    statement = insert.on_conflict_do_update(index_elements=keys, set_=others)
    await session.execute(statement, [dict(row) for row in rows])


async def insert_absent(session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts the rows whose primary key does not exist yet."""
    if rows:
        await session.execute(_insert(session)(table).on_conflict_do_nothing(), [dict(row) for row in rows])


def _insert(session: AsyncSession) -> Any:  # the two dialects' insert constructs have no common type
    return postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
