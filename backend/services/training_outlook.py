"""What is known of a training before it begins: what it needs, and what keeps it from beginning."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from pydantic import JsonValue

from backend.datasets.checks import tokens_of
from backend.finetuning import Method
from backend.finetuning.base import LOOKED_AT, Intent, Outlook
from backend.repositories.uow import UnitOfWork
from backend.services.datasets import stored_row


class TrainingOutlook:
    """`root` is where the folders of trainings are, `models` where base models are made."""

    def __init__(self, uow: UnitOfWork, *, root: Path, models: Path) -> None:
        self._uow = uow
        self._root = root
        self.models = models

    async def of(
        self,
        workspace_id: UUID,
        method: Method,
        *,
        dataset_id: UUID,
        base_model: str,
        parameters: Mapping[str, JsonValue],
    ) -> Outlook | None:
        """None for a method that tells nothing before it begins."""
        if method.outlook is None:
            return None
        async with self._uow.read(workspace_id) as tx:
            rows = await tx.datasets.longest(dataset_id, limit=LOOKED_AT)
        longest = [tokens_of(stored_row(row)) for row in rows]
        intent = Intent(base_model, parameters, self._root, self.models, longest)
        return await asyncio.to_thread(method.outlook, intent)
