"""Collections follow the review; other programs fill them."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from backend.db.models import VectorPoint
from backend.services.indexing import CollectionIndexer
from tests.support import Api, refused


class Held:
    """Holds the sync job after it has found what is missing and before it writes it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        vectors = CollectionIndexer._vectors
        held = self

        async def waiting(self: CollectionIndexer, *args: Any) -> Any:
            held.reached.set()
            await held.go_on.wait()
            return await vectors(self, *args)

        monkeypatch.setattr(CollectionIndexer, "_vectors", waiting)


async def collection(api: Api, collection_id: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = await api.get(f"/collections/{collection_id or await api.collection()}")
    return found


async def live_items(api: Api, collection_id: str) -> Counter[tuple[UUID, int]]:
    """(item, revision) -> its live points."""
    async with api.scope.database.read() as session:
        query = select(VectorPoint.item_id, VectorPoint.revision).where(
            VectorPoint.collection_id == UUID(collection_id), ~VectorPoint.deleted
        )
        return Counter((row[0], row[1]) for row in await session.execute(query))


async def consistent(api: Api, collection_id: str) -> None:
    """The collection holds each approved FAQ at its revision, both views, and nothing else; the store agrees."""
    faqs = await api.faqs(status="approved", limit=200)
    wanted = {(UUID(faq["id"]), faq["revision"]): 2 for faq in faqs}
    assert await live_items(api, collection_id) == wanted
    state = await collection(api, collection_id)
    assert (state["faqs"], state["points"], state["pending_changes"], state["health"]) == (
        len(wanted),
        2 * len(wanted),
        0,
        "ready",
    )


async def sync_jobs(api: Api) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = (await api.get("/jobs", kind="sync_collection", limit=200))["items"]
    return jobs


async def test_every_decision_of_the_review_reaches_the_default_collection(api: Api) -> None:
    default = await api.collection()
    faqs = [await api.add_faq(f"Question number {number}?") for number in range(4)]
    await api.drain()
    await consistent(api, default)

    await api.client.patch(f"/faqs/{faqs[0]['id']}", json={"revision": 1, "answer": "Edited."})
    await api.post("/faqs/reject", {"ids": [faqs[1]["id"]]})
    await api.post("/faqs/merge", {"ids": [faqs[2]["id"], faqs[3]["id"]], "keep": faqs[3]["id"]})
    assert (await collection(api))["pending_changes"] > 0
    await api.drain()

    assert len(await api.faqs(status="approved")) == 2
    await consistent(api, default)


async def test_a_burst_of_decisions_is_one_sync_job(api: Api) -> None:
    for number in range(10):
        await api.add_faq(f"Question number {number}?")
    assert (await collection(api))["health"] == "syncing"
    await api.drain()
    assert len(await sync_jobs(api)) == 1
    await consistent(api, await api.collection())


async def test_approvals_that_arrive_while_a_sync_runs_are_not_lost(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held(monkeypatch)
    first = await api.add_faq("The first question?")
    running = await api.post(f"/collections/{await api.collection()}/sync", status=202)
    drained = asyncio.create_task(api.drain())
    await held.reached.wait()

    await api.add_faq("The second question?")
    await api.client.patch(f"/faqs/{first['id']}", json={"revision": 1, "answer": "Edited meanwhile."})
    assert (await api.post(f"/collections/{await api.collection()}/sync", status=202))["id"] == running["id"]
    held.go_on.set()
    await drained

    await consistent(api, await api.collection())
    assert [job["status"] for job in await sync_jobs(api)] == ["succeeded"]


async def test_a_manual_collection_waits_to_be_synced_and_says_what_is_pending(api: Api) -> None:
    faq = await api.add_faq("A question?")
    made = await api.post("/collections", {"name": "manual_one", "sync": "manual"}, status=201)
    assert (made["sync"], made["health"], made["pending_changes"]) == ("manual", "ready", 0)
    await api.post("/ingest", {"collection": "manual_one", "faq_ids": [faq["id"]]}, status=202)
    await api.drain()
    await api.client.patch(f"/faqs/{faq['id']}", json={"revision": 1, "answer": "Edited."})
    await api.drain()
    assert (await collection(api, made["id"]))["pending_changes"] == 2

    await api.post(f"/collections/{made['id']}/sync", status=202)
    await api.drain()

    await consistent(api, made["id"])


async def test_an_ingestion_that_ends_first_does_not_hide_a_sync_that_waits(api: Api) -> None:
    await api.post("/collections", {"name": "tea"}, status=201)
    for number in range(3):
        body = {"collection": "tea", "faqs": [{"question": f"Tea number {number}?", "answer": "Yes."}]}
        await api.post("/ingest", body, status=202)
    await api.drain()
    await asyncio.gather(*(api.add_faq(f"Other {number}?") for number in range(3)))
    await api.drain()
    waiting = [job for job in await sync_jobs(api) if job["status"] != "succeeded"]
    assert waiting == []
    default = await api.collection()
    await consistent(api, default)


async def test_ingest_stores_approved_faqs_and_finds_them_when_its_job_has_succeeded(api: Api) -> None:
    faqs = [{"question": "Where is the silver key?", "answer": "Under the stone.", "tags": ["keys"]}]
    accepted = await api.post("/ingest", {"collection": "house", "faqs": faqs}, status=202)
    await api.drain()

    job = await api.get(f"/jobs/{accepted['job_id']}")
    assert (job["status"], job["result"]["faqs"], job["progress"]) == ("succeeded", 1, 1.0)
    [stored] = await api.faqs()
    assert (stored["kind"], stored["status"], stored["tags"]) == ("imported", "approved", ["keys"])
    answer = await api.asked("Where is the silver key?", collection_id=accepted["collection_id"])
    assert (answer["answered"], answer["citations"][0]["faq_id"]) == (True, stored["id"])


async def test_an_external_id_updates_the_faq_that_it_named_before(api: Api) -> None:
    def body(answer: str) -> dict[str, Any]:
        return {"collection": "house", "faqs": [{"question": "Where?", "answer": answer, "external_id": "k1"}]}

    accepted = await api.post("/ingest", body("Here."), status=202)
    await api.drain()
    await api.post("/ingest", body("There."), status=202)
    await api.post("/ingest", body("There."), status=202)
    await api.drain()

    [faq] = await api.faqs()
    assert (faq["answer"], faq["revision"], faq["external_id"]) == ("There.", 2, "k1")
    await consistent(api, accepted["collection_id"])
    await consistent(api, await api.collection())


async def test_a_text_that_is_imported_again_unchanged_leaves_what_a_reviewer_made_of_it(api: Api) -> None:
    def body(answer: str) -> dict[str, Any]:
        return {"collection": "house", "faqs": [{"question": "Where?", "answer": answer, "external_id": "k1"}]}

    await api.post("/ingest", body("Here."), status=202)
    await api.drain()
    [faq] = await api.faqs()
    edit = {"revision": faq["revision"], "answer": "Here, on the left.", "tags": ["way"]}
    assert (await api.client.patch(f"/faqs/{faq['id']}", json=edit)).status_code == 200
    await api.post("/ingest", body("Here."), status=202)
    await api.drain()
    [kept] = await api.faqs()
    assert (kept["answer"], kept["tags"], kept["revision"]) == ("Here, on the left.", ["way"], 2)

    await api.post("/ingest", body("There."), status=202)
    await api.drain()
    [news] = await api.faqs()
    assert (news["answer"], news["revision"]) == ("There.", 3)


async def test_ingest_brings_a_document_with_its_passages_and_approved_faqs(api: Api) -> None:
    document = str(await api.extracted())
    drafts = await api.faqs(status="draft")
    await api.post("/faqs/approve", {"ids": [drafts[0]["id"]]})
    accepted = await api.post("/ingest", {"collection": "machines", "document_ids": [document]}, status=202)
    await api.drain()

    state = await collection(api, accepted["collection_id"])
    assert (state["faqs"], state["passages"] > 0, state["pending_changes"]) == (1, True, 0)
    await api.post("/faqs/approve", {"ids": [drafts[1]["id"]]})
    await api.drain()
    assert (await collection(api, accepted["collection_id"]))["faqs"] == 2


async def test_ingest_refuses_what_does_not_fit_and_starts_nothing(api: Api) -> None:
    await api.extracted()
    draft = (await api.faqs(status="draft"))[0]["id"]
    before = await api.stored()
    same = {"question": "Why?", "answer": "So.", "external_id": "x"}

    cases: list[tuple[int, str, dict[str, Any]]] = [
        (409, "conflict", {"faq_ids": [draft]}),
        (404, "not_found", {"faq_ids": [str(uuid4())]}),
        (404, "not_found", {"document_ids": [str(uuid4())]}),
        (422, "invalid_request", {}),
        (422, "invalid_request", {"faqs": [same, same]}),
        (422, "invalid_request", {"collection": "Not A Name", "faqs": [same]}),
        (422, "unknown_strategy", {"store": "nowhere", "faqs": [same]}),
    ]
    for status, code, body in cases:
        refused(await api.client.post("/ingest", json={"collection": "new_one", **body}), status, code)

    assert await api.stored() == before


async def test_a_thousand_faqs_are_ingested_once_each(api: Api) -> None:
    faqs = [{"question": f"What is item {number}?", "answer": f"Item {number} is a thing."} for number in range(1000)]
    accepted = await api.post("/ingest", {"collection": "many", "faqs": faqs}, status=202)
    await api.drain()

    job = await api.get(f"/jobs/{accepted['job_id']}")
    assert (job["status"], job["result"]["faqs"]) == ("succeeded", 1000)
    state = await collection(api, accepted["collection_id"])
    assert (state["faqs"], state["points"], state["pending_changes"]) == (1000, 2000, 0)
    assert set((await live_items(api, accepted["collection_id"])).values()) == {2}


async def test_ingestions_into_one_collection_at_once_all_arrive(api: Api) -> None:
    bodies = [
        {
            "collection": "shared",
            "faqs": [{"question": f"Question {batch}.{n}?", "answer": "Yes.", "external_id": f"{n}"} for n in range(5)]
            + [{"question": f"Own {batch}?", "answer": "Yes."}],
        }
        for batch in range(6)
    ]
    answers = await asyncio.gather(*(api.client.post("/ingest", json=body) for body in bodies))
    await api.drain()

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["collection_id"] for answer in answers}) == 1
    assert {job["status"] for job in (await api.get("/jobs", limit=200))["items"]} == {"succeeded"}
    assert len(await api.faqs()) == 5 + 6
    await consistent(api, answers[0].json()["collection_id"])
    await consistent(api, await api.collection())


