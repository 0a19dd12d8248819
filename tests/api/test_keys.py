"""API keys: made, used, revoked; roles and workspaces as they say."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import select

from backend.db.models import ApiKey
from contracts.access import Role
from tests.api.conftest import Keys
from tests.support import Api, client_of, refused


async def test_a_key_is_shown_once_and_stored_as_a_hash(keys: Keys) -> None:
    api = await keys.sign_in()
    made = await api.post("/keys", {"name": "robot", "role": "sales"}, status=201)

    assert made["key"].startswith("nxk_")
    assert made["record"]["hint"] == made["key"][:8]
    assert made["key"] not in str(await api.get("/keys"))
    async with api.scope.database.read() as session:
        rows = (await session.scalars(select(ApiKey))).all()
    assert made["key"] not in [row.hash for row in rows]
    assert {row["name"] for row in await api.get("/keys")} == {"robot", "default admin"}


async def test_a_key_signs_in_with_its_role_and_workspace(keys: Keys) -> None:
    admin = await keys.sign_in("tea house")
    made = await admin.post("/keys", {"name": "robot", "role": "sales"}, status=201)

    async with client_of(keys.app, made["key"]) as client:
        me = (await client.get("/me")).json()
        refused(await client.post("/keys", json={"name": "more", "role": "admin"}), 403, "forbidden")

    assert (me["name"], me["role"], me["workspace"], me["auth"]) == ("robot", "sales", "tea house", "keys")
    assert "chat" in me["permissions"]
    assert "faqs.review" not in me["permissions"]
    listed = next(row for row in await admin.get("/keys") if row["name"] == "robot")
    assert listed["last_used_at"] is not None


async def test_a_revoked_key_is_refused_at_once(keys: Keys) -> None:
    admin = await keys.sign_in()
    made = await admin.post("/keys", {"name": "robot", "role": "analyst"}, status=201)
    async with client_of(keys.app, made["key"]) as client:
        assert (await client.get("/me")).status_code == 200
        assert (await admin.client.delete(f"/keys/{made['record']['id']}")).status_code == 204
        refused(await client.get("/me"), 401, "unauthenticated")
    refused(await admin.client.delete(f"/keys/{made['record']['id']}"), 404, "not_found")


async def test_a_new_key_works_although_it_was_tried_before_it_existed(keys: Keys) -> None:
    admin = await keys.sign_in()
    async with client_of(keys.app, "nxk_" + "0" * 49) as client:
        refused(await client.get("/me"), 401, "unauthenticated")
    made = await admin.post("/keys", {"name": "robot", "role": "analyst"}, status=201)
    async with client_of(keys.app, made["key"]) as client:
        assert (await client.get("/me")).status_code == 200


@pytest.mark.parametrize("change", [lambda key: key[:-1], lambda key: key + "0", lambda key: key.swapcase()])
async def test_a_key_with_a_typo_is_refused(keys: Keys, change: object) -> None:
    admin = await keys.sign_in()
    made = await admin.post("/keys", {"name": "robot", "role": "analyst"}, status=201)
    assert callable(change)
    async with client_of(keys.app, change(made["key"])) as client:
        refused(await client.get("/me"), 401, "unauthenticated")


async def test_the_local_token_does_not_sign_in_where_keys_do_and_a_key_not_where_the_token_does(
    keys: Keys, api: Api
) -> None:
    local = api.client.headers["authorization"].removeprefix("Bearer ")
    async with client_of(keys.app, local) as client:
        refused(await client.get("/me"), 401, "unauthenticated")
    made = await api.post("/keys", {"name": "robot", "role": "admin"}, status=201)
    async with client_of(api.client._transport.app, made["key"]) as client:  # type: ignore[attr-defined]
        refused(await client.get("/me"), 401, "unauthenticated")


@pytest.mark.parametrize(
    "body",
    [{"name": "", "role": "sales"}, {"name": "x", "role": "root"}, {"name": "x"}, {"name": "x" * 201, "role": "sales"}],
)
async def test_a_key_without_a_name_or_a_known_role_is_not_made(keys: Keys, body: dict[str, str]) -> None:
    admin = await keys.sign_in()
    refused(await admin.client.post("/keys", json=body), 422, "invalid_request")
    assert len(await admin.get("/keys")) == 1


async def test_an_admin_of_one_workspace_cannot_revoke_a_key_of_another(keys: Keys) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    theirs = (await first.get("/keys"))[0]["id"]
    refused(await second.client.delete(f"/keys/{theirs}"), 404, "not_found")
    refused(await second.client.delete(f"/keys/{uuid4()}"), 404, "not_found")
    assert (await first.client.get("/me")).status_code == 200


async def test_a_reader_of_the_review_can_read_and_not_decide(keys: Keys) -> None:
    admin, sales = await keys.sign_in(role=Role.ADMIN), await keys.sign_in(role=Role.SALES)
    faq = await admin.add_faq("Why?")
    assert [one["id"] for one in await sales.faqs()] == [faq["id"]]
    refused(await sales.client.post("/faqs/reject", json={"ids": [faq["id"]]}), 403, "forbidden")
    refused(await sales.client.patch(f"/faqs/{faq['id']}", json={"revision": 1, "answer": "x"}), 403, "forbidden")
    assert (await admin.get(f"/faqs/{faq['id']}"))["status"] == "approved"


async def test_the_last_admin_key_of_a_workspace_is_not_revoked_by_the_api(keys: Keys) -> None:
    admin, sales = await keys.sign_in(), await keys.sign_in(role=Role.SALES)
    await keys.sign_in("another workspace")
    own = {row["role"]: row["id"] for row in await admin.get("/keys")}

    problem = refused(await admin.client.delete(f"/keys/{own['admin']}"), 409, "conflict")
    assert "admin" in problem["detail"]
    assert "nexus key revoke" in problem["detail"]
    assert (await admin.client.delete(f"/keys/{own['sales']}")).status_code == 204
    assert (await sales.client.get("/me")).status_code == 401

    second = await keys.sign_in()
    assert (await admin.client.delete(f"/keys/{own['admin']}")).status_code == 204
    assert len(await second.get("/keys")) == 1


async def test_of_two_admins_who_revoke_each_other_at_once_one_stays(keys: Keys) -> None:
    one, two = await keys.sign_in(), await keys.sign_in()
    first, second = [row["id"] for row in await one.get("/keys")]
    answers = await asyncio.gather(one.client.delete(f"/keys/{second}"), two.client.delete(f"/keys/{first}"))
    assert 204 in {answer.status_code for answer in answers}
    assert {answer.status_code for answer in answers} <= {204, 401, 409}
    assert [(await each.client.get("/me")).status_code for each in (one, two)].count(200) == 1


async def test_where_the_local_token_is_admin_no_key_has_to_be(api: Api) -> None:
    made = await api.post("/keys", {"name": "robot", "role": "admin"}, status=201)
    assert (await api.client.delete(f"/keys/{made['record']['id']}")).status_code == 204
