"""A column that narrows what was found and is not itself looked up."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class checked(FunctionElement[Any]):
    """The column, which SQLite then looks up in no index; elsewhere just the column.

    Without statistics SQLite takes `workspace_id = ?` to leave ten rows, so it prefers that to a few ids, and reads
    every row of the workspace.
    """

    inherit_cache = True

    def __init__(self, column: sa.ColumnElement[Any] | Any) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(checked)
def _column(element: checked, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(checked, "sqlite")
def _not_by_index(element: checked, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"  # sqlite.org/optoverview, "Disqualifying WHERE terms"
