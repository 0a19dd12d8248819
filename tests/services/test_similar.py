"""FAQs that ask for the same in other words share a group once their collection holds both."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID, uuid4

import pytest

from backend.container import Container
from backend.db.models import Collection
from backend.repositories.uow import UnitOfWork
from backend.services import similar
from backend.services.similar import Nearness, SimilarFaqs
from backend.settings import Settings
from backend.vectors.base import Stores
from tests.support import Api

LENS = ("How do I clean the lens?", "With a dry microfibre cloth, never with alcohol.")
LENS_AGAIN = ("What is the best way to clean the lens?", "Use a dry microfibre cloth and no alcohol.")
LENS_ONCE_MORE = ("How is a lens cleaned best?", "Clean it with a dry microfibre cloth, never with alcohol.")
RESTART = ("How do I restart the router?", "Hold the button for ten seconds.")
RESTART_ANOTHER = ("How do I restart the gateway?", "Hold the button for ten seconds.")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With the model whose cosines were measured."""
    return settings.model_copy(update={"embedder": "native"})


@pytest.fixture
async def stores(settings: Settings) -> AsyncIterator[Stores]:
    """Those of another process over the same data."""
    container = Container(settings)
    yield container.store
    await container.close()


async def add(api: Api, *faqs: tuple[str, str]) -> None:
    for question, answer in faqs:
        await api.add_faq(question, answer)
    await api.drain()


async def groups(api: Api) -> dict[str, str | None]:
    return {faq["question"]: faq["group_id"] for faq in await api.faqs(limit=200)}


async def place_of(api: Api) -> tuple[UUID, UUID]:
    """The workspace and its default collection."""
    collection_id = UUID(await api.collection())
    async with api.scope.database.read() as session:
        return (await session.get_one(Collection, collection_id)).workspace_id, collection_id


async def forget(api: Api, workspace_id: UUID, collection_id: UUID) -> None:
    """As if nothing had been compared yet."""
    async with UnitOfWork(api.scope.database)(workspace_id) as tx:
        await tx.collections.set_compared(collection_id, 0)


async def test_approved_faqs_that_ask_for_the_same_share_a_group(api: Api) -> None:
    await add(api, LENS, RESTART, LENS_AGAIN, RESTART_ANOTHER)
    found = await groups(api)
    assert found[LENS[0]] is not None
    assert found[LENS[0]] == found[LENS_AGAIN[0]]
    assert found[RESTART[0]] is None
    assert found[RESTART_ANOTHER[0]] is None


async def test_a_faq_that_comes_later_joins_the_group_and_the_group_keeps_its_id(api: Api) -> None:
    await add(api, LENS, LENS_AGAIN)
    before = (await groups(api))[LENS[0]]
    await add(api, LENS_ONCE_MORE)
    found = await groups(api)
    assert {found[LENS[0]], found[LENS_AGAIN[0]], found[LENS_ONCE_MORE[0]]} == {before}


async def test_what_another_program_ingests_is_compared_too(api: Api) -> None:
    await add(api, LENS)
    question, answer = LENS_AGAIN
    await api.post("/ingest", {"faqs": [{"question": question, "answer": answer}], "collection": "default"}, status=202)
    await api.drain()
    found = await groups(api)
    assert found[LENS[0]] == found[LENS_AGAIN[0]] is not None


async def test_all_pairs_a_store_and_too_many_pairs_give_the_same_groups(
    api: Api, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[str] = []

    class Watched(SimilarFaqs):
        async def _looked_up(self, collection: Collection, cosine: float) -> list[similar.Pair]:
            ways.append("store")
            return await super()._looked_up(collection, cosine)

        async def _all_pairs(self, collection: Collection, cosine: float) -> list[similar.Pair] | None:
            ways.append("pairs")
            return await super()._all_pairs(collection, cosine)

        async def _alike(self, collection: Collection, near: Nearness) -> Mapping[UUID, set[UUID]]:
            alike = await super()._alike(collection, near)
            found.append({id: sorted(others) for id, others in alike.items()})
            return alike

    await add(api, RESTART, LENS_ONCE_MORE, LENS, RESTART_ANOTHER, LENS_AGAIN)
    workspace_id, collection_id = await place_of(api)
    found: list[dict[UUID, list[UUID]]] = []
    for few, pairs in ((256, 1_000), (0, 1_000), (0, 1)):
        await forget(api, workspace_id, collection_id)
        monkeypatch.setattr(similar, "FEW", few)
        monkeypatch.setattr(similar, "PAIRS", pairs)
        await Watched(UnitOfWork(api.scope.database), stores).compare(workspace_id, collection_id)
    assert ways == ["store", "pairs", "pairs", "store"]
    assert len(found[0]) == 3
    assert found[0] == found[1] == found[2]


async def test_each_faq_is_compared_once(api: Api, stores: Stores) -> None:
    await add(api, LENS, LENS_AGAIN)
    compared: list[int] = []

    class Watched(SimilarFaqs):
        async def _alike(self, collection: Collection, near: Nearness) -> Mapping[UUID, set[UUID]]:
            compared.append(collection.compared)
            return await super()._alike(collection, near)

    where = await place_of(api)
    watched = Watched(UnitOfWork(api.scope.database), stores)
    assert await watched.compare(*where) == 0
    assert compared == []
    await forget(api, *where)
    assert await watched.compare(*where) == 0  # they have their group
    assert compared == [0]


async def test_a_group_that_a_faq_has_by_its_words_takes_in_what_asks_in_other_words(api: Api) -> None:
    await add(api, LENS)
    group = uuid4()
    async with UnitOfWork(api.scope.database)((await place_of(api))[0]) as tx:
        await tx.faqs.set_groups({UUID(faq["id"]): group for faq in await api.faqs() if faq["question"] == LENS[0]})
    await add(api, LENS_AGAIN)
    assert (await groups(api))[LENS_AGAIN[0]] == str(group)


async def test_a_collection_that_is_gone_has_nothing_to_compare(api: Api, stores: Stores) -> None:
    workspace_id, _ = await place_of(api)
    compare = SimilarFaqs(UnitOfWork(api.scope.database), stores).compare
    assert await compare(workspace_id, uuid4()) == 0


async def test_faqs_in_a_model_that_was_not_measured_are_not_compared(api: Api, stores: Stores) -> None:
    await add(api, LENS, LENS_AGAIN)
    where = await place_of(api)
    await forget(api, *where)
    other = SimilarFaqs(UnitOfWork(api.scope.database), stores, nearness={})
    assert await other.compare(*where) == 0
    async with UnitOfWork(api.scope.database).read(where[0]) as tx:
        assert (await tx.collections.get(where[1])).compared == 0
