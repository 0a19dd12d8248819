"""Whose a conversation is: the one who began it sees it, an admin sees all, nobody else knows of it."""

from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from backend.db.models import Conversation, Message
from contracts.access import Role
from tests.api.conftest import Keys
from tests.support import Api, refused

QUESTION = "Where is the silver key?"


async def begun(api: Api, question: str = QUESTION) -> str:
    return str((await api.asked(question))["conversation_id"])


async def listed(api: Api, **query: str | int) -> list[str]:
    return [item["id"] for item in (await api.get("/conversations", **query))["items"]]


async def make_ownerless(api: Api, conversation_id: str) -> None:
    """As it was kept before conversations had owners."""
    async with api.scope.database.write() as session:
        change = sa.update(Conversation).where(Conversation.id == UUID(conversation_id)).values(owner=None)
        await session.execute(change)


async def test_a_list_shows_only_what_one_began_oneself(keys: Keys) -> None:
    mara, jonas = await keys.sign_in(role=Role.SALES), await keys.sign_in(role=Role.SALES)
    admin = await keys.sign_in(role=Role.ADMIN)
    of_mara, of_jonas, of_admin = await begun(mara), await begun(jonas), await begun(admin)

    assert await listed(mara) == [of_mara]
    assert await listed(jonas) == [of_jonas]
    assert await listed(admin) == [of_admin]
    assert await listed(admin, all="true") == [of_admin, of_jonas, of_mara]


async def test_somebody_elses_conversation_is_answered_as_an_unknown_one(keys: Keys) -> None:
    mara, engineer = await keys.sign_in(role=Role.SALES), await keys.sign_in(role=Role.ML_ENGINEER)
    conversation = await begun(mara)
    unknown = str(uuid4())

    for path, of in ((f"/conversations/{conversation}", conversation), (f"/conversations/{unknown}", unknown)):
        for answer in (await engineer.client.get(path), await engineer.client.delete(path)):
            problem = refused(answer, 404, "not_found")
            assert problem["detail"] == f"no conversation {of!r}"
    refused(await engineer.ask("And then?", conversation_id=conversation), 404, "not_found")
    assert [turn["role"] for turn in (await mara.get(f"/conversations/{conversation}"))["turns"]] == [
        "user",
        "assistant",
    ]


async def test_an_admin_may_see_and_delete_but_not_speak_for_others(keys: Keys) -> None:
    mara, admin = await keys.sign_in(role=Role.SALES), await keys.sign_in(role=Role.ADMIN)
    conversation = await begun(mara)

    seen = await admin.get(f"/conversations/{conversation}")
    assert (seen["title"], seen["is_mine"]) == (QUESTION, False)
    assert (await mara.get(f"/conversations/{conversation}"))["is_mine"] is True
    refused(await admin.ask("And then?", conversation_id=conversation), 403, "forbidden")
    refused(await admin.ask("And then?", conversation_id=conversation, stream=True), 403, "forbidden")
    assert (await admin.client.delete(f"/conversations/{conversation}")).status_code == 204
    assert await listed(mara) == []


async def test_everybodys_list_is_for_admins(keys: Keys) -> None:
    mara = await keys.sign_in(role=Role.SALES)
    await begun(mara)
    refused(await mara.client.get("/conversations", params={"all": "true"}), 403, "forbidden")


async def test_what_a_revoked_key_began_is_left_to_the_admins(keys: Keys) -> None:
    mara, admin = await keys.sign_in(role=Role.SALES), await keys.sign_in(role=Role.ADMIN)
    conversation = await begun(mara)
    key = next(item for item in await admin.get("/keys") if item["role"] == "sales")
    assert (await admin.client.delete(f"/keys/{key['id']}")).status_code == 204

    renewed = await keys.sign_in(role=Role.SALES)

    assert await listed(renewed) == []
    assert await listed(admin, all="true") == [conversation]


async def test_a_conversation_from_before_owners_is_the_admins(keys: Keys) -> None:
    mara, admin = await keys.sign_in(role=Role.SALES), await keys.sign_in(role=Role.ADMIN)
    conversation = await begun(mara)
    await make_ownerless(mara, conversation)

    assert await listed(mara) == []
    refused(await mara.client.get(f"/conversations/{conversation}"), 404, "not_found")
    assert await listed(admin) == [conversation]
    assert (await admin.get(f"/conversations/{conversation}"))["is_mine"] is True


async def test_a_conversation_from_before_owners_goes_on_for_the_local_user(api: Api) -> None:
    conversation = await begun(api)
    await make_ownerless(api, conversation)
    assert await listed(api) == [conversation]
    assert (await api.asked("And then?", conversation_id=conversation))["conversation_id"] == conversation


@pytest.mark.parametrize(
    ("text", "found"), [("silver", [1]), ("SILVER", [1]), ("the", [2, 1]), ("100%", [2]), ("%", [2]), ("gold", [])]
)
async def test_a_list_is_searched_by_title(api: Api, text: str, found: list[int]) -> None:
    ids = {1: await begun(api, "Where is the silver key?"), 2: await begun(api, "Is the tank 100% full?")}
    assert await listed(api, q=text) == [ids[n] for n in found]


async def test_a_list_goes_on_behind_its_cursor(api: Api) -> None:
    ids = [await begun(api, f"Question {n}?") for n in range(5)]
    await begun(api, "Something else?")
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2, "q": "Question"}
    while True:
        page = await api.get("/conversations", **query)
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == ids[::-1]


async def test_a_start_ends_the_answers_that_died_with_their_process(api: Api) -> None:
    whole = await api.asked("What is the capital of Peru?")
    open_one = (await api.asked("Who won the regatta?"))["conversation_id"]
    async with api.scope.database.write() as session:
        await session.execute(
            sa.delete(Message).where(Message.conversation_id == UUID(open_one), Message.role != "user")
        )

    for _ in range(2):
        await api.scope.services.conversations.end_open()

    turns = (await api.get(f"/conversations/{open_one}"))["turns"]
    assert [(turn["role"], turn["error"] and turn["error"]["code"]) for turn in turns] == [
        ("user", None),
        ("assistant", "broken_off"),
    ]
    assert len((await api.get(f"/conversations/{whole['conversation_id']}"))["turns"]) == 2
