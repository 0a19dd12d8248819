"""What tuned retrieval is trained on: a collection's items as the search scores them, and questions of a dataset."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
from pydantic import JsonValue

from backend.db.finetuning import DatasetRow, Training
from backend.db.models import Collection, Faq
from backend.embeddings.base import Embedder, Embedders, Vectors
from backend.errors import InvalidRequest
from backend.faqs.answers import sentences
from backend.finetuning.adapter import Items, Questions, Rows
from backend.finetuning.adapter_task import SPLITS, save_input
from backend.finetuning.base import SPEC_KEY
from backend.repositories.documents import PassageRow
from backend.repositories.paging import Slice
from backend.repositories.point_log import embedding_spec
from backend.repositories.uow import UnitOfWork
from backend.retrieval.base import Span
from backend.retrieval.searcher import MOSTLY
from backend.retrieval.views import DEFAULT_RANKING, Ranking, is_question
from backend.services.progress import Progress
from backend.tracing.track import track

READ: Final = 500
EMBEDDED: Final = 256
OF_ANSWER: Final = 3
OF_PASSAGE: Final = 2
"""Sentences of an answer, and of a passage, that are asked for as if they were questions."""
MOST_SENTENCES: Final = 20_000
"""Of passages: to embed them takes half a minute on two cores."""
VALIDATED: Final = 10
SENTENCE: Final = (30, 200)
"""Characters of such a sentence."""

Asked = list[tuple[str, UUID]]
"""Questions, each with the item that answers it."""


@dataclass(slots=True)
class _Knowledge:
    """The items of a collection: what each is compared by, and where its words stand."""

    vectors: dict[UUID, Vectors] = field(default_factory=dict)
    faqs: dict[UUID, Span] = field(default_factory=dict)
    passages: dict[UUID, Span] = field(default_factory=dict)
    groups: dict[UUID, UUID] = field(default_factory=dict)
    sentences: dict[UUID, list[str]] = field(default_factory=dict)
    """Of passages."""


class RetrievalPreparation:
    """Prepares the folder of an `adapter` training."""

    def __init__(self, uow: UnitOfWork, embedders: Embedders, *, ranking: Ranking = DEFAULT_RANKING) -> None:
        self._uow = uow
        self._embedders = embedders
        self._ranking = ranking

    @track("finetune.prepare_retrieval")
    async def prepare(self, training: Training, folder: Path, progress: Progress) -> dict[str, JsonValue]:
        """Gives the key of the collection's embedding model.

        Raises `InvalidRequest` where nothing of the dataset is in the collection, and what the embedder raises.
        """
        if training.collection_id is None:
            raise InvalidRequest("the collection that retrieval was to be tuned for is gone; choose another one")
        async with self._uow.read(training.workspace_id) as tx:
            collection = await tx.collections.get(training.collection_id)
        spec = embedding_spec(collection.spec)
        embedder = await self._embedders.of(training.workspace_id, spec)
        known = await self._knowledge(collection, progress)
        place = {id: at for at, id in enumerate(known.vectors)}
        asked_of = {split: await self._asked(training, split, place.keys()) for split in SPLITS}
        if not asked_of["train"]:
            raise InvalidRequest(
                f"none of the dataset's FAQs is in the collection {collection.name!r}, so there is nothing to tune its "
                "retrieval with; wait until it is up to date, or choose the collection that has them"
            )
        items = Items(np.stack(list(known.vectors.values())), _alike(known))
        for split, asked in _of_documents(known, items, place, asked_of).items():
            asked_of[split] += asked
        questions: dict[str, Questions] = {}
        for split, asked in asked_of.items():
            texts = [text for text, _ in asked]
            vectors = await self._embed(embedder, texts, progress)
            questions[split] = Questions(vectors, np.array([place[faq_id] for _, faq_id in asked], dtype=np.int64))
        await asyncio.to_thread(save_input, folder, questions, items)
        return {SPEC_KEY: spec.key}

    # --- items -----------------------------------------------------------------
    async def _knowledge(self, collection: Collection, progress: Progress) -> _Knowledge:
        known = _Knowledge()
        views, sources = await self._views(collection, progress)
        ids = list(views)
        for first in range(0, len(ids), READ):
            some = ids[first : first + READ]
            async with self._uow.read(collection.workspace_id) as tx:
                faqs = await tx.faqs.find_all([id for id in some if sources[id] == "faq"])
                passages = await tx.documents.passages([id for id in some if sources[id] == "passage"])
            for faq in faqs:
                self._add_faq(known, faq, views[faq.id])
            for passage in passages:
                self._add_passage(known, passage, views[passage.id])
            await progress("reading", first + len(some), len(ids))
        return known

    async def _views(
        self, collection: Collection, progress: Progress
    ) -> tuple[dict[UUID, dict[str, Vectors]], dict[UUID, str]]:
        """The vectors of each item's views, and whether it is a FAQ or a passage."""
        views: dict[UUID, dict[str, Vectors]] = defaultdict(dict)
        sources: dict[UUID, str] = {}
        after = (-1, -1)
        while True:
            await progress("reading", 0, 0)
            async with self._uow.read(collection.workspace_id) as tx:
                rows = await tx.collections.changed_points(
                    collection, collection.spec["key"], after=after, limit=READ * 2
                )
            if not rows:
                return views, sources
            for point, vector in rows:
                if not point.deleted and vector is not None:
                    views[point.item_id][point.view] = np.frombuffer(vector, dtype="<f4")
                    sources[point.item_id] = point.source
            after = (rows[-1][0].seq, rows[-1][0].key)

    def _add_faq(self, known: _Knowledge, faq: Faq, views: Mapping[str, Vectors]) -> None:
        known.vectors[faq.id] = self._compared(views, faq.question)
        if faq.section_id is not None and faq.start is not None and faq.end is not None:
            known.faqs[faq.id] = Span(faq.section_id, faq.start, faq.end)
        if faq.group_id is not None:
            known.groups[faq.id] = faq.group_id

    def _add_passage(self, known: _Knowledge, passage: PassageRow, views: Mapping[str, Vectors]) -> None:
        title = passage.title_path[-1] if passage.title_path else ""
        known.vectors[passage.id] = self._compared(views, title)
        known.passages[passage.id] = Span(passage.section_id, passage.start, passage.end)
        known.sentences[passage.id] = _spread(passage.text[passage.start : passage.end], OF_PASSAGE)

    def _compared(self, views: Mapping[str, Vectors], title: str) -> Vectors:
        """The weighted sum of the views, float32[d]: a question's cosine with it is the item's score."""
        head, full = views.get("head"), views.get("full")
        if head is None or full is None:
            return next(vector for vector in (full, head) if vector is not None)
        weight = self._ranking.question_head if is_question(title) else self._ranking.noun_head
        return np.asarray(weight * head + (1 - weight) * full, dtype=np.float32)

    # --- questions ---------------------------------------------------------------
    async def _asked(self, training: Training, split: str, items: Iterable[UUID]) -> Asked:
        """Questions with the FAQ that answers each; only of FAQs that the collection has."""
        there = set(items)
        rows: list[DatasetRow] = []
        slice_ = Slice(READ)
        while True:
            async with self._uow.read(training.workspace_id) as tx:
                page, cursor = await tx.datasets.rows(training.dataset_id, slice_, split=split)
            rows += [row for row in page if row.faq_id in there]
            if cursor is None:
                break
            slice_ = Slice(READ, cursor)
        asked = [(row.question, row.faq_id) for row in rows if row.origin == "paraphrase" and row.faq_id is not None]
        if split != "held_out":
            asked += _sentences(rows)
        return asked or [(row.question, row.faq_id) for row in rows if row.faq_id is not None]

    async def _embed(self, embedder: Embedder, texts: Sequence[str], progress: Progress) -> Vectors:
        parts: list[Vectors] = []
        for first in range(0, len(texts), EMBEDDED):
            await progress("embedding", first, len(texts))
            parts.append(await embedder.embed(texts[first : first + EMBEDDED], kind="query"))
        return np.concatenate(parts) if parts else np.empty((0, embedder.spec.dimension), np.float32)


