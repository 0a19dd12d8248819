"""What one key may ask: the 51st turn, the 61st question of a minute, the 11th answer at the same time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from backend.app import create_app
from backend.errors import Conflict, TooManyRequests
from backend.security.principal import Principal
from backend.services.limits import ChatLimits, Limits
from backend.settings import Settings
from contracts.access import Role
from tests.api.conftest import Keys
from tests.mock_openai import MockServer
from tests.support import Api, refused

pytestmark = pytest.mark.fault("E3")


@pytest.fixture
async def keys(settings: Settings) -> AsyncIterator[Keys]:
    limits = {"limit_turns": 50, "limit_requests": 60, "limit_streams": 10}
    settings = settings.model_copy(update={"auth": "keys", "outbound_allow": ("127.0.0.1",), **limits})
    app = create_app(settings)
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        yield Keys(app, settings, stack)


async def ask(api: Api, **fields: object) -> dict[str, object]:
    answer: dict[str, object] = await api.post("/api/chat", {"message": "How do I descale the machine?", **fields})
    return answer


async def test_the_61st_question_of_a_minute_waits_and_another_key_does_not(keys: Keys) -> None:
    sales, other = [await keys.sign_in(role=role) for role in (Role.SALES, Role.ANALYST)]
    for _ in range(60):
        await ask(sales)
    answer = await sales.client.post("/api/chat", json={"message": "One more?"})
    assert "60 questions" in refused(answer, 429, "too_many_requests")["detail"]
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    openai = await sales.client.post(
        "/v1/chat/completions", json={"model": "default", "messages": [{"role": "user", "content": "One more?"}]}
    )
    assert (openai.status_code, openai.json()["error"]["type"]) == (429, "rate_limit_error")
    await ask(other)


async def test_the_51st_question_of_a_conversation_is_refused_and_a_new_one_begins(keys: Keys) -> None:
    sales = await keys.sign_in(role=Role.SALES)
    agents = await sales.get("/agents")
    agent = agents["items"][0]["id"]
    body = {"message": "How do I descale the machine?", "agent_id": agent}
    first = await sales.post("/chat", body)
    for _ in range(49):
        await sales.post("/chat", {**body, "conversation_id": first["conversation_id"]})
    answer = await sales.client.post("/chat", json={**body, "conversation_id": first["conversation_id"]})
    assert "50 questions; begin a new one" in refused(answer, 409, "conflict")["detail"]
    await sales.post("/chat", body)


async def test_the_11th_answer_at_the_same_time_waits_until_one_has_ended(keys: Keys, mock: MockServer) -> None:
    admin, sales = await keys.sign_in(), await keys.sign_in(role=Role.SALES)
    put = await admin.client.put("/providers/openai-compatible", json={"base_url": mock.base_url, "model": "hang"})
    assert put.status_code == 200, put.text
    await admin.add_faq("How do I descale the machine?")
    await admin.drain()
    agent = (await admin.get("/agents"))["items"][0]["id"]
    patch = await admin.client.patch(f"/agents/{agent}", json={"provider": "openai-compatible", "model": "hang"})
    assert patch.status_code == 200, patch.text
    hanging = [asyncio.create_task(ask(sales)) for _ in range(10)]
    while len(mock.app.requests) < 10:
        await asyncio.sleep(0.01)
    answer = await sales.client.post("/api/chat", json={"message": "How do I descale the machine?"})
    assert "10 answers" in refused(answer, 429, "too_many_requests")["detail"]
    assert answer.headers["retry-after"] == "1"

    hanging[0].cancel()
    await asyncio.wait(hanging[:1])
    await admin.client.patch(f"/agents/{agent}", json={"provider": "builtin", "model": "builtin"})
    await ask(sales)
    for task in hanging:
        task.cancel()
    await asyncio.wait(hanging)


async def test_administrators_and_the_local_token_have_no_limits(keys: Keys) -> None:
    admin = await keys.sign_in()
    for _ in range(61):
        await ask(admin)


def test_limits_are_counted_by_key_and_time_and_given_back() -> None:
    now = [0.0]
    limits = ChatLimits(Limits(turns=2, requests=2, streams=2), clock=lambda: now[0])
    workspace = uuid4()
    one, other = [Principal(workspace, Role.SALES, uuid4(), "a key") for _ in range(2)]
    local = Principal(workspace, Role.SALES, None, "local")
    slots = [limits.enter(one), limits.enter(one)]
    with pytest.raises(TooManyRequests, match="2 answers"):
        limits.enter(one)
    limits.enter(other)
    for _ in range(5):
        limits.enter(local)
    slots[0].release()
    slots[0].release()
    with pytest.raises(TooManyRequests, match="again in 60 s"):
        limits.enter(one)
    now[0] = 60.0
    again = limits.enter(one)
    with pytest.raises(TooManyRequests, match="2 answers"):
        limits.enter(one)
    del again, slots
    now[0] = 121.0
    limits.enter(one)
    limits.check_turns(one, 1)
    limits.check_turns(local, 2)
    with pytest.raises(Conflict, match="2 questions"):
        limits.check_turns(one, 2)
