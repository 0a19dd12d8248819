"""Documents after they were accepted: listed, opened, deleted at any moment."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import func, select

from backend import container
from backend.db.models import CollectionSource, VectorPoint
from backend.jobs.children import ChildProgress, Children
from backend.parsing.base import ParsedDocument
from backend.parsing.child import ChildParser
from backend.repositories import removal
from backend.repositories.uow import UnitOfWork
from tests.support import MARKDOWN, Api, refused


class Gate:
    """Holds each parse, before or after the child has read the file, until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.open = asyncio.Event()
        self.after = False

    def parser(self, children: Children) -> "HeldParser":
        return HeldParser(ChildParser(children), self)


class HeldParser:
    def __init__(self, inner: ChildParser, gate: Gate) -> None:
        self._inner = inner
        self._gate = gate

    async def parse(
        self, path: Path, media_type: str, on_progress: Callable[[ChildProgress], None] | None = None
    ) -> ParsedDocument:
        parsed = await self._inner.parse(path, media_type, on_progress) if self._gate.after else None
        self._gate.reached.set()
        await self._gate.open.wait()
        return parsed or await self._inner.parse(path, media_type, on_progress)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Ask for it before the app."""
    gate = Gate()
    monkeypatch.setattr(container, "ChildParser", gate.parser)
    return gate


async def workspace(api: Api) -> UUID:
    return UUID((await api.get("/me"))["workspace_id"])


async def live_points(api: Api) -> int:
    async with api.scope.database.read() as session:
        query = select(func.count()).select_from(VectorPoint).where(~VectorPoint.deleted)
        return await session.scalar(query) or 0


@pytest.mark.fault("A24")
@pytest.mark.parametrize("after", [False, True], ids=["while it is read", "before it is stored"])
async def test_a_document_deleted_while_its_job_runs_leaves_a_cancelled_job_and_nothing_else(
    gate: Gate, api: Api, after: bool
) -> None:
    gate.after = after
    job = (await api.upload(("machine.md", MARKDOWN.encode()))).json()["jobs"][0]
    await gate.reached.wait()

    assert (await api.client.delete(f"/documents/{job['document_id']}")).status_code == 204
    gate.open.set()
    await api.drain()

    assert (await api.get(f"/jobs/{job['id']}"))["status"] == "cancelled"
    stored = await api.stored()
    assert stored.files == frozenset()
    assert {name: stored.rows[name] for name in ("document", "section", "passage", "faq", "faq_revision")} == {
        "document": 0,
        "section": 0,
        "passage": 0,
        "faq": 0,
        "faq_revision": 0,
    }
    assert await live_points(api) == 0
    assert list((api.settings.data_dir / "tmp").glob("children-*/*/*.jsonl")) == []


@pytest.mark.fault("A24")
async def test_the_same_file_can_be_uploaded_again_after_it_was_deleted_in_the_middle(gate: Gate, api: Api) -> None:
    first = (await api.upload(("machine.md", MARKDOWN.encode()))).json()["jobs"][0]
    await gate.reached.wait()
    await api.client.delete(f"/documents/{first['document_id']}")
    gate.open.set()

    again = (await api.upload(("machine.md", MARKDOWN.encode()))).json()["jobs"][0]
    await api.drain()

    assert again["document_id"] != first["document_id"]
    assert (await api.get(f"/documents/{again['document_id']}"))["status"] == "ready"


async def test_a_job_that_is_cancelled_leaves_a_document_that_says_so_and_can_be_retried(gate: Gate, api: Api) -> None:
    job = (await api.upload(("machine.md", MARKDOWN.encode()))).json()["jobs"][0]
    await gate.reached.wait()
    await api.post(f"/jobs/{job['id']}/cancel")
    gate.open.set()
    await api.drain()
    assert (await api.get(f"/documents/{job['document_id']}"))["status"] == "cancelled"

    await api.post(f"/jobs/{job['id']}/retry")
    await api.drain()

    document = await api.get(f"/documents/{job['document_id']}")
    assert (document["status"], document["faqs"] > 0) == ("ready", True)


async def test_a_job_whose_document_is_gone_is_not_started_over(gate: Gate, api: Api) -> None:
    job = (await api.upload(("machine.md", MARKDOWN.encode()))).json()["jobs"][0]
    await gate.reached.wait()
    await api.post(f"/jobs/{job['id']}/cancel")
    gate.open.set()
    await api.drain()
    assert (await api.client.delete(f"/documents/{job['document_id']}")).status_code == 204
    problem = refused(await api.client.post(f"/jobs/{job['id']}/retry"), 409, "conflict")
    assert "was deleted" in problem["detail"]
    assert (await api.get(f"/jobs/{job['id']}"))["status"] == "cancelled"


@pytest.mark.parametrize(("faqs", "left"), [("keep", 1), ("delete", 0)])
async def test_deleting_a_document_takes_its_drafts_along_and_its_approved_faqs_when_asked(
    api: Api, faqs: str, left: int
) -> None:
    document_id = await api.extracted()
    first, *_ = await api.faqs(status="draft")
    await api.post("/faqs/approve", {"ids": [first["id"]]})
    await api.drain()

    assert (await api.client.delete(f"/documents/{document_id}?faqs={faqs}")).status_code == 204
    await api.drain()

    assert len(await api.faqs()) == left
    collection = (await api.get("/collections"))["items"][0]
    assert (collection["faqs"], collection["passages"], collection["pending_changes"]) == (left, 0, 0)
    assert (await api.stored()).files == frozenset()
    refused(await api.client.get(f"/documents/{document_id}"), 404, "not_found")
    if left:
        source = await api.get(f"/faqs/{first['id']}/source")
        assert source["document_id"] is None
        assert source["text"] == first["source"]["quote"]


async def test_a_large_document_is_removed_in_short_transactions(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "PORTION", 1)
    document_id = await api.extracted()
    approved = [faq["id"] for faq in await api.faqs()]
    await api.post("/faqs/approve", {"ids": approved})
    await api.drain()
    committed: list[int] = []
    sa.event.listen(api.scope.database.engine.sync_engine, "commit", lambda _: committed.append(1))

    assert (await api.client.delete(f"/documents/{document_id}")).status_code == 204
    assert len(committed) > 8
    await api.drain()

    left = (await api.stored()).rows
    assert {name: left[name] for name in ("document", "section", "passage", "faq")} == {
        "document": 0,
        "section": 0,
        "passage": 0,
        "faq": len(approved),
    }


async def test_a_removal_that_was_interrupted_is_hidden_and_ends_at_the_next_start(api: Api) -> None:
    document_id = await api.extracted()
    await api.post("/faqs/approve", {"ids": [faq["id"] for faq in await api.faqs()][:1]})
    await api.drain()
    async with UnitOfWork(api.scope.database)(await workspace(api)) as tx:
        await tx.removal.begin(await tx.documents.get(document_id), faqs="keep")

    refused(await api.client.get(f"/documents/{document_id}"), 404, "not_found")
    assert (await api.get("/documents"))["items"] == []
    assert (await api.asked("How do I descale the machine?"))["retrieved"][1:] == []
    again = await api.extracted()
    assert again != document_id

    await api.scope.services.documents.finish_removals()
    await api.drain()
    assert [row["id"] for row in (await api.get("/documents"))["items"]] == [str(again)]
    assert (await api.stored()).rows["document"] == 1
    assert len(await api.faqs(status="approved")) == 1


async def test_an_approved_faq_stays_in_a_collection_that_drew_it_through_its_deleted_document(api: Api) -> None:
    document_id = await api.extracted()
    await api.post("/faqs/approve", {"ids": [faq["id"] for faq in await api.faqs()][:1]})
    body = {"collection": "chosen", "document_ids": [str(document_id)]}
    chosen = (await api.post("/ingest", body, status=202))["collection_id"]
    await api.drain()

    await api.client.delete(f"/documents/{document_id}?faqs=keep")
    await api.drain()

    collection = await api.get(f"/collections/{chosen}")
    assert (collection["faqs"], collection["passages"], collection["pending_changes"]) == (1, 0, 0)


async def test_a_faq_deleted_with_its_document_leaves_the_collections_that_name_it(api: Api) -> None:
    document_id = await api.extracted()
    first, *_ = await api.faqs(status="draft")
    await api.post("/faqs/approve", {"ids": [first["id"]]})
    body = {"collection": "chosen", "faq_ids": [first["id"]]}
    chosen = (await api.post("/ingest", body, status=202))["collection_id"]
    await api.drain()
    assert (await api.get(f"/collections/{chosen}"))["faqs"] == 1

    await api.client.delete(f"/documents/{document_id}?faqs=delete")
    await api.drain()

    collection = await api.get(f"/collections/{chosen}")
    assert (collection["faqs"], collection["points"], collection["pending_changes"]) == (0, 0, 0)
    async with api.scope.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(CollectionSource)) == 0


async def test_documents_are_listed_newest_first_in_pages(api: Api) -> None:
    for number in range(3):
        await api.upload((f"{number}.md", f"# Heading {number}\n\nSome words.".encode()))
    await api.drain()

    first = await api.get("/documents", limit=2)
    rest = await api.get("/documents", limit=2, cursor=first["next_cursor"])

    assert [item["name"] for item in first["items"] + rest["items"]] == ["2.md", "1.md", "0.md"]
    assert rest["next_cursor"] is None


async def test_a_passage_opens_with_its_section_and_an_unknown_one_is_not_found(api: Api) -> None:
    await api.extracted()
    answer = await api.asked("descale the machine descaler tank water")
    cited = answer["retrieved"][0]
    source = await api.get(f"/passages/{cited['passage_id']}")
    assert source["document_name"] == "machine.md"
    assert source["section"].endswith("How do I descale the machine?")
    assert source["text"][source["start"] : source["end"]].startswith("Fill the tank")
    refused(await api.client.get(f"/passages/{uuid4()}"), 404, "not_found")


async def test_deleting_a_document_twice_is_not_found_the_second_time(api: Api) -> None:
    document_id: UUID = await api.extracted()
    answers = await asyncio.gather(*(api.client.delete(f"/documents/{document_id}") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404, 404]


async def test_a_document_has_the_title_that_is_written_in_it(api: Api) -> None:
    page = b"<html><head><title>Vacuuming tables</title></head><body><h1>Other</h1><p>Some text.</p></body></html>"
    await api.extracted("ch05s08.html", page)
    await api.extracted("plain.md", b"Intro first.\n\n# Coffee machine\n\nSome text is here.\n")
    await api.extracted("none.txt", b"just some words without a heading, and then some more of them\n")
    titles = {document["name"]: document["title"] for document in (await api.get("/documents"))["items"]}
    assert titles == {"ch05s08.html": "Vacuuming tables", "plain.md": "Coffee machine", "none.txt": None}


async def test_documents_are_found_by_name_and_title_and_sorted_by_name(api: Api) -> None:
    await api.extracted("b.md", b"# Coffee machine\n\nSome text is here.\n")
    await api.extracted("a_coffee.md", b"# Tea\n\nSome other text is here.\n")
    await api.extracted("c.md", b"# Tea 100%\n\nSome more text is here.\n")

    async def names(**query: str | int) -> list[str]:
        return [document["name"] for document in (await api.get("/documents", **query))["items"]]

    assert await names(q="COFFEE") == ["a_coffee.md", "b.md"]
    assert await names(q="%") == ["c.md"]
    assert await names() == ["c.md", "a_coffee.md", "b.md"]
    assert await names(sort="name") == ["a_coffee.md", "b.md", "c.md"]
    first = await api.get("/documents", sort="name", limit=2)
    assert await names(sort="name", limit=2, cursor=first["next_cursor"]) == ["c.md"]
    refused(await api.client.get("/documents", params={"cursor": first["next_cursor"]}), 422, "invalid_request")
