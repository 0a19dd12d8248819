"""Search: candidates from the vector store, scored over all their views, only what the review holds now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from backend.db.models import Collection, Faq, VectorPoint
from backend.embeddings.base import Embedder, Vectors
from backend.repositories.point_log import store_name
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.answerability import Calibration, term_coverage
from backend.retrieval.views import WEIGHTS, View
from backend.vectors.base import Source, Stores

CANDIDATES: Final = 64
"""Points asked for first. An item has up to two, and its own view need not be its best."""
COVERED: Final = 3
"""Query terms may be found in any of the best three items."""


@dataclass(frozen=True, slots=True)
class RetrievedItem:
    """`score` is the weighted cosine of the views, -1..1; `full` the cosine of the whole text alone."""

    id: UUID
    source: Source
    score: float
    full: float
    document_id: UUID | None
    document_name: str | None
    title: str
    section: str | None
    page: int | None
    text: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Ranked items, best first, and whether they answer the question."""

    items: Sequence[RetrievedItem]
    answerable: bool


@dataclass(frozen=True, slots=True)
class _Scored:
    id: UUID
    source: Source
    score: float
    full: float


class Searcher:
    def __init__(
        self,
        uow: UnitOfWork,
        stores: Stores,
        embedder: Embedder,
        *,
        calibration: Calibration | None = None,
        weights: Mapping[View, float] | None = None,
    ) -> None:
        self._uow = uow
        self._stores = stores
        self._embedder = embedder
        self._calibration = calibration or Calibration()
        self._weights = weights or WEIGHTS

    async def search(self, workspace_id: UUID, collection_id: UUID, query: str, *, limit: int) -> SearchResult:
        """The best `limit` items. Raises the `VectorError` family; a store that fails is never an empty answer."""
        async with self._uow.read(workspace_id) as tx:
            collection = await tx.collections.get(collection_id)
        vector = await self._embedder.embed([query], kind="query")
        scored = (await self._candidates(collection, vector))[: max(limit, COVERED)]
        async with self._uow.read(workspace_id) as tx:
            items = await _load(tx, scored)
        return SearchResult(items[:limit], self._answers(query, items))

    def _answers(self, query: str, items: Sequence[RetrievedItem]) -> bool:
        if not items:
            return False
        coverage = term_coverage(query, [f"{item.title} {item.text}" for item in items[:COVERED]])
        return self._calibration.is_answerable(items[0].full, coverage)

    async def _candidates(self, collection: Collection, query: Vectors) -> list[_Scored]:
        """Asks for more points, doubling, until enough of their items are current or the collection is exhausted."""
        store, name = self._stores(collection.store), store_name(collection.id)
        asked = CANDIDATES
        while True:
            hits = (await store.search(name, query, limit=asked))[0]
            async with self._uow.read(collection.workspace_id) as tx:
                current = await tx.collections.current_points(collection, [hit.id for hit in hits])
                items = list(dict.fromkeys(point.item_id for point in current))
                if len(items) >= CANDIDATES // 4 or len(hits) < asked:
                    views = await tx.collections.views_of(collection, items)
                    return self._scored(query[0], views)
            asked *= 2

    def _scored(self, query: Vectors, views: Sequence[tuple[VectorPoint, bytes]]) -> list[_Scored]:
        if not views:
            return []
        cosines = np.stack([np.frombuffer(vector, dtype="<f4") for _, vector in views]) @ query
        by_item: dict[UUID, dict[View, float]] = defaultdict(dict)
        sources: dict[UUID, Source] = {}
        for (point, _), cosine in zip(views, cosines.tolist(), strict=True):
            by_item[point.item_id]["head" if point.view == "head" else "full"] = cosine
            sources[point.item_id] = "faq" if point.source == "faq" else "passage"
        found = [
            _Scored(item, sources[item], self._weighted(scores), scores.get("full", max(scores.values())))
            for item, scores in by_item.items()
        ]
        return sorted(found, key=lambda item: (-item.score, item.id))

    def _weighted(self, scores: Mapping[View, float]) -> float:
        total = sum(self._weights[view] for view in scores)
        return sum(self._weights[view] * cosine for view, cosine in scores.items()) / total


async def _load(tx: Tx, scored: Sequence[_Scored]) -> list[RetrievedItem]:
    """Texts of the items, in their order; one deleted a moment ago is left out."""
    faqs = {faq.id: faq for faq in await tx.faqs.find_all([item.id for item in scored if item.source == "faq"])}
    documents = await tx.documents.get_all([faq.document_id for faq in faqs.values() if faq.document_id])
    names = {document.id: document.name for document in documents}
    passages = {row[0].id: row for row in await tx.documents.passages([i.id for i in scored if i.source == "passage"])}
    found: list[RetrievedItem] = []
    for item in scored:
        if item.id in faqs:
            found.append(_from_faq(item, faqs[item.id], names))
        elif item.id in passages:
            passage, section, document = passages[item.id]
            path = section.title_path
            found.append(
                RetrievedItem(
                    id=item.id,
                    source="passage",
                    score=item.score,
                    full=item.full,
                    document_id=document.id,
                    document_name=document.name,
                    title=path[-1] if path else document.name,
                    section=" > ".join(path) or None,
                    page=passage.page,
                    text=section.text[passage.start : passage.end],
                )
            )
    return found


def _from_faq(item: _Scored, faq: Faq, names: Mapping[UUID, str]) -> RetrievedItem:
    return RetrievedItem(
        id=item.id,
        source="faq",
        score=item.score,
        full=item.full,
        document_id=faq.document_id,
        document_name=names.get(faq.document_id) if faq.document_id else None,
        title=faq.question,
        section=faq.section_title,
        page=faq.page,
        text=faq.answer,
    )
