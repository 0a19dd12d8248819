"""A training's files and job at a server, made once each: what may be there after a crash is looked for first."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import httpx2

from backend.agents.providers.endpoint import noting_responses
from backend.errors import (
    InvalidRequest,
    ProviderAuthFailed,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnreachable,
    RemoteTrainingFailed,
)
from backend.finetuning.base import CONVERSATIONS, TrainingOrder
from backend.finetuning.remote_options import RemoteOptions
from backend.finetuning.remote_server import Server, if_there
from backend.finetuning.remote_wire import FineTuningApi, NewJob, NotThere, RemoteJob

T = TypeVar("T")

PATIENCE: Final = 1800.0
"""Seconds that a server may fail before there is a job."""
_NONE_MADE: Final = (ProviderRateLimited, ProviderUnreachable, ProviderAuthFailed, ProviderRejected)
"""Failures that say that no job was created."""


@dataclass(frozen=True, slots=True)
class Start:
    """Each method goes on from what the journal says, and writes down before and after what it does."""

    order: TrainingOrder
    options: RemoteOptions
    server: Server

    async def upload(self) -> None:
        """Raises `InvalidRequest` where there is nothing to train on."""
        journal = self.server.journal
        for split, file in CONVERSATIONS.items():
            path = self.order.folder / file
            journal.rows[split] = await asyncio.to_thread(_rows, path)
            if split == "train" and not journal.rows[split]:
                raise InvalidRequest("the dataset has no row to train on; make another version of it")
            if split not in journal.files and journal.rows[split]:
                await self._upload(split, path)

    async def _upload(self, split: str, path: Path) -> None:
        server, journal = self.server, self.server.journal

        async def sent(api: FineTuningApi) -> str:
            found = await self.sent_before(api) if journal.sending == split else None
            if found is None:
                journal.sending = split
                server.save()
                found = await self._sent(api, path, split)
            return found

        journal.files[split] = await server.ask(sent, patience=PATIENCE)
        journal.sending = None
        server.save()

    async def _sent(self, api: FineTuningApi, path: Path, split: str) -> str:
        """Where the server was not reached, nothing of the file can be there."""
        answers: list[httpx2.Response] = []
        try:
            with noting_responses(answers):
                return await _known(api, api.upload(path, self._file_name(split)))
        except ProviderUnreachable:
            if not answers:
                self.server.journal.sending = None
                self.server.save()
            raise

    async def sent_before(self, api: FineTuningApi) -> str | None:
        """The file whose upload was begun and not seen to its end, where it is there."""
        split = self.server.journal.sending
        if split is None:
            return None
        size = (self.order.folder / CONVERSATIONS[split]).stat().st_size
        return await if_there(api.find_file(self._file_name(split), size))

    async def create(self) -> None:
        """Raises `ProviderRejected` with what the server says."""
        job = await self.server.ask(self._created, patience=PATIENCE)
        self.server.journal.job_id, self.server.journal.is_creating = job.id, False
        self.server.save()

    async def _created(self, api: FineTuningApi) -> RemoteJob:
        server, journal = self.server, self.server.journal
        found = await self.created_before(api)
        if found is not None:
            return found
        journal.is_creating = True
        server.save()
        try:
            return await _known(api, api.create(self._new()))
        except _NONE_MADE:
            journal.is_creating = False
            server.save()
            raise

    async def created_before(self, api: FineTuningApi) -> RemoteJob | None:
        """The job whose creation was begun and not seen to its end, where it is there.

        Raises `RemoteTrainingFailed` for a server that cannot tell: two jobs would cost twice.
        """
        journal = self.server.journal
        if not journal.is_creating:
            return None
        try:
            return await api.find_job(journal.name(self.order.folder), journal.files["train"])
        except NotThere as exc:
            raise RemoteTrainingFailed(
                f"whether {self.server.where} began the training is not known, since it lists no jobs; look there, end "
                "what runs, and begin another training"
            ) from exc

    def _new(self) -> NewJob:
        options, journal = self.options, self.server.journal
        return NewJob(
            journal.name(self.order.folder),
            self.order.base_model,
            dict(journal.files),
            options.hyperparameters,
            options.seed,
            options.suffix,
        )

    def _file_name(self, split: str) -> str:
        return f"{self.server.journal.name(self.order.folder)}-{split}.jsonl"


async def _known(api: FineTuningApi, asked: Awaitable[T]) -> T:
    """Raises `ProviderRejected` for a server that does not train, or not like this."""
    try:
        return await asked
    except NotThere as exc:
        raise ProviderRejected(f"{api.base_url} has no fine-tuning like {api.like}, or no such model: {exc}") from exc


def _rows(path: Path) -> int:
    if not path.exists():
        return 0
    with path.open(encoding="utf-8") as lines:
        return sum(1 for line in lines if line.strip())
