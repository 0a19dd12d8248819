"""Functions of SQL that the job queue expects, whatever SQLite this Python was built with."""

import time

import pytest
import sqlalchemy as sa

from backend.container import LoopScope
from backend.db.engine import sync_engine
from backend.jobs.dbos_database import dbos_engine

NOW = sa.text("SELECT unixepoch('subsec')")


@pytest.mark.parametrize("kind", ["ours", "the queue's"])
def test_connections_of_threads_know_the_time_in_milliseconds(scope: LoopScope, kind: str) -> None:
    url = scope.database.url
    engine = sync_engine(url) if kind == "ours" else dbos_engine(url, synchronous="normal", pool_size=1)
    assert engine is not None
    with engine.connect() as connection:
        assert connection.scalar(NOW) == pytest.approx(time.time(), abs=60)
    engine.dispose()


async def test_connections_of_event_loops_know_it_too(scope: LoopScope) -> None:
    async with scope.database.read() as session:
        assert await session.scalar(NOW) == pytest.approx(time.time(), abs=60)
