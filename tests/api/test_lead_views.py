"""Saved views of leads: what is asked for again, by a name."""

from uuid import uuid4

import pytest

from contracts.access import Role
from tests.api.conftest import Keys
from tests.api.test_smart_chat import made
from tests.support import Api, refused


async def test_a_view_is_kept_by_its_name_with_who_saved_it_and_replaced(api: Api) -> None:
    agent = await made(api)
    first = {"stage": "new", "agent_id": agent["id"], "owner": "Noa", "score": 50, "sort": "score"}
    made_first = await api.client.put("/lead_views/Hot leads", json={**first, "since": "2026-11-29T08:00:00Z"})
    assert made_first.status_code == 200
    kept = await api.get("/lead_views/Hot leads")
    assert kept == made_first.json()
    assert kept["view"] == {**first, "since": "2026-11-29T08:00:00Z"}
    assert kept["author"] == (await api.get("/me"))["name"]
    await api.client.put("/lead_views/Hot leads", json={"stage": "won"})
    await api.client.put("/lead_views/All", json={})
    views = await api.get("/lead_views")
    assert [(view["name"], view["view"]["stage"], view["view"]["sort"]) for view in views] == [
        ("All", None, "newest"),
        ("Hot leads", "won", "newest"),
    ]


async def test_a_view_that_is_deleted_is_not_found(api: Api) -> None:
    await api.client.put("/lead_views/Hot leads", json={})
    assert (await api.client.delete("/lead_views/Hot leads")).status_code == 204
    for method in ("GET", "DELETE"):
        refused(await api.client.request(method, "/lead_views/Hot leads"), 404, "not_found")


@pytest.mark.parametrize("body", [{"stage": "gone"}, {"score": 101}, {"q": "dana@acme.io"}, {"since": "yesterday"}])
async def test_a_view_of_what_is_no_filter_is_refused(api: Api, body: dict[str, object]) -> None:
    refused(await api.client.put("/lead_views/Mine", json=body), 422, "invalid_request")


async def test_a_view_of_an_agent_that_is_not_there_is_refused(api: Api) -> None:
    refused(await api.client.put("/lead_views/Mine", json={"agent_id": str(uuid4())}), 404, "not_found")
    assert await api.get("/lead_views") == []


async def test_views_are_shared_in_a_workspace(keys: Keys) -> None:
    admin, sales = await keys.sign_in(), await keys.sign_in(role=Role.SALES)
    await sales.client.put("/lead_views/Mine", json={})
    assert [view["name"] for view in await admin.get("/lead_views")] == ["Mine"]
