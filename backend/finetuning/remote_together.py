"""Together's fine-tuning API: files go to a storage of their own, and a job tells its losses apart from its events.

Source: Together's OpenAPI description, `/fine-tunes`; for the upload its Python SDK, `filemanager.py`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import httpx2

from backend.agents.providers.config import HttpClientFactory
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.vendor_errors import scrub
from backend.errors import ProviderBadAnswer, ProviderError, ProviderRejected, ProviderUnavailable
from backend.finetuning.remote_errors import retry_after
from backend.finetuning.remote_http import HttpApi
from backend.finetuning.remote_together_wire import EventList, File, FileList, Job, JobList, Metrics
from backend.finetuning.remote_wire import MOST, Failure, NewJob, NotThere, RemoteEvent, RemoteJob

FILES: Final = "files"
JOBS: Final = "fine-tunes"
FAILED: Final = ("error", "user_error")
TAKES: Final = ("n_epochs", "batch_size")
"""Hyperparameters that mean the same there."""


class TogetherFineTuning(HttpApi):
    """Implements `FineTuningApi`."""

    like = "Together's"

    def __init__(self, client: httpx2.AsyncClient, endpoint: Endpoint, http: HttpClientFactory) -> None:
        super().__init__(client, endpoint, http, endpoint.base_url.rstrip("/"))

    async def upload(self, path: Path, name: str) -> str:
        told = {"purpose": "fine-tune", "file_name": name, "file_type": "jsonl"}
        with self._errors():
            answer = await self._client.post(self._url(FILES), data=told)
            place, file_id = answer.headers.get("location"), answer.headers.get("x-together-file-id")
            if not answer.is_redirect:
                self._check(answer)
            if not place or not file_id:
                raise ProviderBadAnswer(
                    f"{self._name!r} does not say where the file goes; check that the URL is its API"
                )
            await self._store(httpx2.URL(self.base_url).join(place), path)
            await self._process(file_id)
            return str(file_id)

    async def _store(self, place: httpx2.URL, path: Path) -> None:
        content = await asyncio.to_thread(path.read_bytes)
        async with self._elsewhere(place, "wants the file") as storage:
            answer = await storage.put(place, content=content)
        if not answer.is_success:
            raise _not_stored(answer, self._name)

    async def _process(self, file_id: str) -> None:
        """A file is of use once this was asked."""
        await self._read(File, "POST", FILES, file_id, "preprocess")

    async def find_file(self, name: str, size: int) -> str | None:
        """A place that was given for the file and never had the whole of it is given back."""
        with self._errors():
            listed = await self._read(FileList, "GET", FILES)
            named = [one for one in listed.data[:MOST] if one.filename == name]
            for one in named:
                if one.bytes != size:
                    with suppress(ProviderRejected):
                        await self._remove(one.id)
            found = next((one for one in named if one.bytes == size), None)
            if found is not None and found.processed is False:
                await self._process(found.id)
            return found.id if found is not None else None

    async def delete_file(self, file_id: str) -> None:
        with self._errors():
            await self._remove(file_id)

    async def _remove(self, file_id: str) -> None:
        self._check(await self._client.delete(self._url(FILES, file_id)))

    async def create(self, new: NewJob) -> RemoteJob:
        """With rows to validate with it is asked to do so once an epoch: by itself it never would."""
        unknown = sorted(set(new.hyperparameters) - set(TAKES))
        if unknown:
            raise ProviderRejected(f"{self._name!r} has no {unknown[0]!r}; train again without it")
        validation = new.files.get("validation")
        asked: dict[str, Any] = {
            "model": new.model,
            "training_file": new.files["train"],
            "validation_file": validation,
            "n_evals": new.hyperparameters.get("n_epochs", 1) if validation else None,
            "random_seed": new.seed,
            "suffix": new.suffix,
            **new.hyperparameters,
        }
        body = {key: value for key, value in asked.items() if value is not None}
        with self._errors():
            return (await self._read(Job, "POST", JOBS, json=body)).remote()

    async def find_job(self, name: str, training_file: str) -> RemoteJob | None:  # noqa: ARG002 - it keeps no names
        """By its file."""
        with self._errors():
            listed = await self._read(JobList, "GET", JOBS)
            return next((one.remote() for one in listed.data[:MOST] if one.training_file == training_file), None)

    async def job(self, job_id: str) -> RemoteJob:
        with self._errors():
            job = (await self._read(Job, "GET", JOBS, job_id)).remote()
            if job.status.lower() in FAILED:
                job.error = Failure(message=await self._reason(job_id))
            return job

    async def _reason(self, job_id: str) -> str | None:
        """The last of its events that tells of an error, without the key, which servers like to repeat."""
        try:
            events = await self._read(EventList, "GET", JOBS, job_id, "events")
        except NotThere:
            return None
        told = [one for one in events.data if one.message and one.tells_an_error]
        said = max(told, key=lambda one: one.created_at or "").message if told else None
        return scrub(said, self._secret) if said else None

    async def events(self, job_id: str) -> AsyncGenerator[RemoteEvent]:
        with self._errors():
            figures = (await self._read(Metrics, "GET", JOBS, job_id, "metrics")).events()
            for one in figures[: -MOST - 1 : -1]:
                yield one

    async def cancel(self, job_id: str) -> RemoteJob:
        with self._errors():
            return (await self._read(Job, "POST", JOBS, job_id, "cancel")).remote()


def _not_stored(answer: httpx2.Response, name: str) -> ProviderError:
    """Nothing of what a storage says: it may repeat the URL."""
    said = f"{answer.request.url.host!r}, where {name!r} wants the file, answers {answer.status_code}"
    if answer.status_code >= 500 or answer.status_code in (408, 425, 429):
        return ProviderUnavailable(f"{said}; it is sent again", retry_after(answer.headers.get("retry-after")))
    return ProviderRejected(f"{said}; look whether the provider tells of a disturbance, then retry")
