"""What a model that answers is trained on: a dataset's rows as conversations."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from backend.datasets.formats import export
from backend.db.finetuning import Training
from backend.finetuning import METHODS
from backend.finetuning.base import CONVERSATIONS, HELD_OUT, MODELS, NOTICE, WORKSPACE
from backend.finetuning.lora_base import require_allowed
from backend.repositories.uow import UnitOfWork
from backend.services.datasets import stored_row
from backend.services.progress import Progress
from backend.services.training_outlook import TrainingOutlook
from backend.services.training_rows import training_rows
from backend.tracing.track import track

LORA: Final = "lora"


class AnswersPreparation:
    """Prepares the folder of a training with conversations. `base_models` are as in `require_allowed`."""

    def __init__(self, uow: UnitOfWork, outlook: TrainingOutlook, *, base_models: Sequence[Path] | None = None) -> None:
        self._uow = uow
        self._outlook = outlook
        self._base_models = base_models

    @track("finetune.prepare_answers")
    async def prepare(self, training: Training, folder: Path, progress: Progress) -> dict[str, JsonValue]:
        """Raises `InvalidRequest` for a base model that may not be used any more, and what keeps the training from
        beginning."""
        if training.method == LORA:  # a provider's model is no folder
            require_allowed(training.base_model, self._base_models)
        notice = await self._notice(training)
        asked = {"held_out": HELD_OUT} if training.method == LORA else {}  # nothing of it goes to a provider
        for split, name in {**CONVERSATIONS, **asked}.items():
            rows = map(stored_row, await training_rows(self._uow, training, split, progress))
            text = "".join(export(rows, "openai", with_metadata=False))
            await asyncio.to_thread((folder / name).write_text, text, encoding="utf-8")
        return {MODELS: str(self._outlook.models), WORKSPACE: str(training.workspace_id), NOTICE: notice}

    async def _notice(self, training: Training) -> str:
        found = await self._outlook.of(
            training.workspace_id,
            METHODS.get(training.method)(),
            dataset_id=training.dataset_id,
            base_model=training.base_model,
            parameters=training.parameters,
        )
        if found is None:
            return ""
        if found.obstacle is not None:
            raise found.obstacle
        return " ".join(found.warnings)
