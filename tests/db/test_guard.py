"""Nothing slow is awaited while the database is locked."""

import asyncio
from uuid import uuid4

import numpy as np
import pytest

from backend.agents.factory import AgentConfig, ProviderChoice
from backend.agents.providers import ProviderConfig
from backend.agents.providers.base import GenerationRequest, Message, collect
from backend.container import LoopScope
from backend.db.guard import forbid_in_transaction, transaction
from backend.embeddings.hashing import HashingEmbedder
from tests.support import Api

ASKED = GenerationRequest("echo", (Message("user", "Hello there"),))


def test_only_the_inside_of_a_transaction_is_forbidden_ground() -> None:
    forbid_in_transaction("tea")
    with transaction():
        with pytest.raises(RuntimeError, match="tea must not be awaited inside a transaction"):
            forbid_in_transaction("tea")
        with transaction():
            pass
        with pytest.raises(RuntimeError):
            forbid_in_transaction("tea")
    forbid_in_transaction("tea")


async def test_every_way_into_the_database_marks_its_inside(scope: LoopScope) -> None:
    uow = scope.services.faqs._uow
    ways = [
        scope.database.read,
        scope.database.write,
        lambda: uow(uuid4()),
        lambda: uow.read(uuid4()),
        uow.all_workspaces,
        uow.read_all_workspaces,
    ]
    for way in ways:
        async with way():
            with pytest.raises(RuntimeError):
                forbid_in_transaction("tea")
        forbid_in_transaction("tea")


async def test_a_failed_transaction_leaves_no_mark(scope: LoopScope) -> None:
    with pytest.raises(ZeroDivisionError):
        async with scope.database.write():
            raise ZeroDivisionError
    forbid_in_transaction("tea")


async def test_another_task_is_not_inside(scope: LoopScope) -> None:
    ready, done = asyncio.Event(), asyncio.Event()

    async def holding() -> None:
        async with scope.database.write():
            ready.set()
            await done.wait()

    task = asyncio.create_task(holding())
    await ready.wait()
    forbid_in_transaction("tea")
    done.set()
    await task


async def test_the_seams_that_the_application_hands_out_refuse_to_work_inside_a_transaction(api: Api) -> None:
    answering = api.scope.services.chat._answering
    store, embedders = answering._pipeline._searcher._stores("native"), answering._pipeline._searcher._embedders
    embedder = await embedders.of(uuid4(), HashingEmbedder().spec)
    provider = answering._factory.chain(AgentConfig(ProviderChoice(ProviderConfig("echo"), "echo")))
    vector = np.ones((1, embedder.spec.dimension), dtype=np.float32)

    async with api.scope.database.read():
        for call in (
            embedder.embed(["tea"], kind="query"),
            store.search("c", vector, limit=1),
            store.upsert("c", []),
            store.delete("c", ids=[]),
            store.count("c"),
            store.drop("c"),
            collect(provider.stream(ASKED)),
        ):
            with pytest.raises(RuntimeError, match="must not be awaited inside a transaction"):
                await call
    assert (await collect(provider.stream(ASKED))).text == "Hello there"
    assert len(await embedder.embed(["tea"], kind="query")) == 1
