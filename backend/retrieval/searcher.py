"""Search: candidates from the vector stores, scored over all their views, only what the review holds now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final
from uuid import UUID

import numpy as np

from backend.db.models import Collection, Faq
from backend.embeddings.base import Embedder, Embedders, Vectors
from backend.errors import CollectionNotFound, ModelSwitched
from backend.repositories.collections import PointView
from backend.repositories.documents import PassageRow
from backend.repositories.point_log import embedding_spec, store_name
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.answerability import Calibration, term_coverage
from backend.retrieval.base import RetrievedItem, Scope, SearchResult, Span
from backend.retrieval.focus import focused
from backend.retrieval.views import DEFAULT_RANKING, Ranking, View
from backend.tracing.track import track
from backend.vectors.base import Hit, Source, Stores, Where

CANDIDATES: Final = 64
"""Points asked for first. An item has up to two, and its own view need not be its best."""
POOL: Final = 20
"""Items that are ranked anew: the answer is among them for 97 % of paraphrases (measured: benchmarks/retrieval)."""
LOADED: Final = 2 * POOL
"""Of them are some twice, as a FAQ and as the passage that it was drawn from."""
MOSTLY: Final = 0.6
"""A FAQ that holds this share of a passage's words says what the passage says."""
SEEN: Final = 256
"""Collections whose model is remembered from the last search."""
COVERED: Final = 3
"""Query terms may be found in any of the best three items."""


@dataclass(frozen=True, slots=True)
class _Scored:
    id: UUID
    source: Source
    views: Mapping[View, float]
    threshold: float


@dataclass
class Query:
    """A question, maybe with `weight` on some of its words. Each text is embedded once a model."""

    text: str
    focus: str = ""
    weight: float = 0.0
    _known: dict[tuple[str, str], Vectors] = field(default_factory=dict)

    def focused(self, words: str, weight: float) -> "Query":
        return Query(self.text, words, weight, self._known)

    async def vector(self, embedder: Embedder) -> Vectors:
        """float32[1, d], unit length"""
        whole = await self._embedded(self.text, embedder)
        if not self.focus:
            return whole
        blend = (1 - self.weight) * whole + self.weight * await self._embedded(self.focus, embedder)
        return np.asarray(blend / np.linalg.norm(blend), dtype=np.float32)

    async def _embedded(self, text: str, embedder: Embedder) -> Vectors:
        key = (embedder.spec.key, text)
        if key not in self._known:
            self._known[key] = await embedder.embed([text], kind="query")
        return self._known[key]


class Searcher:
    """`ranking` tells how views are weighed; the default is what the benchmark kept."""

    def __init__(
        self, uow: UnitOfWork, stores: Stores, embedders: Embedders, *, ranking: Ranking = DEFAULT_RANKING
    ) -> None:
        self._uow = uow
        self._stores = stores
        self._embedders = embedders
        self._ranking = ranking
        self._seen: dict[tuple[UUID, UUID], Collection] = {}

    @track("retrieval.search", kind="retriever")
    async def search(self, scope: Scope, query: str, *, documents: Sequence[UUID] | None = None) -> SearchResult:
        """The best `POOL` items of all collections, not judged yet, best first.

        Words that nearly all found items share are weighed down, and it is searched again. Raises the `VectorError`
        family; a store that fails is never an empty answer.
        """
        return await self._search(scope, Query(query), documents)

    async def search_each(self, scope: Scope, queries: Sequence[str]) -> list[SearchResult]:
        """As `search`, for questions that are embedded together."""
        known: dict[tuple[str, str], Vectors] = {}
        for collection_id in scope.collections:
            collection = await self._collection(scope, collection_id)
            embedder = await self._embedders.of(scope.workspace_id, embedding_spec(collection.spec))
            vectors = await embedder.embed(queries, kind="query")
            known.update(((embedder.spec.key, query), row[None]) for query, row in zip(queries, vectors, strict=True))
        return [await self._search(scope, Query(query, _known=known), None) for query in queries]

    async def _search(self, scope: Scope, question: Query, documents: Sequence[UUID] | None) -> SearchResult:
        query = question.text
        found = await self._find(scope, question, documents)
        note = ""
        rest = focused(query, [_all_text(item) for item in found]) if self._ranking.focus else None
        if rest is not None:
            found = await self._find(scope, question.focused(rest, self._ranking.focus), documents)
            note = f"with weight on “{rest}”"
        return SearchResult(_without_repeats(found)[:POOL], answerable=False, note=note)

    async def _find(self, scope: Scope, query: Query, documents: Sequence[UUID] | None) -> list[RetrievedItem]:
        found: list[RetrievedItem] = []
        for collection_id in scope.collections:
            found += await self._find_in(scope, collection_id, query, documents)
        return sorted(found, key=lambda item: (item.threshold - item.score, item.id))

    async def _find_in(
        self, scope: Scope, collection_id: UUID, query: Query, documents: Sequence[UUID] | None
    ) -> list[RetrievedItem]:
        """Begins with the collection as it was last seen: whether it still is so is found out with the answer.

        Once more where it got another model in between.
        """
        key = scope.workspace_id, collection_id
        collection = self._seen.get(key) or await self._collection(scope, collection_id)
        while True:
            spec = embedding_spec(collection.spec)
            vector = await query.vector(await self._embedders.of(scope.workspace_id, spec))
            try:
                return await self._items(collection, vector, documents)
            except (CollectionNotFound, ModelSwitched):
                generation = collection.generation
                collection = await self._collection(scope, collection_id)
                if collection.generation == generation:
                    raise

    async def _collection(self, scope: Scope, collection_id: UUID) -> Collection:
        key = scope.workspace_id, collection_id
        self._seen.pop(key, None)
        found = await self._uow.reading(scope.workspace_id, lambda tx: tx.collections.get(collection_id))
        self._seen[key] = found
        if len(self._seen) > SEEN:
            del self._seen[next(iter(self._seen))]
        return found

    def judged(self, query: str, result: SearchResult) -> SearchResult:
        """The result with whether it answers the question: by the best item's score and the words that are found."""
        if not result.items:
            return replace(result, answerable=False, confidence=-1.0)
        coverage = term_coverage(query, [f"{item.title} {item.text}" for item in result.items[:COVERED]])
        calibration = Calibration(result.items[0].threshold)
        confidence = calibration.score(result.items[0].score, coverage) - calibration.threshold
        return replace(result, answerable=confidence >= 0, confidence=confidence)

    async def _items(
        self, collection: Collection, query: Vectors, documents: Sequence[UUID] | None
    ) -> list[RetrievedItem]:
        """Asks for more points, doubling, until enough of their items are current or the collection is exhausted.

        Raises `ModelSwitched` when the collection got another model since it was read.
        """
        store, name = self._stores(collection.store), store_name(collection)
        where: Where | None = None if documents is None else {"document_id": [str(id) for id in documents]}
        asked = CANDIDATES
        while True:
            hits = (await store.search(name, query, limit=asked, where=where))[0]
            enough = 0 if len(hits) < asked else CANDIDATES // 4
            read = partial(self._current, collection=collection, query=query[0], hits=hits, enough=enough)
            found = await self._uow.reading(collection.workspace_id, read)
            if found is not None:
                return found
            asked *= 2

    async def _current(
        self, tx: Tx, collection: Collection, query: Vectors, hits: Sequence[Hit], enough: int
    ) -> list[RetrievedItem] | None:
        """The items of the hits that the review holds now; None when there are fewer than enough."""
        now = await tx.collections.get(collection.id)
        if now.generation != collection.generation:
            raise ModelSwitched(f"the collection {now.name!r} has another embedding model now")
        current = await tx.collections.current_points(now, [hit.id for hit in hits])
        items = list(dict.fromkeys(point.item_id for point in current))
        if len(items) < enough:
            return None
        views = await tx.collections.views_of(now, items)
        scored = _scored(query, views, Calibration.of(now.calibration).threshold)
        return await _load(tx, _within_reach(scored, self._ranking), self._ranking)


