"""Leads as sales people see them: lists, cards, edits, and leads of one person that are joined."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.db.leads import Lead
from backend.db.models import utc_now
from backend.services import leads as service
from contracts.access import Role
from tests.api.conftest import Keys
from tests.api.test_smart_chat import CONSENT, HELLO, aged, made, rows, said
from tests.support import Api, refused

KIM = "I am Kim Ode from Blue Rivet Ltd, kim@rivet.io. Our budget is 40k EUR. What does the small plan cost?"
DANA_LATER = "This is Dana Levi again, dana@acme.io, now at Copper Forge Ltd. Which plan has single sign-on?"


@pytest.fixture
async def agent(api: Api) -> dict[str, Any]:
    return await made(api)


async def captured(api: Api, agent: dict[str, Any], *messages: str) -> str:
    """The id of the lead of a new conversation."""
    answer: dict[str, Any] = {}
    for message in messages:
        going_on = {"conversation_id": answer["conversation_id"]} if answer else {}
        answer = await said(api, agent, message, **going_on)
    return str(answer["lead"]["id"])


async def listed(api: Api, **query: str | float) -> list[str]:
    return [row["id"] for row in (await api.get("/leads", **query))["items"]]


async def walked(api: Api, **query: str | float) -> list[str]:
    """A page of one lead after the other."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await api.get("/leads", limit=1, **query, **cursor)
        found += [row["id"] for row in page["items"]]
        if page["next_cursor"] is None:
            return found
        assert len(page["items"]) == 1
        cursor = {"cursor": page["next_cursor"]}


async def edited(api: Api, lead_id: str, **changes: Any) -> dict[str, Any]:
    revision = (await api.get(f"/leads/{lead_id}"))["revision"]
    answer = await api.client.patch(f"/leads/{lead_id}", json={"revision": revision, **changes})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shown(lead: dict[str, Any]) -> dict[str, Any]:
    return {name: one["value"] for name, one in lead["values"].items()}


# --- lists and cards ---------------------------------------------------------------------
async def test_a_lead_is_listed_with_what_is_known_of_it_and_why_it_scores(api: Api, agent: dict[str, Any]) -> None:
    answer = await said(api, agent, HELLO)
    [row] = (await api.get("/leads"))["items"]
    assert (row["id"], row["agent_id"], row["stage"], row["owner"]) == (answer["lead"]["id"], agent["id"], "new", None)
    assert row["conversation_ids"] == [answer["conversation_id"]]
    assert row["values"] == answer["lead"]["values"]
    assert row["score"] == sum(reason["points"] for reason in row["reasons"]) == answer["lead"]["score"]
    assert {"points": 20, "text": "an e-mail address"} in row["reasons"]
    assert (row["consent"], row["twins"], row["merged"], row["merged_into"]) == ("not_required", [], [], None)
    assert (row["revision"], row["expires_at"]) == (1, None)


async def test_a_leads_card_has_what_was_said_before_a_correction(api: Api, agent: dict[str, Any]) -> None:
    lead_id = await captured(api, agent, "Our budget is 20k EUR. What does the small plan cost?", "Actually it's 30k.")
    lead = await api.get(f"/leads/{lead_id}")
    assert shown(lead)["budget"]["amount"] == "30000"
    [before] = lead["history"]
    assert (before["field"], before["value"]["amount"], before["standing"]) == ("budget", "20000", "replaced")
    assert before["message_id"] != lead["values"]["budget"]["message_id"]
    assert (lead["notes"], lead["revision"]) == ("", 2)


async def test_a_lead_that_is_not_there_is_not_found(api: Api) -> None:
    for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/export"), ("DELETE", f"/merge/{uuid4()}")]:
        refused(await api.client.request(method, f"/leads/{uuid4()}{path}"), 404, "not_found")


async def test_a_list_has_the_leads_that_its_filters_name(api: Api, agent: dict[str, Any]) -> None:
    other = await made(api, "Other")
    dana, kim = await captured(api, agent, HELLO), await captured(api, other, KIM)
    await edited(api, kim, stage="contacted", owner="Noa")
    low, high = sorted(row["score"] for row in (await api.get("/leads"))["items"])
    assert await listed(api) == [kim, dana]
    assert await listed(api, stage="contacted") == [kim]
    assert await listed(api, stage="lost") == []
    assert await listed(api, agent_id=agent["id"]) == [dana]
    assert await listed(api, owner="Noa") == [kim]
    assert await listed(api, score=low) == [kim, dana]
    assert await listed(api, score=high) == [kim]
    assert await listed(api, since=(utc_now() - timedelta(hours=1)).isoformat()) == [kim, dana]
    assert await listed(api, since=(utc_now() + timedelta(hours=1)).isoformat()) == []
    refused(await api.client.get("/leads", params={"agent_id": str(uuid4())}), 404, "not_found")
    for wrong in ({"stage": "none"}, {"score": 101}, {"since": "yesterday"}, {"sort": "name"}, {"cursor": "x"}):
        refused(await api.client.get("/leads", params=wrong), 422, "invalid_request")


