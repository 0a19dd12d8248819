"""Search: candidates from the vector store, scored over all their views, only what the review holds now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
MOSTLY: Final = 0.6
"""A FAQ that holds this share of a passage's words says what the passage says."""
COVERED: Final = 3
"""Query terms may be found in any of the best three items."""


@dataclass(frozen=True, slots=True)
class RetrievedItem:
    """`score` is the weighted cosine of the views, -1..1."""

    id: UUID
    source: Source
    score: float
    document_id: UUID | None
    document_name: str | None
    title: str
    section: str | None
    page: int | None
    text: str
    span: "Span | None" = None


@dataclass(frozen=True, slots=True)
class Span:
    """Where an item's words stand: `section.text[start:end]`."""

    section_id: UUID
    start: int
    end: int

    def covers(self, other: "Span") -> float:
        """The share of `other`, 0..1, that lies in this span."""
        if self.section_id != other.section_id or other.end <= other.start:
            return 0.0
        return max(0, min(self.end, other.end) - max(self.start, other.start)) / (other.end - other.start)


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
        scored = (await self._candidates(collection, vector))[: 2 * max(limit, COVERED)]
        async with self._uow.read(workspace_id) as tx:
            items = _without_repeats(await _load(tx, scored))
        return SearchResult(items[:limit], self._answers(query, items))

    def _answers(self, query: str, items: Sequence[RetrievedItem]) -> bool:
        if not items:
            return False
        coverage = term_coverage(query, [f"{item.title} {item.text}" for item in items[:COVERED]])
        return self._calibration.is_answerable(items[0].score, coverage)

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
        found = [_Scored(item, sources[item], self._weighted(scores)) for item, scores in by_item.items()]
        return sorted(found, key=lambda item: (-item.score, item.id))

    def _weighted(self, scores: Mapping[View, float]) -> float:
        total = sum(self._weights[view] for view in scores)
        return sum(self._weights[view] * cosine for view, cosine in scores.items()) / total


def _without_repeats(items: Sequence[RetrievedItem]) -> list[RetrievedItem]:
    """Of a reviewed FAQ and the passage that it was drawn from only the FAQ stays, at the better place of the two."""
    faqs = [item for item in items if item.source == "faq" and item.span is not None]
    kept: dict[UUID, RetrievedItem] = {}
    for item in items:
        twin = next((faq for faq in faqs if _says_the_same(faq, item)), item)
        if twin.id not in kept:
            kept[twin.id] = replace(twin, score=item.score)
    return list(kept.values())


def _says_the_same(faq: RetrievedItem, item: RetrievedItem) -> bool:
    if item.source != "passage" or faq.span is None or item.span is None:
        return False
    return faq.span.covers(item.span) >= MOSTLY


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
                    document_id=document.id,
                    document_name=document.name,
                    title=path[-1] if path else document.name,
                    section=" > ".join(path) or None,
                    page=passage.page,
                    text=section.text[passage.start : passage.end],
                    span=Span(section.id, passage.start, passage.end),
                )
            )
    return found


def _from_faq(item: _Scored, faq: Faq, names: Mapping[UUID, str]) -> RetrievedItem:
    span = None
    if faq.section_id is not None and faq.start is not None and faq.end is not None:
        span = Span(faq.section_id, faq.start, faq.end)
    return RetrievedItem(
        id=item.id,
        source="faq",
        score=item.score,
        document_id=faq.document_id,
        document_name=names.get(faq.document_id) if faq.document_id else None,
        title=faq.question,
        section=faq.section_title,
        page=faq.page,
        text=faq.answer,
        span=span,
    )