def _within_reach(scored: Sequence[_Scored], ranking: Ranking) -> list[_Scored]:
    """Those that may be among the best `LOADED`, whatever their headings are: texts are read of no others."""
    if len(scored) <= LOADED:
        return list(scored)
    bounds = [ranking.bounds(item.views) for item in scored]
    lowest = sorted((low for low, _ in bounds), reverse=True)[:LOADED]
    return [item for item, (_, high) in zip(scored, bounds, strict=True) if high >= lowest[-1]]


def _scored(query: Vectors, views: Sequence[PointView], threshold: float) -> list[_Scored]:
    if not views:
        return []
    cosines = np.frombuffer(b"".join(view.vector for view in views), dtype="<f4").reshape(len(views), -1) @ query
    by_item: dict[UUID, dict[View, float]] = defaultdict(dict)
    sources: dict[UUID, Source] = {}
    for view, cosine in zip(views, cosines.tolist(), strict=True):
        by_item[view.item_id]["head" if view.view == "head" else "full"] = cosine
        sources[view.item_id] = "faq" if view.source == "faq" else "passage"
    return [_Scored(item, sources[item], scores, threshold) for item, scores in by_item.items()]


def _all_text(item: RetrievedItem) -> str:
    return f"{item.section or item.title}\n{item.text}"


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


async def _load(tx: Tx, scored: Sequence[_Scored], ranking: Ranking) -> list[RetrievedItem]:
    """The items with their texts, in any order; one deleted a moment ago is left out."""
    by_id = {item.id: item for item in scored}
    faqs = await tx.faqs.find_all([item.id for item in scored if item.source == "faq"])
    documents = await tx.documents.get_all([faq.document_id for faq in faqs if faq.document_id])
    names = {document.id: document.name for document in documents}
    passages = await tx.documents.passages([item.id for item in scored if item.source == "passage"])
    found = [_from_faq(by_id[faq.id], faq, names, ranking) for faq in faqs]
    found += [_from_passage(by_id[passage.id], passage, ranking) for passage in passages]
    return found


def _from_passage(item: _Scored, passage: PassageRow, ranking: Ranking) -> RetrievedItem:
    path = passage.title_path
    title = path[-1] if path else passage.document_name
    return RetrievedItem(
        id=item.id,
        source="passage",
        score=ranking.weighted(item.views, title),
        document_id=passage.document_id,
        document_name=passage.document_name,
        title=title,
        section=" > ".join(path) or None,
        page=passage.page,
        text=passage.text[passage.start : passage.end],
        span=Span(passage.section_id, passage.start, passage.end),
        head=item.views.get("head"),
        full=item.views.get("full", 0.0),
        threshold=item.threshold,
    )


def _from_faq(item: _Scored, faq: Faq, names: Mapping[UUID, str], ranking: Ranking) -> RetrievedItem:
    span = None
    if faq.section_id is not None and faq.start is not None and faq.end is not None:
        span = Span(faq.section_id, faq.start, faq.end)
    return RetrievedItem(
        id=item.id,
        source="faq",
        score=ranking.weighted(item.views, faq.question),
        document_id=faq.document_id,
        document_name=names.get(faq.document_id) if faq.document_id else None,
        title=faq.question,
        section=faq.section_title,
        page=faq.page,
        text=faq.answer,
        span=span,
        head=item.views.get("head"),
        full=item.views.get("full", 0.0),
        threshold=item.threshold,
    )