async def test_a_name_that_no_collection_can_have_is_refused_in_words(api: Api) -> None:
    problem = refused(await api.client.post("/collections", json={"name": "HR-Policies"}), 422, "invalid_request")
    assert problem["detail"].startswith("name: must be 3 to 40 small letters (a to z), digits and underscores")


async def test_a_collection_is_made_once_by_name(api: Api) -> None:
    await api.post("/collections", {"name": "tea"}, status=201)
    refused(await api.client.post("/collections", json={"name": "tea"}), 409, "conflict")
    answers = await asyncio.gather(*(api.client.post("/collections", json={"name": "milk"}) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert [one["name"] for one in (await api.get("/collections"))["items"]] == ["default", "tea", "milk"]


async def test_a_deleted_collection_is_gone_with_its_points_and_the_faqs_stay(api: Api) -> None:
    body = {"collection": "tea", "faqs": [{"question": "Tea?", "answer": "Yes."}]}
    accepted = await api.post("/ingest", body, status=202)
    await api.drain()

    assert (await api.client.delete(f"/collections/{accepted['collection_id']}")).status_code == 204

    refused(await api.client.get(f"/collections/{accepted['collection_id']}"), 404, "not_found")
    assert await live_items(api, accepted["collection_id"]) == {}
    assert len(await api.faqs()) == 1
    refused(await api.ask("Tea?", collection_id=accepted["collection_id"]), 404, "not_found")
    again = await api.post("/ingest", body, status=202)
    await api.drain()
    assert (await collection(api, again["collection_id"]))["points"] == 2


async def test_a_collection_that_an_agent_answers_from_is_not_deleted(api: Api) -> None:
    refused(await api.client.delete(f"/collections/{await api.collection()}"), 409, "conflict")
    assert (await collection(api))["name"] == "default"


async def test_a_collection_deleted_while_it_is_synced_ends_its_job_as_cancelled(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    body = {"collection": "tea", "faqs": [{"question": "Tea?", "answer": "Yes."}]}
    accepted = await api.post("/ingest", body, status=202)
    await held.reached.wait()

    assert (await api.client.delete(f"/collections/{accepted['collection_id']}")).status_code == 204
    held.go_on.set()
    await api.drain()

    assert (await api.get(f"/jobs/{accepted['job_id']}"))["status"] == "cancelled"
    assert await live_items(api, accepted["collection_id"]) == {}
    jobs = (await api.get("/jobs", limit=200))["items"]
    assert "failed" not in {job["status"] for job in jobs}
