"""Health of the parts, and the figures of the home page."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Final, get_args

from backend.errors import NexusError, ShuttingDown
from backend.files import FileStore
from backend.repositories.faqs import FaqFilter
from backend.repositories.jobs import JobLedger
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal
from backend.tracing.metrics import Metrics
from contracts import system as wire
from contracts.faqs import FaqCounts, FaqStatus
from contracts.jobs import JobKind
from contracts.system import ComponentStatus

DAYS: Final = 14
CHECK_SECONDS: Final = 3.0
FAILED_SINCE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Part:
    """`check` returns a short detail, or raises when the part does not work."""

    name: str
    label: str
    check: Callable[[], Awaitable[str]]


class SystemService:
    """`instance` names this process to those that ask whether it is the one they mean."""

    def __init__(
        self,
        uow: UnitOfWork,
        files: FileStore,
        parts: Sequence[Part],
        *,
        data_dir: Path,
        ui_upload_limit: int,
        instance: str,
    ) -> None:
        self._uow = uow
        self._files = files
        self._parts = parts
        self._data_dir = data_dir
        self._ui_upload_limit = ui_upload_limit
        self.instance = instance
        self.is_stopping = False

    async def readiness(self) -> wire.Readiness:
        components = await asyncio.gather(*(self._checked(part) for part in self._parts))
        if self.is_stopping:
            components = [_down(Part("api", "API", _never), ShuttingDown("the server is stopping")), *components]
        worst = max((component.status for component in components), key=list(ComponentStatus).index)
        return wire.Readiness(status=worst, version=version("ai-nexus"), components=list(components))

    async def measure_queue(self, metrics: Metrics) -> None:
        """Sets what a scrape shows of the queue, over all workspaces."""
        async with self._uow.database.read() as session:
            waiting = await JobLedger(session).waiting()
        for kind in get_args(JobKind):
            metrics.queue_depth.labels(kind).set(waiting.get(kind, 0))

    async def _checked(self, part: Part) -> wire.Component:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                detail = await part.check()
        except NexusError as exc:
            return _down(part, exc)
        except TimeoutError:
            return _down(part, NexusError(f"no answer within {CHECK_SECONDS:g} s"))
        return wire.Component(name=part.name, label=part.label, status=ComponentStatus.OK, detail=detail)

    async def overview(self, principal: Principal) -> wire.Overview:
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        since = today - timedelta(days=DAYS - 1)
        async with self._uow.read(principal.workspace_id) as tx:
            faqs = await tx.faqs.counts(FaqFilter())
            documents, passages = await tx.documents.counts()
            running = await tx.overview.unfinished_jobs()
            failed_documents = await tx.overview.failed_documents()
            failed_updates = await tx.overview.failed_updates(today - FAILED_SINCE)
            approved = await tx.overview.approved_by_day(since)
            uploaded = await tx.overview.documents_by_day(since)
            answered = await tx.overview.answers_by_day(since, answered=True)
            unanswered = await tx.overview.answers_by_day(since, answered=False)
        key = today.date().isoformat()
        answers = {day: answered.get(day, 0) + unanswered.get(day, 0) for day in answered.keys() | unanswered.keys()}
        return wire.Overview(
            faqs=FaqCounts(**{status.value: faqs.get(status.value, 0) for status in FaqStatus}),
            documents=documents,
            passages=passages,
            running_jobs=running,
            failed_jobs=failed_documents + failed_updates,
            failed_documents=failed_documents,
            answers_today=answers.get(key, 0),
            answered_today=answered.get(key, 0),
            approved_by_day=_series(approved, since),
            documents_by_day=_series(uploaded, since),
            answers_by_day=_series(answers, since),
            unanswered_by_day=_series(unanswered, since),
            disk=await asyncio.to_thread(self._disk),
            upload_limit=self._ui_upload_limit,
        )

    def _disk(self) -> wire.DiskUse:
        volume = shutil.disk_usage(self._data_dir)
        database = sum(file.stat().st_size for file in self._data_dir.glob("nexus.db*"))
        return wire.DiskUse(database=database, files=self._files.size(), free=volume.free, total=volume.total)


async def _never() -> str:
    return ""


def _down(part: Part, exc: NexusError) -> wire.Component:
    return wire.Component(name=part.name, label=part.label, status=ComponentStatus.DOWN, detail=str(exc))


def _series(counts: Mapping[str, int], since: datetime) -> list[wire.DayCount]:
    days = [(since + timedelta(days=offset)).date().isoformat() for offset in range(DAYS)]
    return [wire.DayCount(day=day, count=counts.get(day, 0)) for day in days]
