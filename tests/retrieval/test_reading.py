"""A search's second look reads only what its first one did not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import numpy as np
import pytest

from backend.db.models import Collection
from backend.embeddings.base import Vectors
from backend.errors import ModelSwitched
from backend.repositories.uow import Tx
from backend.retrieval.reading import Reading
from backend.retrieval.views import Ranking
from backend.vectors.base import Hit

COLLECTION = cast(Collection, SimpleNamespace(id=UUID(int=1), generation=3))
WHOLE, FOCUSED = np.eye(2, dtype=np.float32)


@dataclass
class Rows:
    """Passages 1, 2, ... of which number n has the point 100 + n. Notes what was asked of it."""

    generation: int = 3
    gone: Sequence[int] = ()
    asked: list[tuple[str, list[int]]] = field(default_factory=list)

    @property
    def tx(self) -> Tx:
        return cast(Tx, SimpleNamespace(collections=self, faqs=self, documents=self))

    async def get(self, collection_id: UUID) -> Any:
        assert collection_id == COLLECTION.id
        return SimpleNamespace(name="Manuals", generation=self.generation, calibration=None)

    async def current_points(self, _: Any, ids: Sequence[UUID]) -> list[Any]:
        self.note("points", ids)
        return [
            SimpleNamespace(point_id=id, item_id=UUID(int=id.int - 100)) for id in ids if id.int - 100 not in self.gone
        ]

    async def views_of(self, _: Any, items: Sequence[UUID]) -> list[Any]:
        self.note("views", items)
        return [SimpleNamespace(item_id=id, source="passage", view="full", vector=vector(id.int)) for id in items]

    async def found(self, _: Sequence[UUID]) -> list[Any]:
        return []

    async def passages(self, ids: Sequence[UUID]) -> list[Any]:
        self.note("texts", ids)
        return [
            SimpleNamespace(
                id=id, title_path=[], document_id=id, document_name=f"n{id.int}", page=1,
                text="abc", start=0, end=2, section_id=id,
            )
            for id in ids
        ]  # fmt: skip

    def note(self, what: str, ids: Sequence[UUID]) -> None:
        self.asked.append((what, [id.int for id in ids]))


def vector(number: int) -> bytes:
    angle = number / 10
    return np.array([np.cos(angle), np.sin(angle)], dtype="<f4").tobytes()


def hits(*items: int) -> list[Hit]:
    return [Hit(UUID(int=100 + item), 0.0) for item in items]


async def look(reading: Reading, rows: Rows, query: Vectors, *items: int, enough: int = 0) -> dict[int, float] | None:
    found = reading.known(query, hits(*items), enough) or await reading.read(rows.tx, query, hits(*items), enough)
    return None if found is None else {item.id.int: round(item.score, 4) for item in found}


def cosines(*items: int) -> dict[int, float]:
    return {item: round(float(np.cos(item / 10)), 4) for item in items}


def sines(*items: int) -> dict[int, float]:
    return {item: round(float(np.sin(item / 10)), 4) for item in items}


async def test_a_second_look_at_the_same_points_asks_nothing_and_scores_anew() -> None:
    rows, reading = Rows(), Reading(COLLECTION, Ranking())
    assert await look(reading, rows, WHOLE, 1, 2, 3) == cosines(1, 2, 3)
    rows.asked.clear()
    assert await look(reading, rows, FOCUSED, 3, 1) == sines(3, 1)
    assert rows.asked == []


async def test_a_second_look_reads_what_is_new() -> None:
    rows, reading = Rows(), Reading(COLLECTION, Ranking())
    await look(reading, rows, WHOLE, 1, 2)
    rows.asked.clear()
    assert await look(reading, rows, FOCUSED, 2, 5) == sines(2, 5)
    assert rows.asked == [("points", [105]), ("views", [5]), ("texts", [5])]


async def test_what_the_review_does_not_hold_is_not_found_and_not_asked_again() -> None:
    rows, reading = Rows(gone=[2]), Reading(COLLECTION, Ranking())
    assert await look(reading, rows, WHOLE, 1, 2) == cosines(1)
    rows.asked.clear()
    assert await look(reading, rows, FOCUSED, 1, 2) == sines(1)
    assert await look(reading, rows, FOCUSED, 1, 2, enough=2) is None
    assert [ids for _, ids in rows.asked if ids] == []


async def test_without_hits_the_collection_is_still_looked_at() -> None:
    rows, reading = Rows(generation=4), Reading(COLLECTION, Ranking())
    with pytest.raises(ModelSwitched, match="'Manuals' has another embedding model now"):
        await look(reading, rows, WHOLE)


async def test_points_that_were_too_few_are_read_when_there_are_no_more() -> None:
    rows, reading = Rows(gone=[2, 3]), Reading(COLLECTION, Ranking())
    assert await look(reading, rows, WHOLE, 1, 2, 3, enough=2) is None
    assert await look(reading, rows, WHOLE, 1, 2, 3) == cosines(1)
