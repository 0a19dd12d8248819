"""Search: candidates from the vector stores, scored over all their views, only what the review holds now."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final
from uuid import UUID

import numpy as np

from backend.db.models import Collection
from backend.embeddings.base import Embedder, Embedders, EmbeddingKind, Vectors
from backend.errors import CollectionNotFound, ModelSwitched, ModelUnavailable
from backend.repositories.point_log import embedding_spec, store_name
from backend.repositories.uow import UnitOfWork
from backend.retrieval.answerability import Calibration, term_coverage
from backend.retrieval.base import Phrasing, RetrievedItem, Scope, SearchResult, Tuned
from backend.retrieval.focus import focused
from backend.retrieval.reading import Reading
from backend.retrieval.views import DEFAULT_RANKING, Ranking
from backend.tracing.track import track
from backend.vectors.base import Stores, Where

CANDIDATES: Final = 64
"""Points asked for first. An item has up to two, and its own view need not be its best."""
POOL: Final = 20
"""Items that are ranked anew: the answer is among them for 97 % of paraphrases (measured: benchmarks/retrieval)."""
MOSTLY: Final = 0.6
"""A FAQ that holds this share of a passage's words says what the passage says."""
SEEN: Final = 256
"""Collections whose model is remembered from the last search."""
COVERED: Final = 3
"""Query terms may be found in any of the best three items."""


@dataclass
class Query:
    """A question, maybe with `weight` on some of its words, and other words for it. Each text is embedded, and each
    point read, once."""

    text: str
    phrasings: tuple[Phrasing, ...] = ()
    focus: str = ""
    weight: float = 0.0
    tuned_by: dict[str, None] = field(default_factory=dict)
    """The names of the maps that were used, in order."""
    _known: dict[tuple[str, EmbeddingKind, str], Vectors] = field(default_factory=dict)
    _read: dict[UUID, Reading] = field(default_factory=dict)
    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """By embedding model: collections that are searched at once embed a text once."""

    def focused(self, words: str, weight: float) -> "Query":
        return replace(self, focus=words, weight=weight)

    def reading(self, collection: Collection, ranking: Ranking) -> Reading:
        """What was read of the collection so far; nothing yet of one that got another model."""
        found = self._read.get(collection.id)
        if found is None or found.collection.generation != collection.generation:
            found = self._read[collection.id] = Reading(collection, ranking)
        return found

    async def own(self, embedder: Embedder) -> Vectors:
        """That of its own words: float32[1, d], unit length."""
        return await self._weighted(await self._embedded(self.text, "query", embedder), embedder)

    async def vector(self, embedder: Embedder, tuned: Tuned | None = None) -> Vectors:
        """What is searched for: float32[1, d], unit length. With other words, the mean of all: Gao et al., "Precise
        Zero-Shot Dense Retrieval without Relevance Labels", 2022, there of passages that a model made up."""
        vector = await self._embedded(self.text, "query", embedder)
        if self.phrasings:
            others = [await self._embedded(one.text, one.kind, embedder) for one in self.phrasings]
            vector = _unit(np.mean([vector, *others], axis=0))
        vector = await self._weighted(vector, embedder)
        return vector if tuned is None else tuned.queries(vector)

    async def _weighted(self, vector: Vectors, embedder: Embedder) -> Vectors:
        if not self.focus:
            return vector
        focus = await self._embedded(self.focus, "query", embedder)
        return _unit((1 - self.weight) * vector + self.weight * focus)

    async def _embedded(self, text: str, kind: EmbeddingKind, embedder: Embedder) -> Vectors:
        key = (embedder.spec.key, kind, text)
        async with self._turns[embedder.spec.key]:
            if key not in self._known:
                self._known[key] = await embedder.embed([text], kind=kind)
        return self._known[key]


