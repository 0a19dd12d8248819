"""What an agent's answers take of its day: the model's steps, answers that were stopped, many at the same time."""

import asyncio
import json
from itertools import islice
from typing import Any

import pytest
from fastapi import FastAPI

from tests.mock_openai import MockServer
from tests.support import Api, RawCall, eventually

QUESTION = "Where is the silver key?"
CALL = 19
"""Tokens that the mock counts for each call."""


@pytest.fixture
async def known(api: Api, mock: MockServer) -> Api:
    await api.add_faq(QUESTION, "The silver key is under the stone.")
    await api.drain()
    settings = {"base_url": mock.base_url, "api_key": "sk-test-0123456789", "model": "ok"}
    assert (await api.client.put("/providers/openai-compatible", json=settings)).status_code == 200
    return api


async def agent(api: Api, **body: Any) -> str:
    made = await api.post("/agents", {"name": "Sales", "provider": "openai-compatible", **body}, status=201)
    return str(made["id"])


async def used(api: Api, agent_id: str) -> int:
    return int((await api.get(f"/agents/{agent_id}"))["used_today"])


async def test_the_steps_that_a_model_takes_are_in_the_usage_of_the_answer(known: Api, mock: MockServer) -> None:
    every = await agent(known, parameters={"steps": ["plan"]}, daily_tokens=10_000)
    answer = await known.post("/chat", {"message": QUESTION, "agent_id": every})
    assert len(mock.app.requests) == 2
    assert (answer["usage"]["input_tokens"], answer["usage"]["output_tokens"]) == (24, 14)
    assert await used(known, every) == 2 * CALL


async def test_quoting_takes_nothing_of_the_day(known: Api) -> None:
    quoting = await agent(known, provider="builtin", daily_tokens=1)
    for _ in range(2):
        answer = await known.post("/chat", {"message": QUESTION, "agent_id": quoting})
        assert (answer["answered"], answer["usage"]["input_tokens"], answer["usage"]["output_tokens"]) == (True, 0, 0)
    assert await used(known, quoting) == 0


@pytest.mark.fault("C13")
@pytest.mark.parametrize(("model", "said"), [("drip", b"drip"), ("hang", b"")])
async def test_an_answer_that_is_stopped_is_charged(
    known: Api, mock: MockServer, app: FastAPI, model: str, said: bytes
) -> None:
    stopped = await agent(known, model=model, daily_tokens=100_000)
    body = {"message": QUESTION, "agent_id": stopped, "stream": True}
    headers = {"Authorization": known.client.headers["authorization"], "Content-Type": "application/json"}
    call = RawCall(app, "POST", "/chat", headers.items(), json.dumps(body).encode())
    task = call.start()
    await call.until(lambda call: bool(call.messages) and said in call.sent)
    assert await asyncio.to_thread(mock.app.started.wait, 20)
    held = await used(known, stopped)

    call.leave()
    await task

    async def settled() -> bool:
        return await used(known, stopped) != held

    await eventually(settled)
    assert 100 < await used(known, stopped) < held


@pytest.mark.fault("C13")
async def test_questions_at_the_same_time_see_each_other(known: Api, mock: MockServer) -> None:
    slow = await agent(known, model="hang", daily_tokens=2_000)
    body = {"message": QUESTION, "agent_id": slow}
    asking = [asyncio.ensure_future(known.client.post("/chat", json=body)) for _ in range(12)]
    for ended in islice(asyncio.as_completed(asking), 10):
        answer = await ended
        assert (answer.status_code, answer.json()["code"]) == (429, "budget_exhausted")
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    assert len(mock.app.requests) <= 2
