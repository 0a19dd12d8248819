"""Keyset paging: a page is the rows behind the last one seen, so it stays stable while rows come and go."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.errors import InvalidRequest

R = TypeVar("R")
Value = datetime | float | int | str


@dataclass(frozen=True, slots=True)
class Slice:
    """What a caller asks for: at most `limit` rows behind `cursor`."""

    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Keyset:
    """The order of a list: by `column`, then by `id`, both in the same direction."""

    column: InstrumentedAttribute[Any]
    id: InstrumentedAttribute[UUID]
    descending: bool = False


async def page_of(
    session: AsyncSession, query: sa.Select[R], keyset: Keyset, slice_: Slice
) -> tuple[Sequence[R], str | None]:
    """One page of `query` and the cursor of the next one. Raises `InvalidRequest` for a cursor that we did not make."""
    if slice_.cursor is not None:
        query = query.where(_behind(keyset, *_decode(slice_.cursor)))
    order = [column.desc() if keyset.descending else column.asc() for column in (keyset.column, keyset.id)]
    rows = (await session.scalars(query.order_by(*order).limit(slice_.limit + 1))).all()
    if len(rows) <= slice_.limit:
        return rows, None
    last = rows[slice_.limit - 1]
    return rows[: slice_.limit], _encode(getattr(last, keyset.column.key), getattr(last, keyset.id.key))


def _behind(keyset: Keyset, value: Value, row_id: UUID) -> sa.ColumnElement[bool]:
    column, key = keyset.column, keyset.id
    further = column < value if keyset.descending else column > value
    tie = key < row_id if keyset.descending else key > row_id
    return sa.or_(further, sa.and_(column == value, tie))


def _encode(value: Value, row_id: UUID) -> str:
    is_time = isinstance(value, datetime)
    raw = json.dumps([is_time, value.isoformat() if isinstance(value, datetime) else value, str(row_id)])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[Value, UUID]:
    try:
        is_time, value, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(value, str | int | float):
            raise ValueError(value)
        return (datetime.fromisoformat(str(value)) if is_time else value), UUID(row_id)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        raise InvalidRequest(f"the cursor {cursor[:40]!r} was not made by this list; start without one") from None