def _unit(vector: np.ndarray) -> Vectors:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


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
    async def search(
        self,
        scope: Scope,
        query: str,
        *,
        documents: Sequence[UUID] | None = None,
        phrasings: Sequence[Phrasing] = (),
    ) -> SearchResult:
        """The best `POOL` items of all collections, not judged yet, best first.

        Words that nearly all found items share are weighed down, and it is searched again. `phrasings` are searched
        along with the question. Raises the `VectorError` family; a store that fails is never an empty answer.
        """
        question = Query(query, tuple(phrasings))
        if scope.searches is None:
            return await self._search(scope, question, documents)
        tuned = scope.tuned.name if scope.tuned else None
        limited = None if documents is None else tuple(documents)
        key = scope.workspace_id, scope.collections, tuned, query, question.phrasings, limited
        return await scope.searches.get(key, lambda: self._search(scope, question, documents))

    async def search_each(self, scope: Scope, queries: Sequence[str]) -> list[SearchResult]:
        """As `search`, for questions that are embedded together."""
        known: dict[tuple[str, EmbeddingKind, str], Vectors] = {}
        for collection_id in scope.collections:
            collection = await self._collection(scope, collection_id)
            embedder = await self._embedders.of(scope.workspace_id, embedding_spec(collection.spec))
            vectors = await embedder.embed(queries, kind="query")
            known.update(
                ((embedder.spec.key, "query", text), row[None]) for text, row in zip(queries, vectors, strict=True)
            )
        return [await self._search(scope, Query(query, _known=known), None) for query in queries]

    async def _search(self, scope: Scope, question: Query, documents: Sequence[UUID] | None) -> SearchResult:
        query = question.text
        found = await self._find(scope, question, documents)
        notes = [f"tuned by “{name}”" for name in question.tuned_by]
        rest = focused(query, [_all_text(item) for item in found]) if self._ranking.focus else None
        if rest is not None:
            found = await self._find(scope, question.focused(rest, self._ranking.focus), documents)
            notes.append(f"with weight on “{rest}”")
        return SearchResult(_without_repeats(found)[:POOL], answerable=False, note=", ".join(notes))

    async def _find(self, scope: Scope, query: Query, documents: Sequence[UUID] | None) -> list[RetrievedItem]:
        if len(scope.collections) == 1:
            found = await self._find_in(scope, scope.collections[0], query, documents)
        else:
            each = (self._find_in(scope, id, query, documents) for id in scope.collections)
            found = [item for items in await _all_of(each) for item in items]
        return best_first(found)

    async def _find_in(
        self, scope: Scope, collection_id: UUID, query: Query, documents: Sequence[UUID] | None
    ) -> list[RetrievedItem]:
        """Begins with the collection as it was last seen: whether it still is so is found out with the answer.

        Once more where it got another model in between.
        """
        key = scope.workspace_id, collection_id
        collection = self._seen.get(key) or await self._collection(scope, collection_id)
        while True:
            try:
                embedder = await self._embedders.of(scope.workspace_id, embedding_spec(collection.spec))
                tuned = scope.tuned if scope.tuned and scope.tuned.queries.fits(collection.spec["key"]) else None
                vector = await query.vector(embedder, tuned)
                query.tuned_by.update({tuned.name: None} if tuned else {})
                reading = query.reading(collection, self._ranking)
                found = await self._items(reading, vector, documents)
                return reading.owned(await query.own(embedder), found) if tuned or query.phrasings else found
            except (CollectionNotFound, ModelSwitched, ModelUnavailable):
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
        """The result with whether it answers the question: by the best item's score and the words that are found.

        The threshold was measured with questions as they are. So tuned retrieval and other words find, and what they
        found first is judged by the question's own vector: the best of what is read first.
        """
        if not result.items:
            return replace(result, answerable=False, confidence=-1.0)
        coverage = term_coverage(query, [f"{item.title} {item.text}" for item in result.items[:COVERED]])
        best = result.items[0]
        alike = [item for item in result.items[:COVERED] if item.collection_id == best.collection_id]
        own = [item.own for item in alike if item.own is not None]
        calibration = Calibration(best.threshold)
        confidence = calibration.score(max(own, default=best.score), coverage) - calibration.threshold
        return replace(result, answerable=confidence >= 0, confidence=confidence)

    async def _items(self, reading: Reading, query: Vectors, documents: Sequence[UUID] | None) -> list[RetrievedItem]:
        """Asks for more points, doubling, until enough of their items are current or the collection is exhausted.

        Raises `ModelSwitched` when the collection got another model since it was read.
        """
        collection = reading.collection
        store, name = self._stores(collection.store), store_name(collection)
        where: Where | None = None if documents is None else {"document_id": [str(id) for id in documents]}
        asked = CANDIDATES
        while True:
            hits = (await store.search(name, query, limit=asked, where=where))[0]
            enough = 0 if len(hits) < asked else CANDIDATES // 4
            found = reading.known(query[0], hits, enough)
            if found is None:
                read = partial(reading.read, query=query[0], hits=hits, enough=enough)
                found = await self._uow.reading(collection.workspace_id, read)
            if found is not None:
                return found
            asked *= 2


def best_first(items: Iterable[RetrievedItem]) -> list[RetrievedItem]:
    """By how far each passes what its own collection asks: collections may have different models.

    Measured on manuals of benchmarks/retrieval_set in two collections, of MiniLM and MPNet: MRR .73, in turns by rank
    .61. Beside a model whose cosines are a third as wide as MiniLM's: hit@20 .93, by bare differences .91.
    """
    return sorted(items, key=lambda item: (-item.margin, item.id))


async def _all_of(work: Iterable[Awaitable[list[RetrievedItem]]]) -> list[list[RetrievedItem]]:
    """At once, in their order. What one of them raises is raised when all have ended."""
    found: list[list[RetrievedItem]] = []
    for one in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(one, BaseException):
            raise one
        found.append(one)
    return found


def _all_text(item: RetrievedItem) -> str:
    return f"{item.section or item.title}\n{item.text}"


def _without_repeats(items: Sequence[RetrievedItem]) -> list[RetrievedItem]:
    """Of a reviewed FAQ and the passage that it was drawn from only the FAQ stays, found where the better one was."""
    faqs = [item for item in items if item.source == "faq" and item.span is not None]
    kept: dict[UUID, RetrievedItem] = {}
    for item in items:
        twin = next((faq for faq in faqs if _says_the_same(faq, item)), item)
        if twin.id not in kept:
            kept[twin.id] = replace(
                twin,
                score=item.score,
                own=item.own,
                threshold=item.threshold,
                background=item.background,
                collection_id=item.collection_id,
            )
    return list(kept.values())


def _says_the_same(faq: RetrievedItem, item: RetrievedItem) -> bool:
    if item.source != "passage" or faq.span is None or item.span is None:
        return False
    return faq.span.covers(item.span) >= MOSTLY
