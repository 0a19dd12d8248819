"""What holds for every table."""

import sqlalchemy as sa

from backend.db.models import Base

WHOLE_WORKSPACE = "workspace_id"
"""A workspace is never deleted while the product runs."""


def led(table: sa.Table) -> set[str]:
    """Columns that an index of the table begins with."""
    unique = (item.columns for item in table.constraints if isinstance(item, sa.UniqueConstraint))
    found = (table.primary_key.columns, *(index.columns for index in table.indexes), *unique)
    return {next(iter(columns)).name for columns in found}


def test_a_row_that_is_deleted_scans_no_table_for_what_refers_to_it() -> None:
    referring = [
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if column.foreign_keys and column.name != WHOLE_WORKSPACE and column.name not in led(table)
    ]
    assert referring == ["agent.collection_id"]  # a few rows
