"""What every vector store does. An implementation inherits the class and gives one fixture."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid5

import numpy as np
import pytest

from backend.embeddings.base import EmbeddingSpec
from backend.errors import CollectionNotFound, InvalidVector, SpecMismatch, Unsupported
from backend.vectors.base import CollectionSpec, Hit, Point, Source, VectorStore, Where

DIMENSION = 8
NAME = "handbook_1"
NAMESPACE = UUID("6d6d6d6d-0000-4000-8000-000000000001")
ODD_VALUES = ["plain", "it's", 'say "hi"', "back\\slash", "naïve 文書 😀", "a,b]c", "%", "' OR '1'='1", ""]


def spec(name: str = NAME, *, dimension: int = DIMENSION, model: str = "test") -> CollectionSpec:
    return CollectionSpec(name, EmbeddingSpec(model=model, revision="1", dimension=dimension))


def point_id(number: int) -> UUID:
    return uuid5(NAMESPACE, str(number))


def direction(number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A vector of its own for each number, not of unit length."""
    return np.random.default_rng(number).normal(size=DIMENSION).astype(np.float32) * 3


def point(number: int, *, workspace: str = "w1", document: str = "", source: Source = "faq") -> Point:
    return Point(point_id(number), direction(number), workspace, source, document)


def cosine(query: int, number: int) -> float:
    a, b = direction(query).astype(np.float64), direction(number).astype(np.float64)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


