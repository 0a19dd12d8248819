"""A transaction that is cancelled while it commits."""

import asyncio
import logging
from pathlib import Path

import pytest
import sqlalchemy as sa

from backend.db.engine import Database


async def test_a_cancellation_during_a_commit_waits_for_its_end_and_logs_no_error(
    template: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "nexus.db").write_bytes((template / "nexus.db").read_bytes())
    database = Database(f"sqlite:///{tmp_path / 'nexus.db'}")

    async def work() -> None:
        async with database.write() as session:
            await session.execute(sa.text("SELECT 1"))

    task = asyncio.create_task(work())
    sa.event.listen(database.engine.sync_engine.pool, "reset", lambda *_: task.cancel())
    with caplog.at_level(logging.ERROR, logger="sqlalchemy"), pytest.raises(asyncio.CancelledError):
        await task
    await database.aclose()
    assert [record.message for record in caplog.records] == []
