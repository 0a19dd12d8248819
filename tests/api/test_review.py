"""The review: edits, decisions, undo, and that each takes effect at once."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from backend.services import sync
from tests.support import Api, refused


async def draft(api: Api) -> dict[str, Any]:
    await api.extracted()
    return next(faq for faq in await api.faqs() if faq["question"] == "How do I descale the machine?")


async def decided(api: Api, decision: str, *faqs: dict[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = await api.post(f"/faqs/{decision}", {"ids": [faq["id"] for faq in faqs]})
    return done


async def status(api: Api, faq: dict[str, Any]) -> str:
    return str((await api.get(f"/faqs/{faq['id']}"))["status"])


async def test_a_draft_says_where_it_came_from_word_for_word(api: Api) -> None:
    faq = await draft(api)

    assert (faq["status"], faq["kind"], faq["revision"], faq["document_name"]) == ("draft", "question", 1, "machine.md")
    assert faq["confidence"] >= 0.8
    assert faq["reason"]
    source = await api.get(f"/faqs/{faq['id']}/source")
    assert source["text"][source["start"] : source["end"]] == faq["source"]["quote"]
    assert source["section"].endswith("How do I descale the machine?")
    assert source["document_id"] == faq["document_id"]


async def test_an_edit_makes_a_revision_and_keeps_the_earlier_ones(api: Api) -> None:
    faq = await draft(api)
    edit = {"revision": 1, "question": "How is it descaled?", "tags": ["care"]}
    edited = (await api.client.patch(f"/faqs/{faq['id']}", json=edit)).json()

    assert (edited["revision"], edited["question"], edited["tags"]) == (2, "How is it descaled?", ["care"])
    assert edited["answer"] == faq["answer"]
    revisions = await api.get(f"/faqs/{faq['id']}/revisions")
    assert [(one["revision"], one["question"], one["author"]) for one in revisions] == [
        (2, "How is it descaled?", "local"),
        (1, "How do I descale the machine?", "extraction"),
    ]


async def test_an_edit_of_an_older_revision_is_refused_and_changes_nothing(api: Api) -> None:
    faq = await api.add_faq("Why?")
    await api.client.patch(f"/faqs/{faq['id']}", json={"revision": 1, "answer": "First."})

    stale = await api.client.patch(f"/faqs/{faq['id']}", json={"revision": 1, "answer": "Second."})

    refused(stale, 409, "stale_revision")
    now = await api.get(f"/faqs/{faq['id']}")
    assert (now["answer"], now["revision"]) == ("First.", 2)
    assert len(await api.get(f"/faqs/{faq['id']}/revisions")) == 2


async def test_of_ten_edits_at_once_one_wins_and_the_others_are_told(api: Api) -> None:
    faq = await api.add_faq("Why?")
    edits = [{"revision": 1, "answer": f"Answer {number}."} for number in range(10)]
    answers = await asyncio.gather(*(api.client.patch(f"/faqs/{faq['id']}", json=edit) for edit in edits))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9
    assert (await api.get(f"/faqs/{faq['id']}"))["revision"] == 2


async def test_an_edit_without_a_change_or_of_an_unknown_faq_is_refused(api: Api) -> None:
    faq = await api.add_faq("Why?")
    refused(await api.client.patch(f"/faqs/{faq['id']}", json={"revision": 1}), 422, "invalid_request")
    refused(await api.client.patch(f"/faqs/{uuid4()}", json={"revision": 1, "answer": "x"}), 404, "not_found")
    assert len(await api.get(f"/faqs/{faq['id']}/revisions")) == 1


async def test_a_bulk_decision_counts_what_it_moved_and_undo_brings_it_back(api: Api) -> None:
    await api.extracted()
    drafts = await api.faqs()
    first = await decided(api, "approve", drafts[0])
    assert first["changed"] == 1

    rest = await decided(api, "approve", *drafts)
    assert rest["changed"] == len(drafts) - 1
    assert await api.get("/faqs/counts") == {"draft": 0, "approved": len(drafts), "rejected": 0}

    undone = await api.post(f"/faqs/actions/{rest['action_id']}/undo")
    assert undone["changed"] == len(drafts) - 1
    assert await status(api, drafts[0]) == "approved"
    assert await api.get("/faqs/counts") == {"draft": len(drafts) - 1, "approved": 1, "rejected": 0}


async def test_an_action_is_undone_once(api: Api) -> None:
    faq = await api.add_faq("Why?")
    action = await decided(api, "reject", faq)
    await api.post(f"/faqs/actions/{action['action_id']}/undo")
    refused(await api.client.post(f"/faqs/actions/{action['action_id']}/undo"), 409, "conflict")
    refused(await api.client.post(f"/faqs/actions/{uuid4()}/undo"), 404, "not_found")
    assert await status(api, faq) == "approved"


async def test_of_many_undos_at_once_one_wins(api: Api) -> None:
    faq = await api.add_faq("Why?")
    action = (await decided(api, "reject", faq))["action_id"]
    answers = await asyncio.gather(*(api.client.post(f"/faqs/actions/{action}/undo") for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]


async def test_decisions_are_listed_newest_first_with_what_became_of_them(api: Api) -> None:
    faqs = [await api.add_faq(f"Why {number}?") for number in range(3)]
    first = await decided(api, "reject", *faqs)
    second = await decided(api, "approve", faqs[0])
    await decided(api, "approve", faqs[0])
    await api.post(f"/faqs/actions/{second['action_id']}/undo")

    listed = await api.get("/faqs/actions")

    assert [(one["id"], one["kind"], one["count"], one["author"]) for one in listed] == [
        (second["action_id"], "approved", 1, "local"),
        (first["action_id"], "rejected", 3, "local"),
    ]
    assert [one["undone_at"] is not None for one in listed] == [True, False]
    assert [one["id"] for one in await api.get("/faqs/actions", limit=1)] == [second["action_id"]]
    refused(await api.client.get("/faqs/actions", params={"limit": 0}), 422, "invalid_request")


async def test_undo_keeps_a_newer_decision_even_when_it_is_the_same_one(api: Api) -> None:
    faq = await draft(api)
    first = await decided(api, "approve", faq)
    await decided(api, "reject", faq)
    await decided(api, "approve", faq)

    undone = await api.post(f"/faqs/actions/{first['action_id']}/undo")

    assert undone["changed"] == 0
    assert await status(api, faq) == "approved"


async def test_decisions_are_undone_one_after_the_other(api: Api) -> None:
    faq = await draft(api)
    first = await decided(api, "approve", faq)
    second = await decided(api, "reject", faq)
    await api.post(f"/faqs/actions/{second['action_id']}/undo")
    assert await status(api, faq) == "approved"
    await api.post(f"/faqs/actions/{first['action_id']}/undo")
    assert await status(api, faq) == "draft"


async def test_undo_of_a_decision_about_a_faq_that_is_gone_is_quiet(api: Api) -> None:
    faq = await draft(api)
    kept = await api.add_faq("Why?")
    action = await decided(api, "reject", faq, kept)
    await api.client.delete(f"/documents/{faq['document_id']}?faqs=delete")

    assert (await api.post(f"/faqs/actions/{action['action_id']}/undo"))["changed"] == 1
    assert await status(api, kept) == "approved"


async def test_a_merge_keeps_one_and_rejects_the_others_as_one_action(api: Api) -> None:
    faqs = [await api.add_faq(f"Why {number}?") for number in range(3)]
    ids = [faq["id"] for faq in faqs]
    done = await api.post("/faqs/merge", {"ids": ids, "keep": ids[1]})

    assert done["changed"] == 2
    assert [await status(api, faq) for faq in faqs] == ["rejected", "approved", "rejected"]
    await api.post(f"/faqs/actions/{done['action_id']}/undo")
    assert [await status(api, faq) for faq in faqs] == ["approved"] * 3


async def test_a_merge_needs_two_faqs_and_one_of_them_to_keep(api: Api) -> None:
    ids = [(await api.add_faq(f"Why {number}?"))["id"] for number in range(2)]
    for body in ({"ids": ids[:1], "keep": ids[0]}, {"ids": [ids[0]] * 2, "keep": ids[0]}):
        refused(await api.client.post("/faqs/merge", json=body), 422, "invalid_request")
    refused(await api.client.post("/faqs/merge", json={"ids": ids, "keep": str(uuid4())}), 422, "invalid_request")
    assert await api.get("/faqs/counts") == {"draft": 0, "approved": 2, "rejected": 0}


async def test_a_bulk_decision_with_one_unknown_id_decides_nothing(api: Api) -> None:
    faq = await api.add_faq("Why?")
    body = {"ids": [faq["id"], str(uuid4())]}
    refused(await api.client.post("/faqs/reject", json=body), 404, "not_found")
    assert await status(api, faq) == "approved"


async def test_a_bulk_decision_takes_one_to_five_hundred_ids(api: Api) -> None:
    for ids in ([], [str(uuid4()) for _ in range(501)]):
        refused(await api.client.post("/faqs/approve", json={"ids": ids}), 422, "invalid_request")


async def test_a_rejected_faq_is_not_cited_any_more_although_the_index_still_holds_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "DEBOUNCE", 600.0)
    faq = await api.add_faq("Where is the silver key?", "The silver key is under the stone.")
    await api.drain()
    assert (await api.asked("Where is the silver key?"))["answered"] is True

    await decided(api, "reject", faq)
    answer = await api.asked("Where is the silver key?")

    assert (await api.get("/collections"))["items"][0]["pending_changes"] == 1
    assert (answer["answered"], answer["retrieved"]) == (False, [])


async def test_an_edited_faq_is_not_cited_with_its_old_words_and_with_the_new_ones_after_the_sync(api: Api) -> None:
    faq = await api.add_faq("Where is the silver key?", "The silver key is under the stone.")
    await api.drain()
    await api.client.patch(f"/faqs/{faq['id']}", json={"revision": 1, "answer": "The silver key is lost."})

    before = await api.asked("Where is the silver key?")
    await api.drain()
    after = await api.asked("Where is the silver key?")

    assert "stone" not in str(before)
    assert after["retrieved"][0]["quote"] == "The silver key is lost."


async def test_an_undone_rejection_is_cited_again(api: Api) -> None:
    faq = await api.add_faq("Where is the silver key?", "The silver key is under the stone.")
    action = await decided(api, "reject", faq)
    await api.drain()
    await api.post(f"/faqs/actions/{action['action_id']}/undo")
    await api.drain()
    assert (await api.asked("Where is the silver key?"))["citations"][0]["faq_id"] == faq["id"]


async def test_an_external_id_is_used_once(api: Api) -> None:
    await api.add_faq("Why?", external_id="a1")
    body = {"question": "Why not?", "answer": "So.", "external_id": "a1"}
    refused(await api.client.post("/faqs", json=body), 409, "conflict")
