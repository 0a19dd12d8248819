"""The part of the typed client about datasets, trainings and the models that come out."""

from typing import BinaryIO, cast
from uuid import UUID, uuid4

import httpx

from contracts.datasets import Dataset, DatasetAccepted, DatasetFormat, DatasetRow, NewDataset, SplitName
from contracts.finetuning import (
    CurvePoint,
    LearntFrom,
    NewTraining,
    Training,
    TrainingEstimate,
    TrainingMethod,
    TunedModel,
)
from contracts.jobs import Job
from contracts.page import Page
from frontend.api_calls import Calls, UploadFile, clean, parse


class TrainingApi(Calls):
    """Lists are newest first."""

    def create_dataset(self, new: NewDataset) -> DatasetAccepted:
        return self._start(DatasetAccepted, "/datasets", new)

    def import_dataset(self, name: str, file: UploadFile) -> DatasetAccepted:
        """Sends the file in pieces."""
        answer = self._send(
            "POST",
            "/datasets/import",
            params={"name": name},
            files=[("files", (file.name, cast(BinaryIO, file), file.type))],
            headers={"Idempotency-Key": str(uuid4())},
            timeout=httpx.Timeout(600, connect=3),
        )
        return parse(DatasetAccepted, answer)

    def datasets(self, *, limit: int = 200) -> Page[Dataset]:
        return self._get(Page[Dataset], "/datasets", {"limit": limit})

    def dataset(self, dataset_id: UUID) -> Dataset:
        return self._get(Dataset, f"/datasets/{dataset_id}")

    def dataset_rows(
        self, dataset_id: UUID, *, split: SplitName | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[DatasetRow]:
        """In the order of the dataset."""
        params = {"split": split, "limit": limit, "cursor": cursor}
        return self._get(Page[DatasetRow], f"/datasets/{dataset_id}/rows", params)

    def export_dataset(self, dataset_id: UUID, form: DatasetFormat, *, metadata: bool) -> bytes:
        params = clean({"format": form, "metadata": str(metadata).lower()})
        return self._send("GET", f"/datasets/{dataset_id}/export", params=params).content

    def delete_dataset(self, dataset_id: UUID) -> None:
        self._send("DELETE", f"/datasets/{dataset_id}")

    def training_methods(self) -> list[TrainingMethod]:
        return self._get(list[TrainingMethod], "/finetune/methods")

    def train(self, new: NewTraining) -> Job:
        """The job's id is the training's."""
        return self._start(Job, "/finetune", new)

    def training_estimate(self, new: NewTraining) -> TrainingEstimate:
        """What it would read and cost; nothing is started."""
        return self._write("POST", TrainingEstimate, "/finetune/estimate", new)

    def trainings(self, *, limit: int = 200) -> Page[Training]:
        return self._get(Page[Training], "/finetune", {"limit": limit})

    def training(self, training_id: UUID) -> Training:
        return self._get(Training, f"/finetune/{training_id}")

    def training_points(self, training_id: UUID) -> list[CurvePoint]:
        """By step."""
        return self._get(list[CurvePoint], f"/finetune/{training_id}/points")

    def cancel_training(self, training_id: UUID) -> Job:
        return self._start(Job, f"/finetune/{training_id}/cancel")

    def tuned_models(self, *, limit: int = 200) -> Page[TunedModel]:
        return self._get(Page[TunedModel], "/models", {"limit": limit})

    def tuned_model(self, model_id: UUID) -> TunedModel:
        return self._get(TunedModel, f"/models/{model_id}")

    def learnt_from(self, model_id: UUID, *, limit: int = 50, cursor: str | None = None) -> Page[LearntFrom]:
        return self._get(Page[LearntFrom], f"/models/{model_id}/learnt-from", {"limit": limit, "cursor": cursor})

    def delete_model(self, model_id: UUID) -> None:
        self._send("DELETE", f"/models/{model_id}")
