"""Approved FAQs that ask for the same in other words get one group.

Only what a collection holds is compared: its vectors are there already. Drafts are grouped by their words
(`Grouping`): to embed all of them would double the time of an upload.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from backend.db.models import Collection, Faq
from backend.embeddings.base import Vectors
from backend.errors import NotFound
from backend.faqs.dedup import Question, connected, group_near
from backend.faqs.paraphrases import Said, may_ask_the_same
from backend.repositories.point_log import store_name
from backend.repositories.uow import UnitOfWork
from backend.services.grouping import place
from backend.tracing.track import track
from backend.vectors.base import Stores
from backend.vectors.near import AllPairs
from contracts.faqs import FaqStatus

BLOCK: Final = 500
FEW: Final = 256
"""So many new FAQs are looked up in the store; more of them are compared all with all."""
NEIGHBOURS: Final = 64
PAIRS: Final = 200_000
"""Beyond that thousands are alike, and the nearest of each are enough."""
PORTION: Final = 2_000

Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Nearness:
    """Cosines from which two FAQs may be the same: of question and answer, and of the questions alone."""

    full: float
    head: float


MEASURED: Final[Mapping[str, Nearness]] = {"sentence-transformers/all-MiniLM-L6-v2": Nearness(full=0.85, head=0.75)}
"""By embedding model (tests/faqs/test_paraphrases.py). FAQs in other models are not compared."""


class SimilarFaqs:
    def __init__(self, uow: UnitOfWork, stores: Stores, *, nearness: Mapping[str, Nearness] = MEASURED) -> None:
        self._uow = uow
        self._stores = stores
        self._nearness = nearness
        self._comparing = asyncio.Lock()

    @track("faqs.compare")
    async def compare(self, workspace_id: UUID, collection_id: UUID) -> int:
        """Groups the FAQs that came into the collection since the last time with all that it holds; says how many
        got a group. May be repeated."""
        async with self._comparing:
            try:
                async with self._uow.read(workspace_id) as tx:
                    collection = await tx.collections.get(collection_id)
            except NotFound:
                return 0
            near = self._nearness.get(collection.spec["model"])
            if near is None or collection.compared == collection.seq:
                return 0
            grouped = await self._group(collection, await self._alike(collection, near))
            async with self._uow(workspace_id) as tx:
                await tx.collections.set_compared(collection_id, collection.seq)
            return grouped

    async def _alike(self, collection: Collection, near: Nearness) -> Mapping[UUID, set[UUID]]:
        candidates = await self._candidates(collection, near.full)
        found: dict[UUID, set[UUID]] = defaultdict(set)
        for start in range(0, len(candidates), PORTION):
            for one, other in await self._confirmed(collection, candidates[start : start + PORTION], near.head):
                found[one].add(other)
                found[other].add(one)
        return found

    # --- near by their vectors --------------------------------------------------
    async def _candidates(self, collection: Collection, cosine: float) -> list[Pair]:
        """Each pair once, at least one of the two new; in order."""
        async with self._uow.read(collection.workspace_id) as tx:
            new = await tx.collections.faq_vectors(collection, newer_than=collection.compared, limit=FEW + 1)
        pairs = None if len(new) <= FEW else await self._all_pairs(collection, cosine)
        if pairs is None:
            pairs = await self._looked_up(collection, cosine)
        return await asyncio.to_thread(_in_order, pairs)

    async def _looked_up(self, collection: Collection, cosine: float) -> list[Pair]:
        """The nearest of each new FAQ, from the store: bounded also where thousands are alike."""
        store, name = self._stores(collection.store), store_name(collection)
        found: list[Pair] = []
        async for ids, _, vectors in self._vectors(collection, newer_than=collection.compared, block=BLOCK // 10):
            hits = await store.search(name, vectors, limit=NEIGHBOURS, where={"source": ["faq"]})
            near = {hit.id for some in hits for hit in some if hit.score >= cosine}
            full: dict[UUID, UUID] = {}
            for portion in _portions(sorted(near), BLOCK):
                async with self._uow.read(collection.workspace_id) as tx:
                    points = await tx.collections.current_points(collection, portion)
                full.update((point.point_id, point.item_id) for point in points if point.view == "full")
            for id, some in zip(ids, hits, strict=True):
                others = (full.get(hit.id) for hit in some if hit.score >= cosine)
                found += [(id, other) for other in others if other is not None and other != id]
        return found

    async def _all_pairs(self, collection: Collection, cosine: float) -> list[Pair] | None:
        """None when there are too many."""
        pairs, ids, is_new = AllPairs(int(collection.spec["dimension"])), list[UUID](), list[bool]()
        async for some, seqs, vectors in self._vectors(collection, newer_than=-1, block=BLOCK):
            await asyncio.to_thread(pairs.add, vectors)
            ids += some
            is_new += [seq > collection.compared for seq in seqs]
        found = await asyncio.to_thread(pairs.above, cosine, limit=PAIRS)
        if found is None:
            return None
        new = np.array(is_new, dtype=np.bool_)[found].any(axis=1)
        return [(ids[one], ids[other]) for one, other in found[new].tolist()]

    async def _vectors(
        self, collection: Collection, *, newer_than: int, block: int
    ) -> AsyncIterator[tuple[list[UUID], list[int], Vectors]]:
        after: int | None = None
        while True:
            async with self._uow.read(collection.workspace_id) as tx:
                rows = await tx.collections.faq_vectors(collection, newer_than=newer_than, after=after, limit=block)
            if not rows:
                return
            after = rows[-1][0]
            vectors = np.stack([np.frombuffer(row[3], dtype="<f4") for row in rows]).astype(np.float32)
            yield [row[1] for row in rows], [row[2] for row in rows], vectors

    # --- what the vectors cannot tell -------------------------------------------
    async def _confirmed(self, collection: Collection, pairs: Sequence[Pair], cosine: float) -> list[Pair]:
        faqs: dict[UUID, Faq] = {}
        for portion in _portions(sorted({id for pair in pairs for id in pair}), BLOCK):
            async with self._uow.read(collection.workspace_id) as tx:
                faqs.update((faq.id, faq) for faq in await tx.faqs.find_all(portion))
        left = await asyncio.to_thread(_that_may_be_the_same, faqs, pairs)
        heads = await self._heads(collection, sorted({id for pair in left for id in pair}))
        return [
            (one, other)
            for one, other in left
            if one in heads and other in heads and float(heads[one] @ heads[other]) >= cosine
        ]

    async def _heads(self, collection: Collection, faq_ids: Sequence[UUID]) -> dict[UUID, Vectors]:
        found: dict[UUID, Vectors] = {}
        for portion in _portions(faq_ids, BLOCK):
            async with self._uow.read(collection.workspace_id) as tx:
                views = await tx.collections.views_of(collection, portion)
            for view in views:
                if view.view == "head":
                    found[view.item_id] = np.frombuffer(view.vector, dtype="<f4")
        return found

    # --- groups -------------------------------------------------------------------
    async def _group(self, collection: Collection, alike: Mapping[UUID, set[UUID]]) -> int:
        async def decide(questions: Sequence[Question]) -> dict[UUID, UUID]:
            return group_near(questions, alike)

        grouped = 0
        for part in connected(alike):
            questions = await self._with_their_groups(collection.workspace_id, part)
            grouped += await place(self._uow, collection.workspace_id, questions, decide)
        return grouped

    async def _with_their_groups(self, workspace_id: UUID, faq_ids: Sequence[UUID]) -> list[Question]:
        """These questions and the other approved ones of their groups: of all of them the smallest speaks for each."""
        found: dict[UUID, Question] = {}
        async with self._uow.read(workspace_id) as tx:
            for portion in _portions(faq_ids, BLOCK):
                faqs = await tx.faqs.find_all(portion)
                found.update((faq.id, Question(faq.id, faq.question, faq.group_id)) for faq in faqs)
            groups = sorted({question.group for question in found.values() if question.group is not None})
            for portion in _portions(groups, BLOCK):
                members = await tx.faqs.group_members(portion)
                approved = [faq for faq in members if faq.status == FaqStatus.APPROVED.value]
                found.update((faq.id, Question(faq.id, faq.question, faq.group_id)) for faq in approved)
        return list(found.values())


def _in_order(pairs: Iterable[Pair]) -> list[Pair]:
    """Each once, the smaller id first."""
    return sorted({(one, other) if one.bytes < other.bytes else (other, one) for one, other in pairs})


def _that_may_be_the_same(faqs: Mapping[UUID, Faq], pairs: Iterable[Pair]) -> list[Pair]:
    """One that was deleted meanwhile is the same as none."""
    said = {id: Said.read(faq.question, faq.answer) for id, faq in faqs.items()}
    known = (pair for pair in pairs if pair[0] in said and pair[1] in said)
    return [(one, other) for one, other in known if may_ask_the_same(said[one], said[other])]


def _portions(ids: Sequence[UUID], size: int) -> Iterator[Sequence[UUID]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
