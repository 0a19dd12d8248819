"""The items of a collection as a search compares them: their texts, their vectors, and which say the same."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np

from backend.db.models import Collection, Faq
from backend.embeddings.base import Vectors
from backend.finetuning.ranks import Rows
from backend.repositories.documents import PassageRow
from backend.repositories.uow import UnitOfWork
from backend.retrieval.base import Span
from backend.retrieval.searcher import MOSTLY
from backend.retrieval.views import ViewText, faq_views, passage_views
from backend.services.progress import Progress

READ: Final = 500


@dataclass(frozen=True, slots=True)
class KnownItem:
    """A FAQ or a passage that the collection has. `title` is its question or heading, `vectors` are by view.

    `span` is where its words stand, as far as that is known; `group` is of FAQs that say the same.
    """

    id: UUID
    title: str
    body: str
    texts: tuple[ViewText, ...]
    vectors: Mapping[str, Vectors]
    span: Span | None
    group: UUID | None = None
    is_faq: bool = True


async def collection_items(uow: UnitOfWork, collection: Collection, progress: Progress) -> list[KnownItem]:
    """Those that have vectors, in the order in which they came into the collection."""
    found: list[KnownItem] = []
    views, sources = await _views(uow, collection, progress)
    ids = list(views)
    for first in range(0, len(ids), READ):
        some = ids[first : first + READ]
        async with uow.read(collection.workspace_id) as tx:
            faqs = await tx.faqs.find_all([id for id in some if sources[id] == "faq"])
            passages = await tx.documents.passages([id for id in some if sources[id] == "passage"])
        found += [_of_faq(faq, views[faq.id]) for faq in faqs]
        found += [_of_passage(passage, views[passage.id]) for passage in passages]
        await progress("reading", first + len(some), len(ids))
    return found


def alike(items: Sequence[KnownItem]) -> Rows:
    """int64[m]: FAQs of one group, and a FAQ with the passage that it was drawn from, have one number."""
    numbers = {item.id: at for at, item in enumerate(items)}
    by_group: dict[UUID, int] = {}
    passages: dict[UUID, list[tuple[UUID, Span]]] = defaultdict(list)
    for item in items:
        if item.group is not None:
            numbers[item.id] = by_group.setdefault(item.group, numbers[item.id])
        if item.span is not None and not item.is_faq:
            passages[item.span.section_id].append((item.id, item.span))
    for item in items:
        if item.is_faq and item.span is not None:
            for passage, other in passages[item.span.section_id]:
                if item.span.covers(other) >= MOSTLY:
                    numbers[passage] = numbers[item.id]
    return np.array([numbers[item.id] for item in items], dtype=np.int64)


async def _views(
    uow: UnitOfWork, collection: Collection, progress: Progress
) -> tuple[dict[UUID, dict[str, Vectors]], dict[UUID, str]]:
    """The vectors of each item's views, and whether it is a FAQ or a passage."""
    views: dict[UUID, dict[str, Vectors]] = defaultdict(dict)
    sources: dict[UUID, str] = {}
    after = (-1, -1)
    while True:
        await progress("reading", 0, 0)
        async with uow.read(collection.workspace_id) as tx:
            rows = await tx.collections.changed_points(collection, collection.spec["key"], after=after, limit=READ * 2)
        if not rows:
            return views, sources
        for point, vector in rows:
            if not point.deleted and vector is not None:
                views[point.item_id][point.view] = np.frombuffer(vector, dtype="<f4")
                sources[point.item_id] = point.source
        after = (rows[-1][0].seq, rows[-1][0].key)


def _of_faq(faq: Faq, vectors: Mapping[str, Vectors]) -> KnownItem:
    span = None
    if faq.section_id is not None and faq.start is not None and faq.end is not None:
        span = Span(faq.section_id, faq.start, faq.end)
    texts = faq_views(faq.question, faq.answer)
    return KnownItem(faq.id, faq.question, faq.answer, texts, vectors, span, group=faq.group_id)


def _of_passage(passage: PassageRow, vectors: Mapping[str, Vectors]) -> KnownItem:
    title = passage.title_path[-1] if passage.title_path else ""
    body = passage.text[passage.start : passage.end]
    span = Span(passage.section_id, passage.start, passage.end)
    return KnownItem(passage.id, title, body, passage_views(passage.title_path, body), vectors, span, is_faq=False)
