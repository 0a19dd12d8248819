"""Where a conversation was begun: the pages say who they are, all others are programs."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from backend.db.models import Conversation
from contracts.chat import CLIENT_HEADER, PAGES
from tests.support import Api, refused

QUESTION = "What is the capital of Peru?"


async def begun(api: Api, **headers: str) -> str:
    body = {"message": QUESTION, "collection_id": await api.collection()}
    answer = await api.client.post("/rag-chat", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["conversation_id"])


async def listed(api: Api, path: str, *sources: str) -> dict[str, str]:
    """Conversation -> source."""
    query: Any = [("source", source) for source in sources]
    answer = await api.client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return {one.get("id") or one["conversation_id"]: one["source"] for one in answer.json()["items"]}


@pytest.mark.parametrize("path", ["/conversations", "/conversations/unanswered"])
async def test_conversations_and_unanswered_questions_tell_where_they_were_asked(api: Api, path: str) -> None:
    on_pages, by_program, earlier = await begun(api, **{CLIENT_HEADER: PAGES}), await begun(api), await begun(api)
    async with api.scope.database.write() as session:
        change = sa.update(Conversation).where(Conversation.id == UUID(earlier)).values(source=None)
        await session.execute(change)  # from before it was kept

    everything = {on_pages: "pages", by_program: "program", earlier: "unknown"}
    assert await listed(api, path) == everything
    assert await listed(api, path, "program") == {by_program: "program"}
    assert await listed(api, path, "pages", "unknown") == {on_pages: "pages", earlier: "unknown"}
    refused(await api.client.get(path, params={"source": "moon"}), 422, "invalid_request")


async def test_the_other_routes_tell_it_too(api: Api) -> None:
    agent = (await api.get("/agents"))["items"][0]
    chat = {"message": QUESTION, "agent_id": agent["id"]}
    body = {"model": "default", "messages": [{"role": "user", "content": QUESTION}]}
    await api.client.post("/chat", json=chat, headers={CLIENT_HEADER: PAGES})
    await api.post("/chat", chat)
    await api.post("/api/chat", {"message": QUESTION})
    await api.post("/v1/chat/completions", body)
    assert sorted((await listed(api, "/conversations")).values()) == ["pages", "program", "program", "program"]


async def test_a_conversation_stays_where_it_was_begun(api: Api) -> None:
    conversation = await begun(api, **{CLIENT_HEADER: PAGES})
    await api.asked(QUESTION, conversation_id=conversation)
    assert (await api.get(f"/conversations/{conversation}"))["source"] == "pages"
