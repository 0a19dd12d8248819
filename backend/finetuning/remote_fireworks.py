"""Fireworks' fine-tuning API: rows become a dataset of the key's account, and a job is created under an id of ours.

Sources: Fireworks' Python SDK 1.2.30 (`fireworks-ai`), which is made from its OpenAPI description: `accounts`,
`datasets` and `supervised_fine_tuning_jobs`, each in `resources` and `types`. At https://docs.fireworks.ai/fine-tuning,
`fine-tuning-via-api` for the upload, `fine-tuning-models` for what a job takes and `deploying-loras` for how its model
is asked. For the file of figures github.com/fw-ai/cookbook, `training/utils/runner.py` and `recipes/sft_loop.py`.
"""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, Final

import httpx2

from backend.agents.providers.config import HttpClientFactory
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.vendor_errors import scrub
from backend.errors import ProviderRejected, ProviderUnavailable
from backend.finetuning.remote_fireworks_wire import AccountList, Dataset, Job, Uploaded, events_of
from backend.finetuning.remote_http import HttpApi, Read
from backend.finetuning.remote_wire import MOST, NewJob, RemoteEvent, RemoteJob

DATASETS: Final = "datasets"
JOBS: Final = "supervisedFineTuningJobs"
BASES: Final = "accounts/fireworks/models"
TAKES: Final = {"n_epochs": "epochs", "batch_size": "batchSizeSamples"}
"""Hyperparameters that mean the same there, and their names."""
READY: Final = "READY"
MIB: Final = 1024 * 1024
LARGEST: Final = 150
"""MiB that a file may have which is sent in one piece."""
LONGEST_ID: Final = 63
LOOKS: Final = 60
PAUSE: Final = 2.0
"""Seconds between the looks at whether an upload was read."""


