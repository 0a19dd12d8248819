"""The step of a `make_dataset` job: approved FAQs become rows in splits, with paraphrases, checked and frozen.

It may be repeated: rows of an attempt that was cut short are removed first, and what is frozen stays as it is.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

import numpy as np
from pydantic import BaseModel

from backend.datasets.checks import Finding, Report, Terms, check
from backend.datasets.formats import read
from backend.datasets.nearness import Item
from backend.datasets.rephrasing import HELD_OUT_RULES, TRAINING_RULES, reworded
from backend.datasets.rows import (
    Example,
    FaqSource,
    Provenance,
    Row,
    Split,
    content_hash,
    provenance_to_json,
)
from backend.datasets.splits import Fractions, split
from backend.db.finetuning import Dataset
from backend.db.models import Faq, utc_now
from backend.embeddings.base import Embedder, Vectors
from backend.errors import JobCancelled, UnreadableDataset
from backend.faqs.dedup import question_key
from backend.repositories.datasets import BATCH
from backend.repositories.uow import Tx, UnitOfWork
from backend.services.datasets import chosen
from backend.services.rewording import ModelRewording, Wordings, written
from backend.services.training_folders import import_file
from backend.tracing.track import track
from contracts import datasets as wire

EMBEDDED: Final = 256
"""Questions embedded at once."""
ROW_TOKENS: Final = 2_048
"""What a row may have before it is called too long: the context of the smallest models that are tuned here."""
KEPT_FINDINGS: Final = 200
NAMED_ROWS: Final = 20

Stage = Literal["collecting", "embedding", "rewording", "checking", "storing"]
Progress = Callable[[Stage, int, int], Awaitable[None]]
"""Awaited with what is done of a stage and all of it; raises when the job is cancelled."""


class Made(BaseModel):
    """A dataset's counts: the job's result."""

    dataset_id: UUID
    rows: int
    errors: int


@dataclass(frozen=True, slots=True)
class _Sources:
    """Examples, the group of the review that each is in, and the split that it is in already or is to be in.

    `before` is by the source of an item, `told` by the place of an example: what an imported file says.
    """

    examples: list[Example]
    groups: list[UUID | None]
    before: dict[UUID, Split] = field(default_factory=dict)
    told: list[Split] | None = None


class DatasetMaking:
    """`root` is where imported files wait."""

    def __init__(self, uow: UnitOfWork, embedder: Embedder, rewording: ModelRewording, *, root: Path) -> None:
        self._uow = uow
        self._embedder = embedder
        self._rewording = rewording
        self._root = root

    @track("datasets.make")
    async def make(self, workspace_id: UUID, dataset_id: UUID, progress: Progress) -> Made:
        """Raises `JobCancelled` for a dataset that was deleted, and `InvalidRequest` for FAQs that cannot be split."""
        async with self._uow.read(workspace_id) as tx:
            dataset = await _alive(tx, dataset_id)
        if dataset.content_hash is not None:
            return _made(dataset)
        await self._forget(dataset)
        recipe, sources = await self._sources(dataset, progress)
        vectors = await self._embed([one.question for one in sources.examples], progress)
        wordings = await self._wordings(dataset, recipe, sources, progress)
        rows, places = await asyncio.to_thread(_in_splits, sources, vectors, recipe, wordings)
        await progress("checking", 0, len(rows))
        # A paraphrase means what its question means: two of one rule are near by their form alone.
        groups = [sources.groups[place] for place in places]
        report = await asyncio.to_thread(check, rows, vectors[places], Terms(ROW_TOKENS), groups=groups)
        await self._store(dataset, rows, progress)
        return await self._freeze(dataset, rows, report, wordings.notes)

    async def _wordings(
        self, dataset: Dataset, recipe: wire.NewDataset, sources: _Sources, progress: Progress
    ) -> Wordings:
        if recipe.reword_by is None or not recipe.paraphrases:
            return Wordings()

        async def step(done: int, total: int) -> None:
            await progress("rewording", done, total)

        return await self._rewording.wordings(
            dataset, recipe.reword_by, sources.examples, most=recipe.paraphrases, step=step
        )

    async def _forget(self, dataset: Dataset) -> None:
        while True:
            async with self._uow(dataset.workspace_id) as tx:
                if not await tx.datasets.forget_rows(dataset.id, limit=BATCH):
                    return

    async def _sources(self, dataset: Dataset, progress: Progress) -> tuple[wire.NewDataset, _Sources]:
        """What goes in, and how. Raises `UnreadableDataset` for a file."""
        if "file" not in dataset.recipe:
            recipe = wire.NewDataset.model_validate(dataset.recipe)
            return recipe, await self._collect(dataset, recipe, progress)
        path = import_file(self._root, dataset.workspace_id, dataset.id)
        await progress("collecting", 0, 0)
        sources = await asyncio.to_thread(_from_file, path, dataset.recipe["file"])
        return wire.NewDataset(name=dataset.name, paraphrases=0), sources

    async def _collect(self, dataset: Dataset, recipe: wire.NewDataset, progress: Progress) -> _Sources:
        where = chosen(recipe.filter)
        async with self._uow.read(dataset.workspace_id) as tx:
            total = await tx.datasets.count_approved(where)
            earlier = await tx.datasets.frozen_before(dataset)
            before = await tx.datasets.splits_of(earlier.id) if earlier is not None else {}
        found = _Sources([], [], before={faq_id: Split(name) for faq_id, name in before.items()})
        after: UUID | None = None
        while True:
            await progress("collecting", len(found.examples), total)
            async with self._uow.read(dataset.workspace_id) as tx:
                faqs = await tx.datasets.approved(where, after=after)
            if not faqs:
                return found
            found.examples.extend(_example(faq, recipe.system) for faq in faqs)
            found.groups.extend(faq.group_id for faq in faqs)
            after = faqs[-1].id

    async def _embed(self, texts: Sequence[str], progress: Progress) -> Vectors:
        """float32[n, d]; each text once."""
        distinct = list(dict.fromkeys(texts))
        parts: list[Vectors] = []
        for first in range(0, len(distinct), EMBEDDED):
            await progress("embedding", first, len(distinct))
            parts.append(await self._embedder.embed(distinct[first : first + EMBEDDED], kind="query"))
        rows = {text: at for at, text in enumerate(distinct)}
        made = np.concatenate(parts) if parts else np.empty((0, self._embedder.spec.dimension), np.float32)
        return np.asarray(made[[rows[text] for text in texts]], dtype=np.float32)

    async def _store(self, dataset: Dataset, rows: Sequence[Row], progress: Progress) -> None:
        for first in range(0, len(rows), BATCH):
            await progress("storing", first, len(rows))
            values = [_values(dataset, at, row) for at, row in enumerate(rows[first : first + BATCH], first)]
            async with self._uow(dataset.workspace_id) as tx:
                await _alive(tx, dataset.id)
                await tx.datasets.put_rows(values)

    async def _freeze(self, dataset: Dataset, rows: Sequence[Row], report: Report, notes: Sequence[str]) -> Made:
        fingerprint = await asyncio.to_thread(content_hash, rows)
        values = {
            "content_hash": fingerprint,
            "frozen_at": utc_now(),
            "tokens": report.tokens,
            "findings": {**_kept(report.findings), "notes": list(notes)},
            "faqs": len({row.provenance.source for row in rows}),
            **{one.value: report.rows[one] for one in Split},
        }
        async with self._uow(dataset.workspace_id) as tx:
            await _alive(tx, dataset.id)
            await tx.datasets.change(dataset.id, values)
            await tx.datasets.forget_wordings(dataset.id)
            made = _made(await tx.datasets.get(dataset.id))
        import_file(self._root, dataset.workspace_id, dataset.id).unlink(missing_ok=True)
        return made


async def _alive(tx: Tx, dataset_id: UUID) -> Dataset:
    dataset = await tx.datasets.find(dataset_id)
    if dataset is None:
        raise JobCancelled("the dataset was deleted")
    return dataset


def _made(dataset: Dataset) -> Made:
    rows = dataset.train + dataset.validation + dataset.held_out
    return Made(dataset_id=dataset.id, rows=rows, errors=dataset.findings.get("errors", 0))


def _example(faq: Faq, system: str | None) -> Example:
    source = FaqSource(faq.id, faq.revision, faq.document_id, faq.section_title or "", faq.page)
    return Example(faq.question, faq.answer, Provenance(source), system)


def _from_file(path: Path, name: str) -> _Sources:
    """The file's rows; where all of them say their split, in that one. One that is there twice is read once."""
    if not path.exists():
        raise UnreadableDataset(f"the file {name!r} is gone; import it again")
    read_rows = list({one.example.id: one for one in read(path, name)}.values())
    told = [one.split for one in read_rows if one.split is not None]
    examples = [one.example for one in read_rows]
    return _Sources(examples, [None] * len(examples), told=told if len(told) == len(examples) else None)


