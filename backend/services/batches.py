"""Batch comparisons: begun, listed, read. Their jobs compare: `batch_asking`, `judging`, `batch_results`."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

from pydantic import BaseModel

from backend.comparison.metrics import METRICS
from backend.db.base import utc_now
from backend.db.comparing import ComparisonBatch
from backend.db.finetuning import Dataset
from backend.errors import InvalidRequest
from backend.jobs.base import JobRequest, JobRunner
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.naming import listed
from backend.security.principal import Principal
from backend.services.answering import Answering
from backend.services.batch_questions import asked_for
from backend.services.comparing import check_open
from backend.services.contestants import Entry, contest_key, contestants_of, entries_of, names_of, stored
from backend.services.datasets import frozen
from backend.services.judging import able_judge
from backend.services.providers import ProviderService
from backend.tracing.track import track
from contracts import batches as wire
from contracts.datasets import SplitName
from contracts.page import Page

KIND: Final = "compare"
LONGEST_TITLE: Final = 200


class ComparePayload(BaseModel):
    """The job's id is the batch's."""

    has_judge: bool


class BatchService:
    """Every method raises `NotFound` for what is of another workspace, as for what does not exist."""

    def __init__(self, uow: UnitOfWork, runner: JobRunner, answering: Answering, providers: ProviderService) -> None:
        self._uow = uow
        self._runner = runner
        self._answering = answering
        self._providers = providers

    @track("comparisons.start_batch")
    async def start(self, principal: Principal, new: wire.NewBatch) -> wire.Batch:
        """Raises `Conflict` for a dataset that is not made and a contest that is closed, `InvalidRequest` for a split
        without rows, lanes that are the same and a judge that cannot judge, and what an inquiry raises for a target
        that cannot be asked."""
        async with self._uow(principal.workspace_id) as tx:
            dataset = await frozen(tx, new.dataset_id)
            questions = _questions(dataset, new)
            new = await self._with_judge(tx, new)
            entries = await entries_of(tx, self._answering, "", new.lanes)
            await check_open(tx, entries)
            contestants = [entry.contestant for entry in entries]
            await _check_filled(tx, entries)
            contest = await tx.comparisons.contest_of(contest_key(contestants), stored(contestants), principal.name)
            against = " against ".join(names_of(contestants).values())
            title = f"{dataset.name}, version {dataset.version}: {against}"
            request = JobRequest(
                kind=KIND,
                payload=ComparePayload(has_judge=new.judge is not None),
                title=title[:LONGEST_TITLE],
                id=uuid4(),
            )
            batch_id = await self._runner.submit(tx, request)
            batch = ComparisonBatch(
                id=batch_id,
                workspace_id=tx.workspace_id,
                contest_id=contest.id,
                dataset_id=dataset.id,
                dataset_name=dataset.name,
                dataset_version=dataset.version,
                recipe=new.model_dump(mode="json"),
                questions=questions,
                author=principal.name,
                created_at=utc_now(),
            )
            await tx.comparisons.add_batch(batch)
            return (await _to_wire(tx, [batch]))[0]

    async def _with_judge(self, tx: Tx, new: wire.NewBatch) -> wire.NewBatch:
        """With the judge's model named: it stays the same to the end."""
        if new.judge is None:
            return new
        choice = await able_judge(self._providers, tx, new.judge)
        judge = wire.Judge(provider=new.judge.provider, model=choice.model_name or None)
        return new.model_copy(update={"judge": judge})

    async def page(self, principal: Principal, slice_: Slice) -> Page[wire.Batch]:
        """Newest first."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.comparisons.batches(slice_)
            return Page(items=await _to_wire(tx, rows), next_cursor=cursor)

    async def get(self, principal: Principal, batch_id: UUID) -> wire.BatchDetail:
        async with self._uow.read(principal.workspace_id) as tx:
            row = await tx.comparisons.batch(batch_id)
            [shown] = await _to_wire(tx, [row])
        results = wire.BatchResults.model_validate(row.results) if row.results is not None else None
        return wire.BatchDetail(**dict(shown), results=results)

    def metrics(self) -> list[wire.MetricWords]:
        return [
            wire.MetricWords(
                name=name,
                title=one.title,
                unit=one.unit,
                meaning=one.meaning,
                source=one.source,
                low=one.low,
                high=one.high,
                better=one.better,
            )
            for name, one in METRICS.items()
        ]


async def _check_filled(tx: Tx, entries: Sequence[Entry]) -> None:
    """Raises `InvalidRequest` for one that would search in nothing."""
    for entry in entries:
        collections = entry.inquiry.collections
        if not entry.inquiry.question.reads or any([(await tx.collections.held(one.id))[2] for one in collections]):
            continue
        names = listed([repr(one.name) for one in collections])
        which = f"the collection {names}, which is empty" if len(collections) == 1 else f"{names}, which are empty"
        raise InvalidRequest(
            f"lanes: {entry.contestant.name!r} answers from {which}; fill it, or make one with everything"
        )


def _questions(dataset: Dataset, new: wire.NewBatch) -> int:
    rows: dict[SplitName, int] = {
        "train": dataset.train,
        "validation": dataset.validation,
        "held_out": dataset.held_out,
    }
    if not rows[new.split]:
        filled = [name for name, count in rows.items() if count]
        raise InvalidRequest(
            f"split: the dataset {dataset.name!r}, version {dataset.version}, has no rows in {new.split!r}; "
            f"choose one of {filled}"
        )
    return min(rows[new.split], new.limit or rows[new.split])


async def _to_wire(tx: Tx, rows: Sequence[ComparisonBatch]) -> list[wire.Batch]:
    contests = {id: await tx.comparisons.contest(id) for id in {row.contest_id for row in rows}}
    found: list[wire.Batch] = []
    for row in rows:
        new = asked_for(row)
        batch = wire.Batch(
            id=row.id,
            contest_id=row.contest_id,
            contestants=contestants_of(contests[row.contest_id].contestants),
            dataset_id=row.dataset_id,
            dataset_name=row.dataset_name,
            dataset_version=row.dataset_version,
            split=new.split,
            questions=row.questions,
            off_topic=len(new.off_topic),
            judge=new.judge,
            author=row.author,
            created_at=row.created_at,
            job=await tx.jobs.get(row.id),
        )
        found.append(batch)
    return found
