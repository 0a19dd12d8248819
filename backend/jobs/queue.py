"""The durable queue as a client sees it: enqueue in a transaction, cancel, look up. Any process, thread and loop."""

import asyncio
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from backend.jobs.base import QueueName
from backend.jobs.dbos_database import SCHEMA, dbos_engine, quieten_dbos, serializer
from backend.repositories.jobs import Attempt

if TYPE_CHECKING:
    from dbos import DBOSClient, EnqueueOptions

WORKFLOW_VERSION: Final = "1"
"""Changes when the order of any workflow's steps does."""

APPLICATION: Final = "ai-nexus"
WORKFLOW: Final = "job"
REMOTE_TRAININGS: Final = 32
"""At once in a process: each only asks its provider now and then how far it is."""

log = logging.getLogger(__name__)


def workflow_id(attempt: Attempt) -> str:
    return f"{attempt.job_id}:{attempt.number}"


@dataclass(frozen=True, slots=True)
class WorkflowState:
    """What DBOS says about an attempt: one of its status names, and who took it last."""

    status: str
    executor_id: str | None


class DurableQueue:
    """DBOS's client. It connects, and imports DBOS, when it is first used: call `connect` where that must not wait."""

    def __init__(self, url: str, *, synchronous: str = "normal", version: str = WORKFLOW_VERSION) -> None:
        self.url = url
        self.version = version
        self.synchronous = synchronous
        self._engine = dbos_engine(url, synchronous=synchronous, pool_size=5)
        self._lock = threading.Lock()
        self._opened: DBOSClient | None = None

    def connect(self) -> "DBOSClient":
        with self._lock:
            if self._opened is None:
                quieten_dbos()
                from dbos import DBOSClient

                self._opened = DBOSClient(
                    system_database_url=self.url if self._engine is None else None,
                    system_database_engine=self._engine,
                    dbos_system_schema=SCHEMA,
                    serializer=serializer(),
                    application_name=APPLICATION,
                    lazy=True,
                )
            return self._opened

    async def enqueue(self, session: AsyncSession, attempt: Attempt, queue: QueueName, *, delay: float = 0.0) -> None:
        """Put the attempt into the session's transaction: it starts `delay` seconds after the commit, or never."""
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": queue,
            "workflow_id": workflow_id(attempt),
            "app_version": self.version,
        }
        if delay > 0:
            options["delay_seconds"] = delay
        client = self.connect()

        def write(sync_session: Session) -> None:
            client.enqueue_in_transaction(sync_session, options, str(attempt.job_id), attempt.number)

        await session.run_sync(write)

    async def cancel(self, attempt: Attempt) -> None:
        """Best effort: an attempt that is started all the same sees in its row that it is not wanted."""
        try:
            await asyncio.to_thread(lambda: self.connect().cancel_workflow(workflow_id(attempt)))
        except SQLAlchemyError:
            log.warning("an old attempt could not be cancelled", exc_info=True, extra={"code": "db_unavailable"})

    async def states(self, attempts: Sequence[Attempt]) -> dict[Attempt, WorkflowState]:
        """Those that DBOS knows."""
        ids = {workflow_id(attempt): attempt for attempt in attempts}
        if not ids:
            return {}
        found = await asyncio.to_thread(
            lambda: self.connect().list_workflows(workflow_ids=list(ids), load_input=False, load_output=False)
        )
        return {ids[one.workflow_id]: WorkflowState(one.status, one.executor_id) for one in found}

    def close(self) -> None:
        with self._lock:
            if self._opened is not None:
                self._opened.destroy()
                self._opened = None
            if self._engine is not None:
                self._engine.dispose()
