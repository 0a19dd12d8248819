"""The questions of a batch in their order: rows of a dataset's split, then those that are off topic."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID, uuid5

from backend.db.comparing import ComparisonBatch
from backend.errors import JobCancelled
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from contracts.batches import NewBatch

READ: Final = 200

T = TypeVar("T")


class BatchGone(JobCancelled):
    """What a batch compares was deleted."""


@dataclass(frozen=True, slots=True)
class BatchQuestion:
    """`id` is that of its comparison. `expected`, `row_id` and `faq_id` are those of the dataset's row."""

    ordinal: int
    id: UUID
    text: str
    is_answerable: bool
    expected: str | None = None
    row_id: UUID | None = None
    faq_id: UUID | None = None


def asked_for(batch: ComparisonBatch) -> NewBatch:
    return NewBatch.model_validate(batch.recipe)


def total_of(batch: ComparisonBatch) -> int:
    return batch.questions + len(asked_for(batch).off_topic)


async def check_batch(tx: Tx, batch_id: UUID) -> ComparisonBatch:
    """Raises `BatchGone` once its contest was deleted."""
    batch = await tx.comparisons.find_batch(batch_id)
    if batch is None:
        raise BatchGone("the contest of this batch was deleted, and the batch with it")
    return batch


async def check_there(tx: Tx, batch_id: UUID) -> ComparisonBatch:
    """The batch, if more can be asked. Raises `BatchGone` once its contest or its dataset was deleted."""
    batch = await check_batch(tx, batch_id)
    dataset = await tx.datasets.find(batch.dataset_id) if batch.dataset_id is not None else None
    if dataset is None or dataset.content_hash is None:
        raise BatchGone(
            f"the dataset {batch.dataset_name!r}, version {batch.dataset_version}, was deleted; what was compared "
            "until then is kept"
        )
    return batch


async def questions_of(uow: UnitOfWork, workspace_id: UUID, batch_id: UUID) -> AsyncGenerator[Sequence[BatchQuestion]]:
    """Some at a time. Raises as `check_there` does."""
    slice_, ordinal = Slice(READ), 0
    while True:
        async with uow.read(workspace_id) as tx:
            batch = await check_there(tx, batch_id)
            assert batch.dataset_id is not None
            new = asked_for(batch)
            rows, cursor = await tx.datasets.rows(batch.dataset_id, slice_, split=new.split)
        taken = rows[: batch.questions - ordinal]
        yield [
            BatchQuestion(at, question_id(batch_id, at), row.question, True, row.answer, row.id, row.faq_id)
            for at, row in enumerate(taken, ordinal)
        ]
        ordinal += len(taken)
        if cursor is None or ordinal == batch.questions:
            break
        slice_ = Slice(READ, cursor)
    yield [
        BatchQuestion(at, question_id(batch_id, at), text, is_answerable=False)
        for at, text in enumerate(new.off_topic, batch.questions)
    ]


def question_id(batch_id: UUID, ordinal: int) -> UUID:
    """The same for a question that is asked again after a restart."""
    return uuid5(batch_id, f"question {ordinal}")


def portions(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[first : first + size] for first in range(0, len(items), size))
