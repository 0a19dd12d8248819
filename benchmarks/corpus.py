"""A collection of any size, written by the product's own repositories while nothing else runs.

Handbooks of 100 sections: a question as the title, and two passages of about 65 words. Embedding 100,000 passages takes
a quarter of an hour, so of each of `TOPICS` topics one title and one passage are embedded by the product's model; every
other vector is one of those two with noise of half its length, which is a cosine of about .89. That the rows are what
the product makes of such documents is for the caller to find out: a sync of the collection has nothing to do.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Any, Final
from uuid import UUID, uuid5

import numpy as np
import sqlalchemy as sa

from backend.db.engine import Database
from backend.db.models import Collection, Document
from backend.embeddings.base import Vectors
from backend.embeddings.native import NativeEmbedder
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.views import ViewText, passage_views, point_id
from backend.vectors.keys import point_key
from benchmarks.samples import paragraph, topics

TOPICS: Final = 1_000
SECTIONS: Final = 100
"""Of a document."""
PASSAGES: Final = 2
"""Of a section."""
SENTENCES: Final = 4
NOISE: Final = 0.5
_FORMS: Final = (
    "How do I {0} the {1} {2}",
    "Who may {0} the {1} {2}",
    "When is it time to {0} the {1} {2}",
    "What does it cost to {0} the {1} {2}",
    "Which form do I need to {0} the {1} {2}",
)

Topic = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Written:
    """A section and its passages as they are in the texts; `topic` is a row of the embedded ones."""

    topic: int
    title: str
    passages: Sequence[str]


@dataclass(frozen=True, slots=True)
class Embedded:
    """float32[topics, d], unit length: of a title and of a passage of each topic."""

    heads: Vectors
    fulls: Vectors


async def fill(url: str, collection_id: UUID, passages: int) -> None:
    """Writes `passages`, a multiple of what a document has, into an empty collection. Blocks for most of its time."""
    if passages % (SECTIONS * PASSAGES):
        raise ValueError(f"{passages} passages fill no documents of {SECTIONS * PASSAGES}; give a multiple of that")
    chance, noise = random.Random(8), np.random.default_rng(8)
    embedded = await _embedded(min(TOPICS, passages // PASSAGES), chance)
    database = Database(url)
    try:
        uow = UnitOfWork(database)
        async with database.read() as session:
            collection = (await session.scalars(sa.select(Collection).where(Collection.id == collection_id))).one()
        sections = written(passages // PASSAGES, chance)
        for number in range(passages // (SECTIONS * PASSAGES)):
            async with uow(collection.workspace_id) as tx:
                await _put(tx, collection, number, list(islice(sections, SECTIONS)), embedded, noise)
    finally:
        await database.aclose()


def asked_topics() -> list[Topic]:
    """Those that `samples.asked` asks about first, in its order."""
    return list(islice(topics(random.Random(2)), TOPICS))


def written(sections: int, chance: random.Random) -> Iterator[Written]:
    """All topics in one form, then in the next, so that those of one topic lie far apart. No two titles are equal."""
    chosen = asked_topics()
    for number in range(sections):
        variant, topic = divmod(number, len(chosen))
        title = _FORMS[variant % len(_FORMS)].format(*chosen[topic])
        building = f", building {variant // len(_FORMS)}" if variant >= len(_FORMS) else ""
        texts = [paragraph(chosen[topic], chance, SENTENCES) for _ in range(PASSAGES)]
        yield Written(topic, f"{title}{building}?", texts)


async def _embedded(count: int, chance: random.Random) -> Embedded:
    embedder = NativeEmbedder()
    views = [passage_views(["Handbook", one.title], one.passages[0]) for one in written(count, chance)]
    heads = await embedder.embed([head.text for head, _ in views], kind="document")
    fulls = await embedder.embed([full.text for _, full in views], kind="document")
    return Embedded(heads, fulls)


async def _put(
    tx: Tx, collection: Collection, number: int, sections: Sequence[Written], embedded: Embedded, noise: Any
) -> None:
    """One document in one transaction."""
    document_id = uuid5(collection.id, f"handbook:{number}")
    await tx.documents.add(_document(tx.workspace_id, document_id, number, sections))
    rows = list(enumerate(sections))
    path = f"Handbook {number + 1}"
    await tx.documents.put_sections([_section(document_id, at, path, one) for at, one in rows])
    passages = [row for at, one in rows for row in _passages(document_id, at, one)]
    await tx.documents.put_passages(passages)
    views = [passage_views([path, one.title], text) for one in sections for text in one.passages]
    near = [one.topic for one in sections for _ in one.passages]
    heads, fulls = (_around(rows[near], noise) for rows in (embedded.heads, embedded.fulls))
    vectors: dict[str, bytes] = {}
    for (head, full), of_head, of_full in zip(views, heads, fulls, strict=True):
        vectors.setdefault(head.content_hash, of_head.tobytes())
        vectors.setdefault(full.content_hash, of_full.tobytes())
    await tx.collections.put_embeddings(collection.spec["key"], vectors)
    seq = await tx.collections.next_seq(collection)
    points = [_point(collection.id, row, view, seq) for row, both in zip(passages, views, strict=True) for view in both]
    await tx.collections.put_points(points)


def _around(centres: Vectors, noise: np.random.Generator) -> Vectors:
    """little-endian float32, unit length"""
    drawn = noise.standard_normal(centres.shape) * (NOISE / np.sqrt(centres.shape[1]))
    moved = centres + drawn
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype="<f4")


def _document(workspace_id: UUID, document_id: UUID, number: int, sections: Sequence[Written]) -> Document:
    words = sum(len(text.split()) for one in sections for text in one.passages)
    return Document(
        id=document_id,
        workspace_id=workspace_id,
        name=f"handbook-{number + 1}.md",
        media_type="text/markdown",
        size=7 * words,
        sha256=sha256(document_id.bytes).hexdigest(),
        status="ready",
        section_count=len(sections),
        word_count=words,
        title=f"Handbook {number + 1}",
    )


def _section(document_id: UUID, ordinal: int, path: str, section: Written) -> dict[str, Any]:
    return {
        "id": uuid5(document_id, f"section:{ordinal}"),
        "document_id": document_id,
        "ordinal": ordinal,
        "title_path": [path, section.title],
        "level": 2,
        "page": None,
        "anchor": None,
        "text": "\n\n".join(section.passages),
        "blocks": [["paragraph", start, end, None] for start, end in _spans(section)],
    }


def _passages(document_id: UUID, ordinal: int, section: Written) -> list[dict[str, Any]]:
    return [
        {
            "id": uuid5(document_id, f"passage:{number}"),
            "document_id": document_id,
            "section_id": uuid5(document_id, f"section:{ordinal}"),
            "ordinal": number,
            "start": start,
            "end": end,
            "page": None,
        }
        for number, (start, end) in enumerate(_spans(section), ordinal * PASSAGES)
    ]


def _spans(section: Written) -> Iterator[tuple[int, int]]:
    start = 0
    for text in section.passages:
        yield start, start + len(text)
        start += len(text) + 2


def _point(collection_id: UUID, passage: dict[str, Any], view: ViewText, seq: int) -> dict[str, Any]:
    point = point_id(collection_id, passage["id"], 1, view.view)
    return {
        "collection_id": collection_id,
        "key": point_key(point),
        "point_id": point,
        "item_id": passage["id"],
        "source": "passage",
        "view": view.view,
        "revision": 1,
        "document_id": passage["document_id"],
        "content_hash": view.content_hash,
        "seq": seq,
        "deleted": False,
    }
