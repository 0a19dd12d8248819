"""Keyset paging: a page is the rows behind the last one seen, so it stays stable while rows come and go."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from backend.db.models import UtcDateTime
from backend.errors import InvalidRequest

R = TypeVar("R")
Value = datetime | float | int | str | UUID


@dataclass(frozen=True, slots=True)
class Slice:
    """What a caller asks for: at most `limit` rows behind `cursor`."""

    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A column that a list is ordered by."""

    column: InstrumentedAttribute[Any]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Keyset:
    """The order of a list: by the first key, among equals by the next; the last one is unique."""

    keys: tuple[Key, ...]

    @classmethod
    def by(cls, *columns: InstrumentedAttribute[Any], descending: bool = False) -> Self:
        """All columns in one direction."""
        return cls(tuple(Key(column, descending) for column in columns))


async def page_of(
    session: AsyncSession, query: sa.Select[R], keyset: Keyset, slice_: Slice
) -> tuple[Sequence[R], str | None]:
    """One page of `query` and the cursor of the next one. Raises `InvalidRequest` for a cursor that we did not make."""
    if slice_.cursor is not None:
        query = query.where(_behind(keyset.keys, _decode(slice_.cursor, keyset)))
    order = [key.column.desc() if key.descending else key.column.asc() for key in keyset.keys]
    rows = (await session.scalars(query.order_by(*order).limit(slice_.limit + 1))).all()
    if len(rows) <= slice_.limit:
        return rows, None
    return rows[: slice_.limit], cursor_behind(rows[slice_.limit - 1], keyset)


def cursor_behind(row: object, keyset: Keyset) -> str:
    """The cursor of the page that begins behind a row."""
    return _encode([getattr(row, key.column.key) for key in keyset.keys])


def _behind(keys: Sequence[Key], values: Sequence[Value]) -> sa.ColumnElement[bool]:
    (key, *others), (value, *rest) = keys, values
    further = key.column < value if key.descending else key.column > value
    return sa.or_(further, sa.and_(key.column == value, _behind(others, rest))) if others else further


def _encode(values: Sequence[Value]) -> str:
    raw = json.dumps([value if isinstance(value, int | float | str) else str(value) for value in values])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def _decode(cursor: str, keyset: Keyset) -> list[Value]:
    """Each value is of its column's type: another list's cursor does not fit."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [_value(value, _kind(key)) for key, value in zip(keyset.keys, values, strict=True)]
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error, RecursionError):
        raise InvalidRequest(f"the cursor {cursor[:40]!r} was not made by this list; start without one") from None


def _kind(key: Key) -> type:
    column_type = key.column.type
    return datetime if isinstance(column_type, UtcDateTime) else column_type.python_type


def _value(raw: object, kind: type) -> Value:
    if kind is UUID and isinstance(raw, str):
        return UUID(raw)
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
