"""Datasets: begun, listed, read, exported and deleted. Their jobs make them: `dataset_making`."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from pydantic import BaseModel, ValidationError

from backend.datasets.formats import export
from backend.datasets.rows import Row, Split, provenance_from_json
from backend.db.finetuning import Dataset, DatasetRow, Training
from backend.errors import Conflict, InvalidRequest
from backend.jobs.base import JobRequest, JobRunner
from backend.parsing.sniff import clean_name
from backend.repositories.datasets import BATCH, Chosen
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.drafting import able
from backend.services.multipart import ReceivedFile
from backend.services.names import require_dataset_name
from backend.services.providers import ProviderService
from backend.services.rewording import most_tokens
from backend.services.training_folders import forget_folder, import_file
from backend.tracing.track import track
from contracts import datasets as wire
from contracts.page import Page

KIND: Final = "make_dataset"
EXPORTED: Final = 200
MOST_FAQS: Final = 20_000
"""Of these, with three paraphrases each, making takes some minutes on two cores."""


class MakePayload(BaseModel):
    dataset_id: UUID


class DatasetService:
    """Every method raises `NotFound` for a dataset of another workspace, as for one that does not exist.

    `root` is where the folders of trainings are.
    """

    def __init__(self, uow: UnitOfWork, runner: JobRunner, providers: ProviderService, *, root: Path) -> None:
        self._uow = uow
        self._runner = runner
        self._providers = providers
        self._root = root

    @track("datasets.create")
    async def create(self, principal: Principal, new: wire.NewDataset) -> wire.DatasetAccepted:
        """Raises `InvalidRequest` where no FAQ, or too many of them, would go in, for a model that cannot write
        paraphrases, and for one that could write none: none are asked for, or its budget is below one question."""
        async with self._uow(principal.workspace_id) as tx:
            await _check(tx, new.filter)
            if new.reword_by is not None:
                await able(
                    self._providers, tx, new.reword_by.provider, new.reword_by.model or "", to="write paraphrases"
                )
                await _check_rewording(tx, new, new.reword_by)
            recipe = new.model_dump(mode="json")
            return await self._begin(tx, principal, new.name, recipe=recipe, dataset_id=uuid4())

    @track("datasets.import")
    async def take(self, principal: Principal, name: str, file: ReceivedFile) -> wire.DatasetAccepted:
        """A version whose rows are those of a file, which is moved. Raises the problem that it was refused for."""
        if file.problem is not None:
            raise file.problem
        dataset_id = uuid4()
        kept = import_file(self._root, principal.workspace_id, dataset_id)
        await asyncio.to_thread(_move, file.path, kept)
        try:
            async with self._uow(principal.workspace_id) as tx:
                recipe = {"file": clean_name(file.name), "sha256": file.sha256}
                return await self._begin(tx, principal, name, recipe=recipe, dataset_id=dataset_id)
        except BaseException:
            kept.unlink(missing_ok=True)
            raise

    async def _begin(
        self, tx: Tx, principal: Principal, name: str, *, recipe: dict[str, Any], dataset_id: UUID
    ) -> wire.DatasetAccepted:
        """Raises `Conflict` for a name that reads like another."""
        await require_dataset_name(tx, name)
        version = await tx.datasets.next_version(name)
        request = JobRequest(
            kind=KIND, payload=MakePayload(dataset_id=dataset_id), title=f"{name}, version {version}", id=uuid4()
        )
        job_id = await self._runner.submit(tx, request)
        dataset = Dataset(
            id=dataset_id,
            workspace_id=principal.workspace_id,
            name=name,
            version=version,
            recipe=recipe,
            author=principal.name,
            job_id=job_id,
        )
        await tx.datasets.add(dataset)
        return wire.DatasetAccepted(dataset=to_wire(dataset), job=await tx.jobs.get(job_id))

    async def page(self, principal: Principal, slice_: Slice) -> Page[wire.Dataset]:
        """Newest first."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.datasets.page(slice_)
        return Page(items=[to_wire(row) for row in rows], next_cursor=cursor)

    async def get(self, principal: Principal, dataset_id: UUID) -> wire.Dataset:
        async with self._uow.read(principal.workspace_id) as tx:
            return to_wire(await tx.datasets.get(dataset_id))

    async def rows(
        self, principal: Principal, dataset_id: UUID, slice_: Slice, *, split: wire.SplitName | None
    ) -> Page[wire.DatasetRow]:
        """In the order of the dataset. Raises `Conflict` while it is made."""
        async with self._uow.read(principal.workspace_id) as tx:
            await frozen(tx, dataset_id)
            rows, cursor = await tx.datasets.rows(dataset_id, slice_, split=split)
        return Page(items=[row_to_wire(row) for row in rows], next_cursor=cursor)

    async def export(
        self,
        principal: Principal,
        dataset_id: UUID,
        form: wire.DatasetFormat,
        *,
        split: wire.SplitName | None,
        with_metadata: bool,
    ) -> AsyncIterator[str]:
        """The rows as text, in pages. Raises `NotFound` and `Conflict` before the first."""
        async with self._uow.read(principal.workspace_id) as tx:
            await frozen(tx, dataset_id)
        return self._written(principal, dataset_id, form, split=split, with_metadata=with_metadata)

    async def _written(
        self,
        principal: Principal,
        dataset_id: UUID,
        form: wire.DatasetFormat,
        *,
        split: wire.SplitName | None,
        with_metadata: bool,
    ) -> AsyncIterator[str]:
        slice_ = Slice(EXPORTED)
        while True:
            async with self._uow.read(principal.workspace_id) as tx:
                rows, cursor = await tx.datasets.rows(dataset_id, slice_, split=split)
            is_first, is_last = slice_.cursor is None, cursor is None
            written = export(
                map(stored_row, rows), form, with_metadata=with_metadata, is_first=is_first, is_last=is_last
            )
            yield "".join(written)
            if is_last:
                return
            slice_ = Slice(EXPORTED, cursor)

    @track("datasets.delete")
    async def delete(self, principal: Principal, dataset_id: UUID) -> None:
        """Its rows go in parts; cut short, it is left as one that is not made, and can be deleted again.

        A job that makes it ends as cancelled. Raises `Conflict` for one that a model was, or is being, trained on.
        """
        async with self._uow(principal.workspace_id) as tx:
            dataset = await tx.datasets.get(dataset_id)
            trainings = await _ended_trainings(tx, dataset)
            for training in trainings:
                await tx.tuning.remove_training(training)
            await tx.datasets.change(dataset.id, {"content_hash": None, "frozen_at": None})
        for training in trainings:
            await asyncio.to_thread(forget_folder, self._root, training)
        import_file(self._root, dataset.workspace_id, dataset.id).unlink(missing_ok=True)
        while True:
            async with self._uow(principal.workspace_id) as tx:
                if not await tx.datasets.forget_rows(dataset.id, limit=BATCH):
                    await tx.datasets.delete(dataset.id)
                    return