class VectorStoreContract:
    @pytest.fixture
    def store(self) -> VectorStore:
        raise NotImplementedError("give the store under test")

    @pytest.fixture
    async def filled(self, store: VectorStore) -> VectorStore:
        """Twenty points: workspaces w1 and w2, documents d0 to d3, every fifth a passage."""
        await store.create(spec())
        await store.upsert(NAME, [numbered(i) for i in range(20)])
        return store

    async def search(
        self, store: VectorStore, query: int, limit: int = 100, where: Where | None = None, name: str = NAME
    ) -> list[Hit]:
        return (await store.search(name, direction(query)[None], limit=limit, where=where))[0]

    async def found(self, store: VectorStore, where: Where | None = None) -> set[UUID]:
        return {hit.id for hit in await self.search(store, 0, where=where)}

    async def test_creating_the_same_collection_twice_keeps_its_points(self, filled: VectorStore) -> None:
        await filled.create(spec())
        assert await filled.count(NAME) == 20

    @pytest.mark.parametrize("other", [spec(dimension=9), spec(model="another")])
    async def test_another_spec_for_a_collection_is_a_mismatch(
        self, filled: VectorStore, other: CollectionSpec
    ) -> None:
        with pytest.raises(SpecMismatch, match=NAME):
            await filled.create(other)
        assert await filled.count(NAME) == 20

    @pytest.mark.parametrize("name", ["", "ab", "Handbook", "1abc", "a_b_", "a b", "a/../b", "a" * 41, "größe", "a'b;"])
    async def test_names_that_some_store_cannot_hold_are_refused(self, store: VectorStore, name: str) -> None:
        with pytest.raises(Unsupported, match="collection name"):
            await store.create(spec(name))

    @pytest.mark.parametrize("name", ["abc", "a_1", "c" + "0" * 38 + "z"])
    async def test_names_of_three_to_forty_characters_work(self, store: VectorStore, name: str) -> None:
        await store.create(spec(name))
        assert await store.count(name) == 0

    async def test_an_upsert_replaces_vector_and_fields(self, filled: VectorStore) -> None:
        moved = Point(point_id(3), direction(99), "w9", "passage", "d9")
        await filled.upsert(NAME, [moved])
        assert await filled.count(NAME) == 20
        assert await self.found(filled, {"workspace_id": ["w9"], "document_id": ["d9"], "source": ["passage"]}) == {
            point_id(3)
        }
        best = (await self.search(filled, 99, limit=1))[0]
        assert best.id == point_id(3)
        assert best.score == pytest.approx(1, abs=1e-5)

    async def test_of_equal_ids_in_a_batch_the_last_counts(self, store: VectorStore) -> None:
        await store.create(spec())
        await store.upsert(NAME, [point(1, document="first"), point(2), point(1, document="last")])
        assert await store.count(NAME) == 2
        assert await self.found(store, {"document_id": ["last"]}) == {point_id(1)}
        assert await self.found(store, {"document_id": ["first"]}) == set()

    async def test_batches_of_none_and_of_one_work(self, store: VectorStore) -> None:
        await store.create(spec())
        await store.upsert(NAME, [])
        assert await store.count(NAME) == 0
        await store.upsert(NAME, [point(1)])
        assert await store.count(NAME) == 1

    async def test_a_batch_of_ten_thousand_works(self, store: VectorStore) -> None:
        await store.create(spec())
        await store.upsert(NAME, [point(i) for i in range(10_000)])
        assert await store.count(NAME) == 10_000
        assert [hit.id for hit in await self.search(store, 7_777, limit=1)] == [point_id(7_777)]

    @pytest.mark.parametrize(
        ("values", "reason"),
        [
            ([1, np.nan, *[0] * 6], "NaN or infinite"),
            ([1, np.inf, *[0] * 6], "NaN or infinite"),
            ([0] * 8, "zero"),
            ([1] * 7, r"shape \(7,\)"),
            ([1] * 9, r"shape \(9,\)"),
        ],
    )
    async def test_a_vector_that_cannot_be_compared_is_refused_and_the_batch_with_it(
        self, filled: VectorStore, values: list[float], reason: str
    ) -> None:
        bad = Point(point_id(50), np.array(values, dtype=np.float32), "w1", "faq")
        with pytest.raises(InvalidVector, match=reason):
            await filled.upsert(NAME, [point(51), bad])
        assert await filled.count(NAME) == 20

    @pytest.mark.parametrize("values", [[np.nan] * 8, [0] * 8, [1] * 7, [1] * 9])
    async def test_a_query_that_cannot_be_compared_is_refused(self, filled: VectorStore, values: list[float]) -> None:
        with pytest.raises(InvalidVector):
            await filled.search(NAME, np.array([values], dtype=np.float32), limit=3)

    async def test_search_returns_the_nearest_with_their_cosine(self, filled: VectorStore) -> None:
        hits = await self.search(filled, 77, limit=5)
        expected = sorted(range(20), key=lambda number: -cosine(77, number))[:5]
        assert [hit.id for hit in hits] == [point_id(number) for number in expected]
        assert [hit.score for hit in hits] == pytest.approx([cosine(77, number) for number in expected], abs=1e-3)

    async def test_several_queries_give_their_lists_in_order(self, filled: VectorStore) -> None:
        queries = np.stack([direction(number) for number in (3, 11, 5)])
        lists = await filled.search(NAME, queries, limit=1)
        assert [hits[0].id for hits in lists] == [point_id(3), point_id(11), point_id(5)]

    async def test_no_query_gives_no_list(self, filled: VectorStore) -> None:
        assert await filled.search(NAME, np.zeros((0, DIMENSION), dtype=np.float32), limit=3) == []

    async def test_a_limit_above_the_count_gives_all_and_a_limit_of_none_gives_none(self, filled: VectorStore) -> None:
        assert len(await self.search(filled, 1, limit=1_000)) == 20
        assert await self.search(filled, 1, limit=0) == []

    async def test_ties_are_sorted_by_id_and_scores_stay_in_range(self, store: VectorStore) -> None:
        await store.create(spec())
        same = [Point(point_id(i), direction(1) * (i + 1), "w1", "faq") for i in range(30)]
        opposite = [Point(point_id(100), -direction(1), "w1", "faq")]
        await store.upsert(NAME, [*same, *opposite])
        hits = await self.search(store, 1)
        assert [hit.id for hit in hits] == [*sorted(point.id for point in same), point_id(100)]
        assert all(-1 <= hit.score <= 1 for hit in hits)
        assert hits[0].score == pytest.approx(1, abs=1e-3)
        assert hits[-1].score == pytest.approx(-1, abs=1e-3)

    @pytest.mark.parametrize(
        ("where", "numbers"),
        [
            ({"workspace_id": ["w1"]}, range(0, 20, 2)),
            ({"workspace_id": ["w1", "w2"]}, range(20)),
            ({"document_id": ["d1"]}, range(1, 20, 4)),
            ({"document_id": ["d1", "d2", "d7"]}, [n for n in range(20) if n % 4 in (1, 2)]),
            ({"source": ["passage"], "workspace_id": ["w2"]}, [5, 15]),
            ({"source": ["passage"], "document_id": ["d0"], "workspace_id": ["w1"]}, [0]),
            ({"document_id": ["unknown"]}, []),
            ({"document_id": []}, []),
            ({"document_id": ["d1"], "source": []}, []),
            ({}, range(20)),
            (None, range(20)),
        ],
    )
    async def test_a_filter_finds_exactly_what_it_names(
        self, filled: VectorStore, where: Where | None, numbers: Sequence[int]
    ) -> None:
        assert await self.found(filled, where) == {point_id(number) for number in numbers}
        few = await self.search(filled, 0, limit=2, where=where)
        assert len(few) == min(2, len(numbers))

    async def test_filter_values_are_data_whatever_characters_they_hold(self, store: VectorStore) -> None:
        await store.create(spec())
        await store.upsert(NAME, [point(i, document=value) for i, value in enumerate(ODD_VALUES)])
        for i, value in enumerate(ODD_VALUES):
            assert await self.found(store, {"document_id": [value]}) == {point_id(i)}
        assert await self.found(store, {"document_id": ODD_VALUES[1:4]}) == {point_id(i) for i in (1, 2, 3)}

    async def test_a_field_that_stores_do_not_hold_is_refused(self, filled: VectorStore) -> None:
        where: Where = {"title": ["x"]}  # type: ignore[dict-item]  # the refusal is what is tested
        with pytest.raises(Unsupported, match="title"):
            await self.search(filled, 1, where=where)
        with pytest.raises(Unsupported, match="title"):
            await filled.delete(NAME, where=where)

    async def test_reads_see_the_writes_before_them(self, store: VectorStore) -> None:
        await store.create(spec())
        for i in range(10):
            await store.upsert(NAME, [point(i)])
            assert (await self.search(store, i, limit=1))[0].id == point_id(i)
            assert await store.count(NAME) == i + 1
        for i in range(10):
            await store.delete(NAME, ids=[point_id(i)])
            assert point_id(i) not in await self.found(store)
            assert await store.count(NAME) == 9 - i

    async def test_deleting_by_id_passes_over_what_is_not_there(self, filled: VectorStore) -> None:
        await filled.delete(NAME, ids=[point_id(1), point_id(2), point_id(1), point_id(999)])
        await filled.delete(NAME, ids=[])
        assert await filled.count(NAME) == 18

    async def test_deleting_by_document_removes_that_document_alone(self, filled: VectorStore) -> None:
        await filled.delete(NAME, where={"document_id": ["d1"], "workspace_id": ["w1", "w2"]})
        assert await self.found(filled) == {point_id(number) for number in range(20) if number % 4 != 1}
        await filled.delete(NAME, where={"document_id": ["d1"]})
        await filled.delete(NAME, where={"document_id": []})
        assert await filled.count(NAME) == 15

    async def test_deleting_by_ids_and_filter_removes_what_both_name(self, filled: VectorStore) -> None:
        await filled.delete(NAME, ids=[point_id(1), point_id(2)], where={"workspace_id": ["w1"]})
        assert await self.found(filled) == {point_id(number) for number in range(20) if number != 2}

    async def test_deleting_everything_by_omission_is_refused(self, filled: VectorStore) -> None:
        choices: list[Where | None] = [None, {}]
        for where in choices:
            with pytest.raises(Unsupported, match="drop"):
                await filled.delete(NAME, where=where)
        assert await filled.count(NAME) == 20

    async def test_a_deleted_point_can_come_back(self, filled: VectorStore) -> None:
        await filled.delete(NAME, ids=[point_id(4)])
        await filled.upsert(NAME, [point(4, document="again")])
        assert await self.found(filled, {"document_id": ["again"]}) == {point_id(4)}

    async def test_a_dropped_collection_is_gone_and_can_be_made_anew(self, filled: VectorStore) -> None:
        await filled.drop(NAME)
        with pytest.raises(CollectionNotFound):
            await filled.count(NAME)
        await filled.drop(NAME)
        await filled.create(spec(dimension=4))
        assert await filled.count(NAME) == 0

    async def test_what_is_not_there_cannot_be_read_or_written(self, store: VectorStore) -> None:
        with pytest.raises(CollectionNotFound, match="missing_one"):
            await store.count("missing_one")
        with pytest.raises(CollectionNotFound, match="missing_one"):
            await store.upsert("missing_one", [point(1)])
        with pytest.raises(CollectionNotFound, match="missing_one"):
            await self.search(store, 1, name="missing_one")
        await store.delete("missing_one", ids=[point_id(1)])
        await store.drop("missing_one")

    async def test_an_empty_collection_gives_no_hits(self, store: VectorStore) -> None:
        await store.create(spec())
        assert await self.search(store, 1) == []
        assert await self.search(store, 1, where={"source": ["faq"]}) == []

    async def test_collections_do_not_see_each_other(self, filled: VectorStore) -> None:
        await filled.create(spec("second_one"))
        await filled.upsert("second_one", [point(1, document="other")])
        assert await filled.count("second_one") == 1
        await filled.delete("second_one", ids=[point_id(1)])
        assert await filled.count(NAME) == 20

    async def test_workspaces_do_not_see_each_other(self, filled: VectorStore) -> None:
        own = await self.found(filled, {"workspace_id": ["w1"]})
        other = await self.found(filled, {"workspace_id": ["w2"]})
        assert len(own) == len(other) == 10
        assert not own & other

    async def test_several_views_of_an_item_are_points_of_their_own(self, store: VectorStore) -> None:
        await store.create(spec())
        views = [uuid5(point_id(1), view) for view in ("question", "question+answer")]
        await store.upsert(NAME, [Point(id, direction(i), "w1", "faq") for i, id in enumerate(views)])
        hits = await self.search(store, 1)
        assert [hit.id for hit in hits] == [views[1], views[0]]

    async def test_readers_and_writers_at_the_same_time_lose_nothing(self, store: VectorStore) -> None:
        await store.create(spec())
        await store.upsert(NAME, [point(0)])

        async def write(start: int) -> None:
            for i in range(start, start + 50, 10):
                await store.upsert(NAME, [point(number) for number in range(i, i + 10)])

        async def read() -> None:
            for _ in range(10):
                assert point_id(0) in await self.found(store)

        await asyncio.gather(*(write(100 + 50 * i) for i in range(4)), *(read() for _ in range(4)))
        assert await store.count(NAME) == 201


def numbered(i: int) -> Point:
    return point(i, workspace=f"w{1 + i % 2}", document=f"d{i % 4}", source="passage" if i % 5 == 0 else "faq")