def _in_splits(
    sources: _Sources, vectors: Vectors, recipe: wire.NewDataset, wordings: Wordings
) -> tuple[list[Row], list[int]]:
    """Rows by split and within it by FAQ, each followed by its paraphrases; and the place of each one's FAQ."""
    splits = _told(sources) or _split(sources, vectors, recipe)
    taken = {question_key(example.question) for example in sources.examples}
    rows: list[Row] = []
    places: list[int] = []
    for wanted in Split:
        rules = TRAINING_RULES if wanted is Split.TRAIN else HELD_OUT_RULES
        for place, example in enumerate(sources.examples):
            if splits[example.id] is not wanted:
                continue
            by_model = list(written(example, wordings, taken))
            rest = recipe.paraphrases - len(by_model)
            said = {one.question.casefold() for one in by_model}
            by_rule = [
                one for one in reworded(example, rules, most=rest, taken=taken) if one.question.casefold() not in said
            ]
            made = [example, *by_model, *by_rule]
            rows.extend(one.in_split(wanted) for one in made)
            places.extend([place] * len(made))
    return rows, places


def _told(sources: _Sources) -> dict[UUID, Split] | None:
    if sources.told is None:
        return None
    return {example.id: split for example, split in zip(sources.examples, sources.told, strict=True)}