def _sentences(rows: Sequence[DatasetRow]) -> Asked:
    """Of each FAQ's answer, spread over it. What teaches most: see `finetuning/adapter.py`."""
    answers = {row.faq_id: row.answer for row in rows if row.faq_id is not None}
    return [(sentence, faq_id) for faq_id, answer in answers.items() for sentence in _spread(answer, OF_ANSWER)]


def _spread(text: str, most: int) -> list[str]:
    """At most so many sentences that may stand for a question, spread over the text."""
    fitting = [one for one in sentences(text) if SENTENCE[0] <= len(one) <= SENTENCE[1]]
    return fitting[:: max(1, -(-len(fitting) // most))]


def _of_documents(
    known: _Knowledge, items: Items, place: Mapping[UUID, int], asked_of: Mapping[str, Asked]
) -> dict[str, Asked]:
    """Sentences of the collection's passages, each asked for its own: without them questions are drawn to FAQs alone.

    What says the same as a FAQ of the dataset is left out: it is learnt, or held out, with that FAQ. One passage in ten
    is for validation. Of very many passages some are taken, the same each time.
    """
    of_dataset = {int(items.alike[place[faq_id]]) for asked in asked_of.values() for _, faq_id in asked}
    free = sorted((id for id in known.sentences if int(items.alike[place[id]]) not in of_dataset), key=_drawn)
    chosen = free[: MOST_SENTENCES // OF_PASSAGE]
    found: dict[str, Asked] = {"train": [], "validation": []}
    for at, id in enumerate(chosen):
        found["train" if at % VALIDATED else "validation"] += [(text, id) for text in known.sentences[id]]
    return found


def _drawn(id: UUID) -> bytes:
    return blake2b(id.bytes, digest_size=8).digest()


def _alike(known: _Knowledge) -> Rows:
    """int64[m], in the order of the items: FAQs of one group, and a FAQ with the passage that it was drawn from, have
    one number."""
    numbers = {id: at for at, id in enumerate(known.vectors)}
    by_group: dict[UUID, int] = {}
    for id, group in known.groups.items():
        numbers[id] = by_group.setdefault(group, numbers[id])
    passages: dict[UUID, list[tuple[UUID, Span]]] = defaultdict(list)
    for id, span in known.passages.items():
        passages[span.section_id].append((id, span))
    for id, span in known.faqs.items():
        for passage, other in passages[span.section_id]:
            if span.covers(other) >= MOSTLY:
                numbers[passage] = numbers[id]
    return np.array([numbers[id] for id in known.vectors], dtype=np.int64)
