"""The durable `JobRunner`: a job's row and its start are one transaction. Jobs run in a `DbosWorker`."""

from uuid import UUID, uuid4

from backend.db.models import Job, JobInput
from backend.db.tx import Tx
from backend.jobs.base import JobRequest, queue_of
from backend.jobs.queue import DurableQueue
from backend.repositories.jobs import Attempt, JobLedger, JobRepository
from backend.repositories.uow import UnitOfWork
from contracts.jobs import JobStatus


def new_job(request: JobRequest, workspace_id: UUID, version: str) -> Job:
    return Job(
        id=request.id or uuid4(),
        workspace_id=workspace_id,
        kind=request.kind,
        status=JobStatus.PENDING.value,
        title=request.title,
        input=JobInput(workspace_id=workspace_id, payload=request.payload.model_dump(mode="json")),
        attempt=1,
        version=version,
        document_id=request.document_id,
        collection_id=request.collection_id,
    )


class DbosRunner:
    """Submits, cancels and retries from any process. Bound to the unit of work's event loop."""

    def __init__(self, uow: UnitOfWork, queue: DurableQueue) -> None:
        self._uow = uow
        self._queue = queue

    async def submit(self, tx: Tx, request: JobRequest) -> UUID:
        jobs = JobRepository(tx.session, tx.workspace_id)
        if request.id is not None and await jobs.find(request.id) is not None:
            return request.id
        job = new_job(request, tx.workspace_id, self._queue.version)
        await jobs.add(job)
        await self._queue.enqueue(tx.session, Attempt(job.id, 1), queue_of(job.input.payload), delay=request.delay)
        return job.id

    async def cancel(self, workspace_id: UUID, job_id: UUID) -> None:
        async with self._uow(workspace_id) as tx:
            job = await tx.jobs.request_cancel(job_id)
        if job.status == JobStatus.CANCELLED.value:
            await self._queue.cancel(Attempt(job_id, job.attempt))

    async def retry(self, workspace_id: UUID, job_id: UUID) -> None:
        async with self._uow(workspace_id) as tx:
            attempt = await tx.jobs.begin_attempt(job_id, self._queue.version)
            payload = await JobLedger(tx.session).payload(job_id)
            await self._queue.enqueue(tx.session, attempt, queue_of(payload))
        await self._queue.cancel(Attempt(job_id, attempt.number - 1))