def _split(sources: _Sources, vectors: Vectors, recipe: wire.NewDataset) -> Mapping[UUID, Split]:
    items = [Item.of(example, group) for example, group in zip(sources.examples, sources.groups, strict=True)]
    given = recipe.fractions
    fractions = Fractions(given.train, given.validation, given.held_out)
    return split(items, vectors, fractions=fractions, seed=recipe.seed, before=sources.before).splits


def _values(dataset: Dataset, ordinal: int, row: Row) -> dict[str, Any]:
    source = row.provenance.source
    return {
        "dataset_id": dataset.id,
        "workspace_id": dataset.workspace_id,
        "ordinal": ordinal,
        "id": row.id,
        "split": row.split.value,
        "origin": row.origin,
        "question": row.question,
        "answer": row.answer,
        "system": row.system,
        "faq_id": source.faq_id if isinstance(source, FaqSource) else None,
        "provenance": provenance_to_json(row.provenance),
    }


def _kept(findings: Iterable[Finding]) -> dict[str, Any]:
    """The errors first, then the others, as many as a page can use; all of them are counted."""
    ordered = sorted(findings, key=lambda one: one.severity != "error")
    items = [
        {
            "code": one.code,
            "severity": one.severity,
            "rows": [str(row) for row in one.rows[:NAMED_ROWS]],
            "text": one.text,
        }
        for one in ordered[:KEPT_FINDINGS]
    ]
    counts = Counter(one.code for one in ordered)
    return {"items": items, "counts": dict(counts), "errors": sum(one.severity == "error" for one in ordered)}
