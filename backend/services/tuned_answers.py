"""What a model that answers is trained on: a dataset's rows as conversations."""

import asyncio
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from backend.datasets.formats import export
from backend.datasets.rows import Row
from backend.db.finetuning import Training
from backend.finetuning.base import CONVERSATIONS, MODELS, WORKSPACE
from backend.repositories.paging import Slice
from backend.repositories.uow import UnitOfWork
from backend.services.datasets import stored_row
from backend.services.progress import Progress
from backend.tracing.track import track

READ: Final = 200


class AnswersPreparation:
    """Prepares the folder of a training with conversations. `models` is where base models are made."""

    def __init__(self, uow: UnitOfWork, *, models: Path) -> None:
        self._uow = uow
        self._models = models

    @track("finetune.prepare_answers")
    async def prepare(self, training: Training, folder: Path, progress: Progress) -> dict[str, JsonValue]:
        for split, name in CONVERSATIONS.items():
            rows = await self._rows(training, split, progress)
            text = "".join(export(rows, "openai", with_metadata=False))
            await asyncio.to_thread((folder / name).write_text, text, encoding="utf-8")
        return {MODELS: str(self._models), WORKSPACE: str(training.workspace_id)}

    async def _rows(self, training: Training, split: str, progress: Progress) -> list[Row]:
        found: list[Row] = []
        slice_ = Slice(READ)
        while True:
            await progress("reading", len(found), 0)
            async with self._uow.read(training.workspace_id) as tx:
                page, cursor = await tx.datasets.rows(training.dataset_id, slice_, split=split)
            found += map(stored_row, page)
            if cursor is None:
                return found
            slice_ = Slice(READ, cursor)
