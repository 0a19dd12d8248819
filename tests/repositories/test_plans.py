"""Which index SQLite takes: rows that are named by their ids are not looked for among all of the workspace."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.container import LoopScope
from backend.db.models import Collection
from backend.repositories.uow import Tx

BY_IDS: dict[str, Callable[[Tx, list[Any]], Awaitable[object]]] = {
    "FAQs": lambda tx, ids: tx.faqs.find_all(ids),
    "FAQs with their documents": lambda tx, ids: tx.faqs.found(ids),
    "documents": lambda tx, ids: tx.documents.get_all(ids),
    "groups of FAQs": lambda tx, ids: tx.faqs.groups_of(ids),
    "ids of documents": lambda tx, ids: tx.documents.existing(ids),
    "passages": lambda tx, ids: tx.documents.passages(ids),
}


@contextmanager
def statements(engine: sa.Engine) -> Iterator[list[tuple[str, Any]]]:
    """Those that the engine runs meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        seen.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(engine, "before_cursor_execute", note)


async def plan(session: AsyncSession, engine: sa.Engine, work: Callable[[], Awaitable[object]]) -> list[str]:
    """The steps of the only query of `work`."""
    with statements(engine) as seen:
        await work()
    [(statement, parameters)] = [one for one in seen if one[0].startswith("SELECT")]
    connection = await session.connection()
    planned = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [step["detail"] for step in planned.mappings()]


@pytest.fixture
async def session(scope: LoopScope) -> AsyncIterator[AsyncSession]:
    if not scope.database.is_sqlite:
        pytest.skip("a server plans by its statistics")
    async with scope.database.read() as session:
        yield session


@pytest.mark.parametrize("what", BY_IDS)
@pytest.mark.parametrize("count", [1, 4, 50, 400])
async def test_rows_that_are_named_by_ids_are_found_by_ids(
    scope: LoopScope, session: AsyncSession, what: str, count: int
) -> None:
    tx, ids = Tx(session, uuid4()), [uuid4() for _ in range(count)]

    steps = await plan(session, scope.database.engine.sync_engine, lambda: BY_IDS[what](tx, ids))

    assert all("(id=?)" in step for step in steps), steps


@pytest.mark.parametrize("everything", [True, False])
async def test_whether_found_points_are_current_is_asked_of_them_alone(
    scope: LoopScope, session: AsyncSession, everything: bool
) -> None:
    collection = Collection(id=uuid4(), takes_everything=everything)
    tx, points = Tx(session, uuid4()), [uuid4() for _ in range(64)]

    steps = await plan(
        session, scope.database.engine.sync_engine, lambda: tx.collections.current_points(collection, points)
    )

    assert not [step for step in steps if "document" in step and "(id=?)" not in step], steps
