"""Keyset paging: a page is the rows behind the last one seen, so it stays stable while rows come and go."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.db.models import UtcDateTime
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
        query = query.where(_behind(keyset, *_decode(slice_.cursor, _kind(keyset))))
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
    raw = json.dumps([value.isoformat() if isinstance(value, datetime) else value, str(row_id)])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _decode(cursor: str, kind: type) -> tuple[Value, UUID]:
    """`kind` is what the list is ordered by: another list's cursor does not fit."""
    try:
        value, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return _value(value, kind), UUID(row_id)
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error, RecursionError):
        raise InvalidRequest(f"the cursor {cursor[:40]!r} was not made by this list; start without one") from None


def _kind(keyset: Keyset) -> type:
    column_type = keyset.column.type
    return datetime if isinstance(column_type, UtcDateTime) else column_type.python_type


def _value(raw: object, kind: type) -> Value:
    if kind is datetime and isinstance(raw, str):
        return _time(raw)
    if kind is str and isinstance(raw, str) and "\x00" not in raw:
        return raw
    if kind in (int, float) and isinstance(raw, int | float) and abs(raw) < 2**63:
        return raw
    raise ValueError(raw)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(text)
    return time.astimezone(UTC)
