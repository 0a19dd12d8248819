"""Every provider by its name: set up, chosen for an agent, and reached by OpenAI's client and the own routes."""

from typing import Any

import pytest
from fastapi import FastAPI

from backend.agents.providers import PROVIDERS
from tests.api.openai_client import client_of, token_of
from tests.mock_openai import MockServer
from tests.support import Api, events_of

OFFLINE = {"builtin", "echo", "local"}
SERVERS = sorted(set(PROVIDERS.vendors) - OFFLINE)
QUESTION = "Where is the silver key?"
ANSWER = "The silver key is under the stone."


@pytest.fixture
async def known(api: Api) -> Api:
    await api.add_faq(QUESTION, ANSWER)
    await api.drain()
    return api


async def agent_at(known: Api, mock: MockServer, vendor: str) -> dict[str, Any]:
    """An agent of the vendor, whose server the mock is; nobody steps in for it."""
    row = {"base_url": mock.url_of(vendor), "api_key": "sk-mock-1234567890", "model": "ok"}
    assert (await known.client.put(f"/providers/{vendor}", json=row)).status_code == 200
    made: dict[str, Any] = await known.post("/agents", {"name": f"at-{vendor}", "provider": vendor}, status=201)
    return made


@pytest.mark.parametrize("vendor", SERVERS)
async def test_a_provider_is_reached_by_its_name_through_every_door(
    known: Api, app: FastAPI, mock: MockServer, vendor: str
) -> None:
    agent = await agent_at(known, mock, vendor)

    answer = await known.post("/chat", {"message": QUESTION, "agent_id": agent["id"]})
    assert (answer["provider"], answer["fallback_used"], answer["answered"]) == (vendor, False, True)
    assert "under the stone" in answer["response"]
    assert [one["title"] for one in answer["citations"]] == [QUESTION]
    assert answer["usage"]["output_tokens"] > 0

    streamed = await known.client.post("/chat", json={"message": QUESTION, "agent_id": agent["id"], "stream": True})
    done = next(data["answer"] for event, data in events_of(streamed.text) if event == "done")
    assert (done["provider"], done["answered"]) == (vendor, True)

    async with client_of(app, token_of(known)) as client:
        asked: Any = {"model": agent["name"], "messages": [{"role": "user", "content": QUESTION}]}
        completion = await client.chat.completions.create(**asked)
        assert "under the stone" in (completion.choices[0].message.content or "")
        assert completion.usage is not None
        assert completion.usage.completion_tokens > 0
        stream = await client.chat.completions.create(**asked, stream=True)
        said = "".join([chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])
        assert "under the stone" in said
