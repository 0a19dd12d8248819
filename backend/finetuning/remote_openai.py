"""OpenAI's fine-tuning API, which other servers have too, as its SDK speaks it."""

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from openai import AsyncOpenAI
from openai.types.fine_tuning import FineTuningJob

from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.vendor_errors import scrub
from backend.finetuning.remote_errors import api_errors
from backend.finetuning.remote_wire import MOST, NewJob, RemoteEvent, RemoteJob

PAGE: Final = 100
MARK: Final = "nexus_training"
"""The key of a job's metadata under which our name of the training stands."""


class OpenAIFineTuning:
    """Implements `FineTuningApi`."""

    like = "OpenAI's"

    def __init__(self, client: AsyncOpenAI, endpoint: Endpoint) -> None:
        self._client = client
        self._endpoint = endpoint
        self.base_url = endpoint.base_url.rstrip("/")

    async def upload(self, path: Path, name: str) -> str:
        with self._errors():
            made = await self._client.files.create(file=(name, path), purpose="fine-tune")
            return str(made.id)

    async def find_file(self, name: str, size: int) -> str | None:
        with self._errors():
            seen = 0
            async for file in self._client.files.list(purpose="fine-tune"):
                seen += 1
                if file.filename == name and file.bytes == size:
                    return str(file.id)
                if seen >= MOST:
                    break
            return None

    async def delete_file(self, file_id: str) -> None:
        with self._errors():
            await self._client.files.delete(file_id)

    async def create(self, new: NewJob) -> RemoteJob:
        with self._errors():
            chosen: dict[str, Any] = {
                "validation_file": new.files.get("validation"),
                "hyperparameters": dict(new.hyperparameters) or None,
                "seed": new.seed,
                "suffix": new.suffix,
            }
            made = await self._client.fine_tuning.jobs.create(
                model=new.model,
                training_file=new.files["train"],
                metadata={MARK: new.name},
                **{key: value for key, value in chosen.items() if value is not None},
            )
            return self._read(made)

    async def find_job(self, name: str, training_file: str) -> RemoteJob | None:
        """By our name in its metadata, which not every server keeps, or by its file."""
        with self._errors():
            seen = 0
            async for one in self._client.fine_tuning.jobs.list(limit=PAGE):
                seen += 1
                job = self._read(one)
                if job.training_file == training_file or (job.metadata or {}).get(MARK) == name:
                    return job
                if seen >= MOST:
                    break
            return None

    async def job(self, job_id: str) -> RemoteJob:
        with self._errors():
            return self._read(await self._client.fine_tuning.jobs.retrieve(job_id))

    async def events(self, job_id: str) -> AsyncGenerator[RemoteEvent]:
        with self._errors():
            seen = 0
            async for one in self._client.fine_tuning.jobs.list_events(job_id, limit=PAGE):
                seen += 1
                yield RemoteEvent.model_validate(one.to_dict())
                if seen >= MOST:
                    break

    async def cancel(self, job_id: str) -> RemoteJob:
        with self._errors():
            return self._read(await self._client.fine_tuning.jobs.cancel(job_id))

    def _read(self, job: FineTuningJob) -> RemoteJob:
        """Without the key, which servers like to repeat."""
        read = RemoteJob.model_validate(job.to_dict())
        key = self._endpoint.key
        if read.error is not None and read.error.message and key is not None:
            read.error.message = scrub(read.error.message, key.get_secret_value())
        return read

    def _errors(self) -> AbstractContextManager[None]:
        return api_errors(self._endpoint.vendor.name, self._endpoint.key)