async def test_leads_of_an_agent_that_was_deleted_are_still_found_by_it(api: Api, agent: dict[str, Any]) -> None:
    dana = await captured(api, agent, HELLO)
    assert (await api.client.delete(f"/agents/{agent['id']}")).status_code == 204
    assert await listed(api, agent_id=agent["id"]) == [dana]


@pytest.mark.parametrize("text", ["dana", "ACME rob", "dana@acme.io", "  levi "])
async def test_words_are_looked_for_in_what_is_sealed(api: Api, agent: dict[str, Any], text: str) -> None:
    dana, _ = await captured(api, agent, HELLO), await captured(api, agent, KIM)
    assert await listed(api, q=text) == [dana]


@pytest.mark.parametrize(("text", "found"), [("40000", 1), ("40k", 1), ("eur", 1), ("zebra", 0)])
async def test_amounts_are_found_as_they_are_and_as_they_were_said(
    api: Api, agent: dict[str, Any], text: str, found: int
) -> None:
    await captured(api, agent, HELLO)
    await captured(api, agent, KIM)
    assert len(await listed(api, q=text)) == found


async def test_a_list_is_walked_page_by_page_in_any_order(
    api: Api, agent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "READ", 2)
    dana, kim = await captured(api, agent, HELLO), await captured(api, agent, KIM)
    again = await captured(api, agent, "Call me Dana.")
    await edited(api, dana, stage="won")
    assert await walked(api) == [again, kim, dana]
    assert await walked(api, sort="updated") == [dana, again, kim]
    assert await walked(api, sort="score") == [kim, dana, again]
    assert await walked(api, q="d") == [again, kim, dana]
    assert await walked(api, q="dana") == [again, dana]


async def test_a_lead_whose_time_is_over_is_not_shown(api: Api) -> None:
    lead_id = await captured(api, await made(api, retention_days=30), HELLO)
    assert await listed(api) == [lead_id]
    await aged(api, Lead, timedelta(days=31))
    assert await listed(api) == []
    refused(await api.client.get(f"/leads/{lead_id}"), 404, "not_found")


async def test_consent_is_shown_as_it_was_given(api: Api) -> None:
    agent = await made(api, consent_text=CONSENT)
    answer = await said(api, agent, HELLO)
    await api.post(f"/conversations/{answer['conversation_id']}/consent", {"given": True})
    [row] = (await api.get("/leads"))["items"]
    assert row["consent"] == "given"


# --- edits ---------------------------------------------------------------------------------
async def test_stage_owner_and_notes_are_changed_and_what_is_left_out_stays(api: Api, agent: dict[str, Any]) -> None:
    lead_id = await captured(api, agent, HELLO)
    first = await edited(api, lead_id, stage="contacted", owner="Noa", notes="Call on Monday")
    assert (first["stage"], first["owner"], first["notes"]) == ("contacted", "Noa", "Call on Monday")
    assert first["revision"] == 2
    second = await edited(api, lead_id, owner=None)
    assert (second["stage"], second["owner"], second["notes"]) == ("contacted", None, "Call on Monday")
    assert (await edited(api, lead_id, notes=""))["notes"] == ""
    assert shown(await api.get(f"/leads/{lead_id}")) == shown(first)


async def test_an_edit_of_another_revision_is_refused(api: Api, agent: dict[str, Any]) -> None:
    lead_id = await captured(api, agent, HELLO)
    await edited(api, lead_id, stage="contacted")
    problem = refused(
        await api.client.patch(f"/leads/{lead_id}", json={"revision": 1, "stage": "lost"}), 409, "stale_revision"
    )
    assert "now at 2" in problem["detail"]
    assert (await api.get(f"/leads/{lead_id}"))["stage"] == "contacted"
    for body in ({"revision": 2}, {"stage": "won"}, {"revision": 2, "stage": None}, {"revision": 2, "stage": "gone"}):
        refused(await api.client.patch(f"/leads/{lead_id}", json=body), 422, "invalid_request")


