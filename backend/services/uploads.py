"""Receiving documents: stream to disk, check by content, store once, one durable job each."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from uuid import UUID, uuid4

from pydantic import BaseModel

from backend.db.models import Document
from backend.errors import FileTooLarge, InvalidRequest, NexusError
from backend.files import FileStore
from backend.jobs.base import JobRequest, JobRunner
from backend.parsing.sniff import clean_name, sniff
from backend.problems import problem_of
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal
from backend.services.multipart import ReceivedFile, receive_files
from backend.tracing.metrics import Metrics
from backend.tracing.track import track
from contracts.documents import DocumentStatus, Upload
from contracts.jobs import Job
from contracts.problem import Problem


class ExtractPayload(BaseModel):
    document_id: UUID


class AllRefused(NexusError):
    """Every file of an upload was refused; it answers with the status of the first refusal."""

    def __init__(self, problems: Sequence[NexusError]) -> None:
        super().__init__(str(problems[0]))
        self.problems = tuple(problems)


def _ignore(_fingerprint: str) -> None:
    """Nobody asks."""


class UploadService:
    """`file_limit` is bytes a file, `file_count` files an upload."""

    def __init__(
        self,
        uow: UnitOfWork,
        runner: JobRunner,
        files: FileStore,
        metrics: Metrics,
        *,
        file_limit: int,
        file_count: int,
        samples: Path,
    ) -> None:
        self._uow = uow
        self._runner = runner
        self._files = files
        self._metrics = metrics
        self._file_limit = file_limit
        self._file_count = file_count
        self._samples = samples

    @track("uploads.receive")
    async def receive(
        self,
        principal: Principal,
        body: AsyncIterator[bytes],
        content_type: str,
        on_received: Callable[[str], None] = _ignore,
    ) -> Upload:
        """`on_received` hears the fingerprint of the files before anything is done with them.

        Raises `AllRefused` when no file was accepted. A body that breaks off stores nothing of it.
        """
        files: list[ReceivedFile] = []
        try:
            async with aclosing(self._received(body, content_type)) as received:
                async for file in received:
                    files.append(file)
            on_received(_fingerprint(files))
            return self._answer([await self._accept(principal, file) for file in files])
        except FileTooLarge as exc:
            raise AllRefused([exc]) from exc  # the first file: the rest was not read
        finally:
            for file in files:
                file.path.unlink(missing_ok=True)

    async def receive_one(
        self, body: AsyncIterator[bytes], content_type: str, on_received: Callable[[str], None] = _ignore
    ) -> ReceivedFile:
        """The only file of a body, for whoever keeps or removes it. Raises `InvalidRequest` for none or several."""
        files: list[ReceivedFile] = []
        try:
            async with aclosing(self._received(body, content_type)) as received:
                async for file in received:
                    files.append(file)
            on_received(_fingerprint(files))
            if len(files) != 1:
                raise InvalidRequest(f"{len(files)} files were sent; put exactly one into the field 'files'")
        except BaseException:
            for file in files:
                file.path.unlink(missing_ok=True)
            raise
        return files[0]

    @track("uploads.fingerprint")
    async def fingerprint(self, body: AsyncIterator[bytes], content_type: str) -> str:
        """Of the files in a body, which are not kept: equal when two uploads have the same names and contents.

        Raises `AllRefused` for a first file that is too large.
        """
        files: list[ReceivedFile] = []
        try:
            async with aclosing(self._received(body, content_type)) as received:
                async for file in received:
                    file.path.unlink(missing_ok=True)
                    files.append(file)
        except FileTooLarge as exc:
            raise AllRefused([exc]) from exc
        return _fingerprint(files)

    def _received(self, body: AsyncIterator[bytes], content_type: str) -> AsyncGenerator[ReceivedFile]:
        return receive_files(
            body, content_type, self._files.new_incoming, file_limit=self._file_limit, file_count=self._file_count
        )

    @track("uploads.samples")
    async def load_samples(self, principal: Principal) -> Upload:
        """The sample handbook, as if its files had been uploaded."""
        results = [await self._accept(principal, file) for file in await asyncio.to_thread(self._sample_files)]
        return self._answer(results)

    def _sample_files(self) -> list[ReceivedFile]:
        return [
            _copied(path, self._files.new_incoming()) for path in sorted(self._samples.iterdir()) if _is_sample(path)
        ]

    def _answer(self, results: Sequence[Job | NexusError]) -> Upload:
        if not results:
            raise InvalidRequest("no file was sent; put at least one into the field 'files'")
        refused = [result for result in results if isinstance(result, NexusError)]
        if len(refused) == len(results):
            raise AllRefused(refused)
        return Upload(jobs=[_entry(result) for result in results])

    async def _accept(self, principal: Principal, file: ReceivedFile) -> Job | NexusError:
        try:
            job, outcome = await self._store(principal, file)
        except NexusError as exc:
            self._metrics.uploads.labels(exc.code).inc()
            return exc
        finally:
            file.path.unlink(missing_ok=True)
        self._metrics.uploads.labels(outcome).inc()
        return job

    async def _store(self, principal: Principal, file: ReceivedFile) -> tuple[Job, str]:
        if file.problem is not None:
            raise file.problem
        name = clean_name(file.name)
        media_type = await asyncio.to_thread(sniff, file.path, name)
        document = Document(
            id=uuid4(),
            workspace_id=principal.workspace_id,
            name=name,
            media_type=media_type,
            size=file.size,
            sha256=file.sha256,
            status=DocumentStatus.PENDING.value,
        )
        self._files.keep(file.path, principal.workspace_id, document.id)
        is_new = False
        try:
            async with self._uow(principal.workspace_id) as tx:
                known = await tx.documents.find_by_sha256(file.sha256)
                if known is None:
                    is_new = True
                    await tx.documents.add(document)
                    job_id = await self._runner.submit(tx, extraction_of(document))
                    await tx.documents.set_job(document.id, job_id)
                else:
                    latest = await tx.documents.latest_job(known.id)
                    if latest is None:
                        job_id = await self._runner.submit(tx, extraction_of(known))
                        await tx.documents.set_job(known.id, job_id)
                    else:
                        job_id = latest.id
                job = await tx.jobs.get(job_id)
        except BaseException:
            self._files.delete(principal.workspace_id, document.id)
            raise
        if not is_new:
            self._files.delete(principal.workspace_id, document.id)
            return job, "duplicate"
        self._metrics.upload_bytes.inc(file.size)
        return job, "accepted"


def extraction_of(document: Document) -> JobRequest:
    return JobRequest(
        kind="extract_document",
        payload=ExtractPayload(document_id=document.id),
        title=document.name,
        document_id=document.id,
    )


def _fingerprint(files: Sequence[ReceivedFile]) -> str:
    """Names and contents in order. Of a file that is too large only its length is known for certain."""
    told = [[file.name, file.size, "" if file.problem else file.sha256] for file in files]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _entry(result: Job | NexusError) -> Job | Problem:
    return problem_of(result) if isinstance(result, NexusError) else result


def _is_sample(path: Path) -> bool:
    return path.suffix in {".pdf", ".docx", ".md"} and path.stem.lower() not in {"readme", "questions"}


def _copied(path: Path, target: Path) -> ReceivedFile:
    data = path.read_bytes()
    target.write_bytes(data)
    return ReceivedFile(path.name, target, len(data), hashlib.sha256(data).hexdigest())
