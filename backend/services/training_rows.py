"""The rows of a dataset's split, for what prepares a training."""

from typing import Final

from backend.db.finetuning import DatasetRow, Training
from backend.repositories.paging import Slice
from backend.repositories.uow import UnitOfWork
from backend.services.progress import Progress

READ: Final = 500


async def training_rows(uow: UnitOfWork, training: Training, split: str, progress: Progress) -> list[DatasetRow]:
    """In their order."""
    found: list[DatasetRow] = []
    slice_ = Slice(READ)
    while True:
        await progress("reading", len(found), 0)
        async with uow.read(training.workspace_id) as tx:
            page, cursor = await tx.datasets.rows(training.dataset_id, slice_, split=split)
        found += page
        if cursor is None:
            return found
        slice_ = Slice(READ, cursor)