async def frozen(tx: Tx, dataset_id: UUID) -> Dataset:
    """The dataset, if it can be used. Raises `NotFound`, and `Conflict` while it is not made."""
    dataset = await tx.datasets.get(dataset_id)
    if dataset.content_hash is None:
        raise Conflict(
            f"the dataset {dataset.name!r}, version {dataset.version}, is not made yet; "
            f"the job {str(dataset.job_id)!r} does that, or says what went wrong"
        )
    return dataset


async def _ended_trainings(tx: Tx, dataset: Dataset) -> Sequence[Training]:
    """Those that left no model and have ended. Raises `Conflict` for any other."""
    trainings = await tx.tuning.trained_on(dataset.id)
    models = await tx.tuning.of_training([one.id for one in trainings])
    for training in trainings:
        if training.id in models:
            raise Conflict(f"the model {training.name!r} was trained on this dataset; delete the model first")
        if not (await tx.jobs.get(training.id)).status.is_final:
            raise Conflict(f"{training.name!r} is being trained on this dataset; cancel it, or wait for its end")
    return trainings


def chosen(where: wire.DatasetFilter) -> Chosen:
    return Chosen(where.document_ids, where.tags, where.since, where.until)


async def _check(tx: Tx, where: wire.DatasetFilter) -> None:
    for document_id in where.document_ids:
        await tx.documents.get(document_id)
    count = await tx.datasets.count_approved(chosen(where))
    if not count:
        raise InvalidRequest("no approved FAQ fits this choice; approve some, or choose more documents or tags")
    if count > MOST_FAQS:
        raise InvalidRequest(
            f"{count:,} approved FAQs fit this choice, at most {MOST_FAQS:,} go into a dataset; choose fewer"
        )


async def _check_rewording(tx: Tx, new: wire.NewDataset, by: wire.RewordBy) -> None:
    if not new.paraphrases:
        raise InvalidRequest(
            f"reword_by: with 0 paraphrases a model has nothing to write; ask for 1 to {wire.MOST_PARAPHRASES}, or "
            "leave the model out"
        )
    if by.budget_tokens is None:
        return
    for first in await tx.datasets.approved(chosen(new.filter), after=None, limit=1):
        least = most_tokens(first.question, first.answer, most=new.paraphrases).total
        if by.budget_tokens < least:
            raise InvalidRequest(
                f"reword_by.budget_tokens: {by.budget_tokens:,} tokens are too few for one question, which may take "
                f"{least:,}; give at least {least:,}, or no limit"
            )


def to_wire(row: Dataset) -> wire.Dataset:
    findings = [wire.DatasetFinding.model_validate(one) for one in row.findings.get("items", [])]
    return wire.Dataset(
        id=row.id,
        name=row.name,
        version=row.version,
        content_hash=row.content_hash,
        recipe=_recipe(row.recipe),
        file=row.recipe.get("file"),
        train=row.train,
        validation=row.validation,
        held_out=row.held_out,
        faqs=row.faqs,
        tokens=row.tokens,
        findings=findings,
        found=row.findings.get("counts", {}),
        errors=row.findings.get("errors", 0),
        notes=row.findings.get("notes", []),
        author=row.author,
        job_id=row.job_id,
        created_at=row.created_at,
        frozen_at=row.frozen_at,
    )


def _recipe(recipe: dict[str, Any]) -> wire.NewDataset | None:
    """None for an imported one, and one that another version asked for in another way."""
    try:
        return wire.NewDataset.model_validate(recipe)
    except ValidationError:
        return None


def stored_row(row: DatasetRow) -> Row:
    provenance = provenance_from_json(row.provenance)
    return Row(row.question, row.answer, provenance, row.system, split=Split(row.split))


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.move(source, target)


def row_to_wire(row: DatasetRow) -> wire.DatasetRow:
    return wire.DatasetRow.model_validate(
        {
            "id": row.id,
            "split": row.split,
            "origin": row.origin,
            "question": row.question,
            "answer": row.answer,
            "system": row.system,
            "source": row.provenance,
        }
    )
