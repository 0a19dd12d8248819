"""The texts of a JSON array as rows, on SQLite and Postgres."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class each_text(GenericFunction[Any]):  # the name is how it reads in a query
    """`each_text(column).table_valued("value")`: a row for each element."""

    name = "json_each"
    inherit_cache = True


@compiles(each_text, "postgresql")
def _on_postgres(element: each_text, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_array_elements_text({compiler.process(element.clause_expr.element, **options)})"