@pytest.mark.fault("E19")
async def test_notes_are_not_readable_in_the_database(api: Api, agent: dict[str, Any]) -> None:
    lead_id = await captured(api, agent, HELLO)
    await edited(api, lead_id, notes="Prefers the evening")
    [row] = await rows(api, Lead)
    assert row.notes is not None
    assert "evening" not in row.notes


async def test_what_was_edited_stays_when_the_visitor_goes_on(api: Api, agent: dict[str, Any]) -> None:
    first = await said(api, agent, HELLO)
    lead_id = first["lead"]["id"]
    await edited(api, lead_id, stage="qualified", notes="Asked twice")
    await said(api, agent, "Our budget is 40k EUR.", conversation_id=first["conversation_id"])
    lead = await api.get(f"/leads/{lead_id}")
    assert (lead["stage"], lead["notes"], shown(lead)["budget"]["amount"]) == ("qualified", "Asked twice", "40000")


# --- leads of one person ---------------------------------------------------------------------
async def test_leads_with_the_same_address_or_number_name_each_other(api: Api, agent: dict[str, Any]) -> None:
    first, second = await captured(api, agent, HELLO), await captured(api, agent, DANA_LATER)
    kim = await captured(api, agent, KIM)
    twins = {row["id"]: row["twins"] for row in (await api.get("/leads"))["items"]}
    assert twins == {first: [second], second: [first], kim: []}


async def test_a_merged_lead_shows_the_newest_value_and_where_it_was_said(api: Api, agent: dict[str, Any]) -> None:
    first, second = await captured(api, agent, HELLO), await captured(api, agent, DANA_LATER)
    alone = await api.get(f"/leads/{second}")
    assert shown(alone)["company"] == "Copper Forge Ltd"
    merged = await api.post(f"/leads/{first}/merge", {"lead_ids": [second]})
    assert (merged["id"], merged["merged"], merged["twins"], merged["revision"]) == (first, [second], [], 2)
    assert shown(merged)["company"] == "Copper Forge Ltd"
    assert merged["values"]["company"] == alone["values"]["company"]
    assert [(one["field"], one["value"]) for one in merged["history"]] == [("company", "Acme Robotics")]
    assert len(merged["conversation_ids"]) == 2
    assert await listed(api) == [first]
    assert await listed(api, q="copper") == [first]
    part = await api.get(f"/leads/{second}")
    assert (part["merged_into"], part["twins"]) == (first, [])


async def test_a_merge_is_undone(api: Api, agent: dict[str, Any]) -> None:
    first, second = await captured(api, agent, HELLO), await captured(api, agent, DANA_LATER)
    before = {row["id"]: shown(row) for row in (await api.get("/leads"))["items"]}
    await api.post(f"/leads/{first}/merge", {"lead_ids": [second]})
    answer = await api.client.delete(f"/leads/{first}/merge/{second}")
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["merged"], answer.json()["twins"]) == (first, [], [second])
    assert {row["id"]: shown(row) for row in (await api.get("/leads"))["items"]} == before
    refused(await api.client.delete(f"/leads/{first}/merge/{second}"), 404, "not_found")


async def test_a_merged_lead_that_is_merged_again_comes_out_whole(api: Api, agent: dict[str, Any]) -> None:
    first, second, kim = [await captured(api, agent, one) for one in (HELLO, DANA_LATER, KIM)]
    await api.post(f"/leads/{second}/merge", {"lead_ids": [first]})
    merged = await api.post(f"/leads/{kim}/merge", {"lead_ids": [second]})
    assert sorted(merged["merged"]) == sorted([first, second])
    await api.client.delete(f"/leads/{kim}/merge/{second}")
    assert (await api.get(f"/leads/{second}"))["merged"] == [first]
    await api.post(f"/leads/{kim}/merge", {"lead_ids": [second]})
    assert (await api.client.delete(f"/leads/{kim}/merge/{first}")).json()["merged"] == [second]
    assert sorted(await listed(api)) == sorted([first, kim])


async def test_the_score_of_a_merged_lead_is_that_of_all_its_values(api: Api, agent: dict[str, Any]) -> None:
    dana, kim = await captured(api, agent, HELLO), await captured(api, agent, KIM)
    poor = await captured(api, agent, "Call me Dana.")
    merged = await api.post(f"/leads/{poor}/merge", {"lead_ids": [dana]})
    assert merged["score"] == (await api.get(f"/leads/{dana}"))["score"]
    assert await listed(api, sort="score") == [kim, poor]
    assert await listed(api, score=merged["score"]) == [poor, kim]
    await api.client.delete(f"/leads/{poor}/merge/{dana}")
    assert await listed(api, sort="score") == [kim, dana, poor]


