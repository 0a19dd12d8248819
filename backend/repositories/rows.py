"""Rows written past the mapping of objects, which costs several times the statement, on the ways that many wait on."""

from typing import Any

import sqlalchemy as sa

from backend.db.models import Base


def table_of(model: type[Base]) -> sa.Table:
    table = model.__table__
    assert isinstance(table, sa.Table)
    return table


def values_of(row: Base) -> dict[str, Any]:
    """What was given of a new row, for an INSERT, which adds the defaults of the other columns."""
    return {name: value for name, value in vars(row).items() if name != "_sa_instance_state"}
