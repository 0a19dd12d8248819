"""What tuned retrieval is trained on: a collection's items as the search scores them, and questions of a dataset."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
from pydantic import JsonValue

from backend.db.finetuning import DatasetRow, Training
from backend.db.models import Collection
from backend.embeddings.base import Embedder, Embedders, Vectors
from backend.errors import InvalidRequest
from backend.faqs.answers import sentences
from backend.finetuning.adapter import Items, Questions
from backend.finetuning.adapter_task import SPLITS, save_input
from backend.finetuning.base import SPEC_KEY
from backend.repositories.point_log import embedding_spec
from backend.repositories.uow import UnitOfWork
from backend.retrieval.views import DEFAULT_RANKING, Ranking
from backend.services.collection_items import KnownItem, alike, collection_items
from backend.services.progress import Progress
from backend.services.training_rows import training_rows
from backend.tracing.track import track

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
        known = await collection_items(self._uow, collection, progress)
        place = {item.id: at for at, item in enumerate(known)}
        asked_of = {split: await self._asked(training, split, place.keys(), progress) for split in SPLITS}
        require_known(asked_of["train"], collection)
        items = Items(np.stack([self._compared(item) for item in known]), alike(known))
        for split, asked in _of_documents(known, items, place, asked_of).items():
            asked_of[split] += asked
        questions: dict[str, Questions] = {}
        for split, asked in asked_of.items():
            texts = [text for text, _ in asked]
            vectors = await self._embed(embedder, texts, progress)
            questions[split] = Questions(vectors, np.array([place[faq_id] for _, faq_id in asked], dtype=np.int64))
        await asyncio.to_thread(save_input, folder, questions, items)
        return {SPEC_KEY: spec.key}

    def _compared(self, item: KnownItem) -> Vectors:
        """The weighted sum of the views, float32[d]: a question's cosine with it is the item's score."""
        head, full = item.vectors.get("head"), item.vectors.get("full")
        if head is None or full is None:
            return next(vector for vector in (full, head) if vector is not None)
        weight = self._ranking.head(item.title)
        return np.asarray(weight * head + (1 - weight) * full, dtype=np.float32)

    async def _asked(self, training: Training, split: str, items: Iterable[UUID], progress: Progress) -> Asked:
        """Questions with the FAQ that answers each; only of FAQs that the collection has."""
        there = set(items)
        rows = [row for row in await training_rows(self._uow, training, split, progress) if row.faq_id in there]
        asked = worded(rows)
        if split != "held_out":
            asked += _sentences(rows)
        return asked or plain(rows)

    async def _embed(self, embedder: Embedder, texts: Sequence[str], progress: Progress) -> Vectors:
        parts: list[Vectors] = []
        for first in range(0, len(texts), EMBEDDED):
            await progress("embedding", first, len(texts))
            parts.append(await embedder.embed(texts[first : first + EMBEDDED], kind="query"))
        return np.concatenate(parts) if parts else np.empty((0, embedder.spec.dimension), np.float32)


def worded(rows: Sequence[DatasetRow]) -> Asked:
    """Of other wordings alone."""
    return [(row.question, row.faq_id) for row in rows if row.origin == "paraphrase" and row.faq_id is not None]


def plain(rows: Sequence[DatasetRow]) -> Asked:
    return [(row.question, row.faq_id) for row in rows if row.faq_id is not None]


def require_known(asked: Asked, collection: Collection) -> None:
    """Raises `InvalidRequest` where nothing of the dataset is in the collection."""
    if not asked:
        raise InvalidRequest(
            f"none of the dataset's FAQs is in the collection {collection.name!r}, so there is nothing to tune its "
            "retrieval with; wait until it is up to date, or choose the collection that has them"
        )


def _sentences(rows: Sequence[DatasetRow]) -> Asked:
    """Of each FAQ's answer, spread over it. What teaches most: see `finetuning/adapter.py`."""
    answers = {row.faq_id: row.answer for row in rows if row.faq_id is not None}
    return [(sentence, faq_id) for faq_id, answer in answers.items() for sentence in _spread(answer, OF_ANSWER)]


def _spread(text: str, most: int) -> list[str]:
    """At most so many sentences that may stand for a question, spread over the text."""
    fitting = [one for one in sentences(text) if SENTENCE[0] <= len(one) <= SENTENCE[1]]
    return fitting[:: max(1, -(-len(fitting) // most))]


def _of_documents(
    known: Sequence[KnownItem], items: Items, place: Mapping[UUID, int], asked_of: Mapping[str, Asked]
) -> dict[str, Asked]:
    """Sentences of the collection's passages, each asked for its own: without them questions are drawn to FAQs alone.

    What says the same as a FAQ of the dataset is left out: it is learnt, or held out, with that FAQ. One passage in ten
    is for validation. Of very many passages some are taken, the same each time.
    """
    of_dataset = {int(items.alike[place[faq_id]]) for asked in asked_of.values() for _, faq_id in asked}
    free = [one for at, one in enumerate(known) if not one.is_faq and int(items.alike[at]) not in of_dataset]
    chosen = sorted(free, key=lambda one: _drawn(one.id))[: MOST_SENTENCES // OF_PASSAGE]
    found: dict[str, Asked] = {"train": [], "validation": []}
    for at, one in enumerate(chosen):
        sentences_of = _spread(one.body, OF_PASSAGE)
        found["train" if at % VALIDATED else "validation"] += [(text, one.id) for text in sentences_of]
    return found


def _drawn(id: UUID) -> bytes:
    return blake2b(id.bytes, digest_size=8).digest()