async def test_what_a_visitor_says_in_a_part_changes_the_whole(api: Api, agent: dict[str, Any]) -> None:
    first = await captured(api, agent, HELLO)
    later = await said(api, agent, DANA_LATER)
    await api.post(f"/leads/{first}/merge", {"lead_ids": [later["lead"]["id"]]})
    before = await api.get(f"/leads/{first}")
    await said(api, agent, "Our budget is 40k EUR.", conversation_id=later["conversation_id"])
    after = await api.get(f"/leads/{first}")
    assert shown(after)["budget"]["amount"] == "40000"
    assert after["score"] > before["score"]
    assert after["revision"] == before["revision"] + 1
    assert await listed(api, score=after["score"]) == [first]


async def test_a_part_whose_consent_is_taken_back_is_gone_from_the_whole(api: Api, agent: dict[str, Any]) -> None:
    asking = await made(api, "Asking", consent_text=CONSENT)
    first, later = await captured(api, agent, "Call me Dana."), await said(api, asking, DANA_LATER)
    path = f"/conversations/{later['conversation_id']}/consent"
    given = await api.post(path, {"given": True})
    merged = await api.post(f"/leads/{first}/merge", {"lead_ids": [given["lead"]["id"]]})
    assert merged["consent"] == "given"
    await api.post(path, {"given": False})
    alone = await api.get(f"/leads/{first}")
    assert (alone["merged"], set(shown(alone))) == ([], {"name"})
    assert await listed(api, score=merged["score"]) == []


async def test_what_is_part_of_another_lead_is_changed_there(api: Api, agent: dict[str, Any]) -> None:
    first, second, kim = [await captured(api, agent, one) for one in (HELLO, DANA_LATER, KIM)]
    await api.post(f"/leads/{first}/merge", {"lead_ids": [second]})
    changed = await api.client.patch(f"/leads/{second}", json={"revision": 1, "stage": "won"})
    taken = await api.client.post(f"/leads/{kim}/merge", json={"lead_ids": [second]})
    given = await api.client.post(f"/leads/{second}/merge", json={"lead_ids": [kim]})
    for answer in (changed, taken, given, await api.client.delete(f"/leads/{second}")):
        assert first in refused(answer, 409, "part_of_another")["detail"]
    again = await api.post(f"/leads/{first}/merge", {"lead_ids": [second, second]})
    assert again["merged"] == [second]


async def test_a_merge_that_names_no_other_lead_is_refused(api: Api, agent: dict[str, Any]) -> None:
    first, kim = await captured(api, agent, HELLO), await captured(api, agent, KIM)
    refused(await api.client.post(f"/leads/{first}/merge", json={"lead_ids": []}), 422, "invalid_request")
    refused(await api.client.post(f"/leads/{first}/merge", json={"lead_ids": [first]}), 422, "invalid_request")
    unknown = await api.client.post(f"/leads/{first}/merge", json={"lead_ids": [kim, str(uuid4())]})
    refused(unknown, 404, "not_found")
    assert len(await listed(api)) == 2


# --- for whom ------------------------------------------------------------------------------
async def test_leads_are_for_sales_people_and_admins_whoever_talked_with_the_visitor(keys: Keys) -> None:
    admin, sales = await keys.sign_in(), await keys.sign_in(role=Role.SALES)
    lead_id = await captured(admin, await made(admin), HELLO)
    assert (await edited(sales, lead_id, owner="Noa"))["owner"] == "Noa"
    for role in (Role.ANALYST, Role.ML_ENGINEER, Role.DEVOPS):
        other = await keys.sign_in(role=role)
        refused(await other.client.get("/leads"), 403, "forbidden")
        refused(await other.client.get(f"/leads/{lead_id}"), 403, "forbidden")


async def test_a_merge_takes_no_idempotency_key(api: Api, agent: dict[str, Any]) -> None:
    first, second = await captured(api, agent, HELLO), await captured(api, agent, DANA_LATER)
    headers = {"Idempotency-Key": "once"}
    body = {"lead_ids": [second]}
    refused(await api.client.post(f"/leads/{first}/merge", json=body, headers=headers), 422, "invalid_request")


async def test_leads_of_another_workspace_are_no_twins(keys: Keys) -> None:
    one, other = await keys.sign_in("one"), await keys.sign_in("other")
    await captured(one, await made(one), HELLO)
    lead_id = await captured(other, await made(other), HELLO)
    [row] = (await other.get("/leads"))["items"]
    assert (UUID(row["id"]), row["twins"]) == (UUID(lead_id), [])
