from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.db.engine import Database
from backend.jobs.queue import DurableQueue
from backend.jobs.runner import DbosRunner
from backend.repositories.uow import UnitOfWork
from tests.jobs.site import Desk, Site, make_database


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Durable jobs without a worker."""
    url, workspace_id = make_database(tmp_path)
    database, queue = Database(url), DurableQueue(url)
    uow = UnitOfWork(database)
    yield Site(uow, workspace_id, Desk(), DbosRunner(uow, queue))
    queue.close()
    await database.aclose()
