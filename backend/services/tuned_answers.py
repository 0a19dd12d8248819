"""What a model that answers is trained on: a dataset's rows as conversations."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from backend.datasets.formats import export
from backend.db.finetuning import Training
from backend.finetuning.base import CONVERSATIONS, MODELS, WORKSPACE
from backend.finetuning.lora_base import require_allowed
from backend.repositories.uow import UnitOfWork
from backend.services.datasets import stored_row
from backend.services.progress import Progress
from backend.services.training_rows import training_rows
from backend.tracing.track import track

LORA: Final = "lora"


class AnswersPreparation:
    """Prepares the folder of a training with conversations. `models` is where base models are made; `base_models` are
    as in `require_allowed`."""

    def __init__(self, uow: UnitOfWork, *, models: Path, base_models: Sequence[Path] | None = None) -> None:
        self._uow = uow
        self._base_models = base_models
        self._models = models

    @track("finetune.prepare_answers")
    async def prepare(self, training: Training, folder: Path, progress: Progress) -> dict[str, JsonValue]:
        """Raises `InvalidRequest` for a base model that may not be used any more."""
        if training.method == LORA:  # a provider's model is no folder
            require_allowed(training.base_model, self._base_models)
        for split, name in CONVERSATIONS.items():
            rows = map(stored_row, await training_rows(self._uow, training, split, progress))
            text = "".join(export(rows, "openai", with_metadata=False))
            await asyncio.to_thread((folder / name).write_text, text, encoding="utf-8")
        return {MODELS: str(self._models), WORKSPACE: str(training.workspace_id)}