class FireworksFineTuning(HttpApi):
    """Implements `FineTuningApi`. Ids are whole names, as `accounts/<account>/datasets/<id>`.

    The API of accounts is beside that of models, which the provider's URL is of.
    """

    like = "Fireworks'"

    def __init__(self, client: httpx2.AsyncClient, endpoint: Endpoint, http: HttpClientFactory) -> None:
        super().__init__(client, endpoint, http, f"{endpoint.root('/inference/v1', '/v1')}/v1")
        self._figures_at: dict[str, str | None] = {}

    # --- files --------------------------------------------------------------------
    async def upload(self, path: Path, name: str) -> str:
        content = await asyncio.to_thread(path.read_bytes)
        if len(content) >= LARGEST * MIB:
            raise ProviderRejected(
                f"{name!r} has {len(content) // MIB} MB, and {self._name!r} takes less than {LARGEST} MB in one piece; "
                "train on fewer rows"
            )
        with self._errors():
            dataset = await self._dataset(name)
            await self._announce(dataset, rows=content.count(b"\n"))
            sent = await self._client.post(self._at(f"{dataset}:upload"), files={"file": (name, content)})
            self._read_of(Uploaded, sent)
            await self._until_read(dataset)
            return dataset

    async def _announce(self, dataset: str, *, rows: int) -> None:
        """One that is there already was not sent to its end: the rows replace what it has."""
        parent, _, dataset_id = dataset.rpartition("/")
        told = {"displayName": dataset_id, "format": "CHAT", "exampleCount": str(rows), "userUploaded": {}}
        answer = await self._client.post(self._at(parent), json={"datasetId": dataset_id, "dataset": told})
        if answer.status_code != httpx2.codes.CONFLICT:
            self._check(answer)

    async def _until_read(self, dataset: str) -> None:
        for _ in range(LOOKS):
            found = await self._read_at(Dataset, dataset)
            if found.state == READY:
                return
            if found.status.code != "OK":
                said = scrub(found.status.message or found.status.code, self._secret)
                raise ProviderRejected(f"{self._name!r} cannot use the rows: {said}; correct them, and train again")
            await asyncio.sleep(PAUSE)
        raise ProviderUnavailable(f"{self._name!r} has the rows and does not make them ready; they are sent again")

    async def find_file(self, name: str, size: int) -> str | None:  # noqa: ARG002 - it tells no sizes
        """One that was not sent to its end is removed, so that nothing of it stays."""
        with self._errors():
            dataset = await self._dataset(name)
            if (await self._read_at(Dataset, dataset)).state == READY:
                return dataset
            await self._remove(dataset)
            return None

    async def delete_file(self, file_id: str) -> None:
        with self._errors():
            await self._remove(file_id)

    async def _remove(self, dataset: str) -> None:
        self._check(await self._client.delete(self._at(dataset)))

    # --- jobs ----------------------------------------------------------------------
    async def create(self, new: NewJob) -> RemoteJob:
        """A second one of the same name is refused there, and the first one is what was asked for.

        It validates with the rows that are for that, or with none: by itself it would take some to learn from.
        """
        asked = {*new.hyperparameters, *(() if new.seed is None else ("seed",))}
        unknown = sorted(asked - set(TAKES))
        if unknown:
            raise ProviderRejected(f"{self._name!r} has no {unknown[0]!r}; train again without it")
        with self._errors():
            account = await self._account()
            body: dict[str, Any] = {
                "displayName": new.name,
                "baseModel": new.model if "/" in new.model else f"{BASES}/{new.model}",
                "outputModel": f"{account}/models/{_model_id(new)}",
                "dataset": new.files["train"],
                "evalAutoCarveout": False,
                **{TAKES[name]: value for name, value in new.hyperparameters.items()},
            }
            if (validation := new.files.get("validation")) is not None:
                body["evaluationDataset"] = validation
            named = {"supervisedFineTuningJobId": new.name}
            answer = await self._client.post(self._at(f"{account}/{JOBS}"), json=body, params=named)
            if answer.status_code == httpx2.codes.CONFLICT:
                return await self._job(f"{account}/{JOBS}/{new.name}")
            return self._told(self._read_of(Job, answer))

    async def find_job(self, name: str, training_file: str) -> RemoteJob | None:
        """By its id, which is our name."""
        account, _, _ = training_file.partition(f"/{DATASETS}/")
        with self._errors():
            answer = await self._client.get(self._at(f"{account}/{JOBS}/{name}"))
            if answer.status_code == httpx2.codes.NOT_FOUND:
                return None
            return self._told(self._read_of(Job, answer))

    async def job(self, job_id: str) -> RemoteJob:
        with self._errors():
            return await self._job(job_id)

    async def _job(self, job_id: str) -> RemoteJob:
        return self._told(await self._read_at(Job, job_id))

    def _told(self, job: Job) -> RemoteJob:
        """Without the key, which servers like to repeat."""
        self._figures_at[job.name] = job.figures
        told = job.remote()
        if told.error is not None and told.error.message:
            told.error.message = scrub(told.error.message, self._secret)
        return told

    async def events(self, job_id: str) -> AsyncGenerator[RemoteEvent]:
        """None before the first step: the job has no URL for them, or nothing is there."""
        with self._errors():
            if job_id not in self._figures_at:
                await self._job(job_id)
            place = self._figures_at[job_id]
            figures = events_of(await self._figures(httpx2.URL(self.base_url).join(place))) if place else []
            for one in figures[: -MOST - 1 : -1]:
                yield one

    async def _figures(self, place: httpx2.URL) -> str:
        async with self._elsewhere(place, "keeps the figures of its steps") as storage:
            answer = await storage.get(place)
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return ""
        if not answer.is_success:
            raise ProviderUnavailable(
                f"{place.host!r}, where {self._name!r} keeps the figures of its steps, answers {answer.status_code}"
            )
        return answer.text

    async def cancel(self, job_id: str) -> RemoteJob:
        with self._errors():
            self._check(await self._client.post(self._at(f"{job_id}:cancel"), json={}))
            return await self._job(job_id)

    # --- names ----------------------------------------------------------------------
    async def _account(self) -> str:
        """As `accounts/<id>`. Raises `ProviderRejected` for a key that is of none, or of more than one."""
        listed = await self._read_at(AccountList, "accounts")
        names = [one.name for one in listed.accounts]
        if len(names) != 1:
            found = ", ".join(names) or "none"
            raise ProviderRejected(
                f"{self._name!r} trains in an account, and the key has to be of exactly one (it is of: {found}); make "
                "a key there for a service account, which is of one, and enter it in Settings"
            )
        return names[0]

    async def _dataset(self, name: str) -> str:
        return f"{await self._account()}/{DATASETS}/{name.removesuffix('.jsonl')}"

    def _at(self, name: str) -> str:
        return self._url(*name.split("/"))

    async def _read_at(self, kind: type[Read], name: str) -> Read:
        return await self._read(kind, "GET", *name.split("/"))


def _model_id(new: NewJob) -> str:
    """Lower-case letters, digits and hyphens, at most 63, as every id there; it ends with the suffix, or its start."""
    suffix = (new.suffix or "").lower().replace("_", "-").strip("-")
    return f"{new.name}-{suffix}"[:LONGEST_ID].rstrip("-")
