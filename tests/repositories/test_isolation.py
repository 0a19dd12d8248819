"""A repository sees the rows of its own workspace and no others."""

from uuid import UUID, uuid4

import pytest

from backend.container import LoopScope
from backend.db.models import Collection, Faq, Workspace
from backend.errors import NotFound
from backend.repositories.faqs import FaqFilter
from backend.repositories.paging import Slice
from backend.repositories.uow import UnitOfWork
from backend.repositories.upsert import MAX_ROWS, upsert
from backend.services.faqs import approved_faq
from contracts.faqs import FaqStatus, NewFaq


@pytest.fixture
async def workspaces(scope: LoopScope) -> tuple[UnitOfWork, UUID, UUID]:
    uow = UnitOfWork(scope.database)
    first, second = uuid4(), uuid4()
    async with uow.all_workspaces() as everything:
        for workspace_id in (first, second):
            await everything.add(Workspace(id=workspace_id, name=str(workspace_id)))
    return uow, first, second


def faq(workspace_id: UUID, question: str = "Why?") -> Faq:
    return approved_faq(workspace_id, NewFaq(question=question, answer="So."), kind="manual")


async def test_a_row_of_another_workspace_is_neither_found_nor_changed(
    workspaces: tuple[UnitOfWork, UUID, UUID],
) -> None:
    uow, first, second = workspaces
    row = faq(first)
    async with uow(first) as tx:
        await tx.faqs.add(row, author="a")

    async with uow(second) as tx:
        assert await tx.faqs.find(row.id) is None
        with pytest.raises(NotFound):
            await tx.faqs.get(row.id)
        assert (await tx.faqs.page(FaqFilter(), "newest", Slice()))[0] == []
        assert await tx.faqs.counts(FaqFilter()) == {}
        assert not await tx.faqs._set_status(row.id, FaqStatus.APPROVED, FaqStatus.REJECTED)
        await tx.faqs.set_groups({row.id: uuid4()})
    async with uow.read(first) as tx:
        kept = await tx.faqs.get(row.id)
        assert (kept.status, kept.group_id) == ("approved", None)


async def test_a_groups_size_counts_the_own_faqs_that_are_not_rejected(
    workspaces: tuple[UnitOfWork, UUID, UUID],
) -> None:
    uow, first, second = workspaces
    group, other = uuid4(), uuid4()
    for workspace_id, status in [(first, "approved"), (first, "draft"), (first, "rejected"), (second, "approved")]:
        row = faq(workspace_id)
        row.status, row.group_id = status, group
        async with uow(workspace_id) as tx:
            await tx.faqs.add(row, author="a")

    async with uow.read(first) as tx:
        assert await tx.faqs.group_sizes([group, other]) == {group: (2, 1)}
        assert await tx.faqs.group_sizes([]) == {}


async def test_callbacks_run_after_the_commit_and_only_then(workspaces: tuple[UnitOfWork, UUID, UUID]) -> None:
    uow, first, _ = workspaces
    called: list[str] = []
    async with uow(first) as tx:
        tx.after_commit(lambda: called.append("committed"))
        assert called == []
    assert called == ["committed"]

    async def fail() -> None:
        async with uow(first) as tx:
            tx.after_commit(lambda: called.append("never"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert called == ["committed"]


async def test_one_statement_writes_a_bounded_number_of_rows(workspaces: tuple[UnitOfWork, UUID, UUID]) -> None:
    uow, first, _ = workspaces
    async with uow(first) as tx:
        with pytest.raises(ValueError, match="at most 500 rows"):
            await upsert(tx.session, Workspace, [{"id": uuid4()}] * (MAX_ROWS + 1))
        await upsert(tx.session, Workspace, [])


async def test_an_upsert_inserts_what_is_new_and_replaces_what_is_there(
    workspaces: tuple[UnitOfWork, UUID, UUID],
) -> None:
    uow, first, _ = workspaces
    async with uow(first) as tx:
        await tx.access.put_credential("openai", base_url="a", sealed_key=None, key_hint=None, model=None)
        assert (await tx.access.credential("openai")).base_url == "a"  # type: ignore[union-attr]
        await tx.access.put_credential("openai", base_url="b", sealed_key=None, key_hint=None, model=None)
        assert (await tx.access.credential("openai")).base_url == "b"  # type: ignore[union-attr]
        assert len(await tx.access.credentials()) == 1


async def test_collections_are_found_by_what_they_draw_on_however_much_is_asked(
    workspaces: tuple[UnitOfWork, UUID, UUID],
) -> None:
    uow, first, _ = workspaces
    kept, gone = faq(first), uuid4()
    collection = Collection(
        id=uuid4(), workspace_id=first, name="tea", store="native", spec={}, sync="manual", takes_everything=False
    )
    async with uow(first) as tx:
        await tx.faqs.add(kept, author="a")
        await tx.collections.add(collection)
        await tx.collections.add_sources(collection.id, "faq", [kept.id, gone, gone])
        assert [found.id for found in await tx.collections.drawing_on([gone])] == [collection.id]
        many = [uuid4() for _ in range(3 * MAX_ROWS)]
        assert await tx.collections.drawing_on(many) == []
        assert [found.id for found in await tx.collections.drawing_on([*many, kept.id])] == [collection.id]
