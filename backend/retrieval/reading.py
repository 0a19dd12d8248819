"""What a search reads of the points that it found: their views, and the texts of those that may be among the best."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

import numpy as np

from backend.db.models import Collection
from backend.embeddings.base import Vectors
from backend.errors import ModelSwitched
from backend.repositories.collections import PointView
from backend.repositories.documents import PassageRow
from backend.repositories.faqs import FoundFaq
from backend.repositories.uow import Tx
from backend.retrieval.answerability import Calibration
from backend.retrieval.base import RetrievedItem, Span
from backend.retrieval.views import Ranking, View
from backend.vectors.base import Hit, Source

LOADED: Final = 40
"""Items whose texts are read: twice as many as are ranked, since a FAQ may come with the passage it was drawn from."""


@dataclass(frozen=True, slots=True)
class _Scored:
    id: UUID
    source: Source
    views: Mapping[View, float]


@dataclass
class Reading:
    """What one search has read of `collection`, as it was at its first look: a later look reads only what is new."""

    collection: Collection
    ranking: Ranking
    _threshold: float = 0.0
    _background: float = 0.0
    _item_of: dict[UUID, UUID | None] = field(default_factory=dict)
    """By point; None for one that the review does not hold any more."""
    _views: dict[UUID, list[PointView]] = field(default_factory=dict)
    _items: dict[UUID, RetrievedItem | None] = field(default_factory=dict)
    """None for one deleted a moment ago."""

    def known(self, query: Vectors, hits: Sequence[Hit], enough: int) -> list[RetrievedItem] | None:
        """The items of the hits, in any order, scored for `query` (float32[d], unit length), when all are read.

        None otherwise, without hits, and when the review holds fewer than `enough` of their items.
        """
        if not hits or any(hit.id not in self._item_of for hit in hits):
            return None
        items = self._items_of(hits)
        if len(items) < enough or any(id not in self._views for id in items):
            return None
        near = self._near(query, hits)
        return None if any(item.id not in self._items for item in near) else self._ranked(near)

    async def read(self, tx: Tx, query: Vectors, hits: Sequence[Hit], enough: int) -> list[RetrievedItem] | None:
        """As `known`, once what is missing is read. Raises `ModelSwitched` when the collection got another model."""
        now = await tx.collections.get(self.collection.id)
        if now.generation != self.collection.generation:
            raise ModelSwitched(f"the collection {now.name!r} has another embedding model now")
        calibration = Calibration.of(now.calibration)
        self._threshold, self._background = calibration.threshold, calibration.background
        new = [hit.id for hit in hits if hit.id not in self._item_of]
        current = {point.point_id: point.item_id for point in await tx.collections.current_points(now, new)}
        self._item_of |= {id: current.get(id) for id in new}
        items = self._items_of(hits)
        if len(items) < enough:
            return None
        await self._read_views(tx, now, [id for id in items if id not in self._views])
        near = self._near(query, hits)
        await self._read_texts(tx, [item for item in near if item.id not in self._items])
        return self._ranked(near)

    async def _read_views(self, tx: Tx, now: Collection, items: Sequence[UUID]) -> None:
        found: dict[UUID, list[PointView]] = {id: [] for id in items}
        for view in await tx.collections.views_of(now, items):
            found[view.item_id].append(view)
        self._views |= found

    async def _read_texts(self, tx: Tx, near: Sequence[_Scored]) -> None:
        faqs = await tx.faqs.found([item.id for item in near if item.source == "faq"])
        passages = await tx.documents.passages([item.id for item in near if item.source == "passage"])
        found = [_of_faq(faq) for faq in faqs] + [_of_passage(passage) for passage in passages]
        self._items |= {item.id: None for item in near} | {item.id: item for item in found}

    def _items_of(self, hits: Sequence[Hit]) -> list[UUID]:
        return list(dict.fromkeys(item for hit in hits if (item := self._item_of[hit.id]) is not None))

    def _near(self, query: Vectors, hits: Sequence[Hit]) -> list[_Scored]:
        views = [view for id in self._items_of(hits) for view in self._views[id]]
        return within_reach(_scored(query, views), self.ranking)

    def owned(self, query: Vectors, items: Sequence[RetrievedItem]) -> list[RetrievedItem]:
        """Items that another vector found, with their scores for the question's own, float32[1, d]."""
        scored = {one.id: one.views for item in items for one in _scored(query[0], self._views[item.id])}
        return [replace(item, own=self.ranking.weighted(scored[item.id], item.title)) for item in items]

    def _ranked(self, near: Iterable[_Scored]) -> list[RetrievedItem]:
        return [
            replace(
                item,
                score=self.ranking.weighted(scored.views, item.title),
                head=scored.views.get("head"),
                full=scored.views.get("full", 0.0),
                threshold=self._threshold,
                background=self._background,
                collection_id=self.collection.id,
            )
            for scored in near
            if (item := self._items[scored.id]) is not None
        ]


def within_reach(scored: Sequence[_Scored], ranking: Ranking) -> list[_Scored]:
    """Those that may be among the best `LOADED`, whatever their headings are: texts are read of no others."""
    if len(scored) <= LOADED:
        return list(scored)
    bounds = [ranking.bounds(item.views) for item in scored]
    lowest = sorted((low for low, _ in bounds), reverse=True)[:LOADED]
    return [item for item, (_, high) in zip(scored, bounds, strict=True) if high >= lowest[-1]]


def _scored(query: Vectors, views: Sequence[PointView]) -> list[_Scored]:
    if not views:
        return []
    cosines = np.frombuffer(b"".join(view.vector for view in views), dtype="<f4").reshape(len(views), -1) @ query
    by_item: dict[UUID, dict[View, float]] = defaultdict(dict)
    sources: dict[UUID, Source] = {}
    for view, cosine in zip(views, cosines.tolist(), strict=True):
        by_item[view.item_id]["head" if view.view == "head" else "full"] = cosine
        sources[view.item_id] = "faq" if view.source == "faq" else "passage"
    return [_Scored(item, sources[item], scores) for item, scores in by_item.items()]


def _of_passage(passage: PassageRow) -> RetrievedItem:
    path = passage.title_path
    return RetrievedItem(
        id=passage.id,
        source="passage",
        score=0.0,
        document_id=passage.document_id,
        document_name=passage.document_name,
        title=path[-1] if path else passage.document_name,
        section=" > ".join(path) or None,
        page=passage.page,
        text=passage.text[passage.start : passage.end],
        span=Span(passage.section_id, passage.start, passage.end),
    )


def _of_faq(faq: FoundFaq) -> RetrievedItem:
    span = None
    if faq.section_id is not None and faq.start is not None and faq.end is not None:
        span = Span(faq.section_id, faq.start, faq.end)
    return RetrievedItem(
        id=faq.id,
        source="faq",
        score=0.0,
        document_id=faq.document_id,
        document_name=faq.document_name,
        title=faq.question,
        section=faq.section_title,
        page=faq.page,
        text=faq.answer,
        span=span,
    )
