"""Asking a server that is too slow: given up, cut short, and nothing that was said is lost."""

import asyncio
from typing import Any

import pytest

from backend.agents.providers import PROVIDERS
from backend.settings import Settings
from tests.mock_openai import MockServer
from tests.support import Api, events_of, refused

QUESTION = "Where is the silver key?"


@pytest.fixture(scope="module", autouse=True)
def _imported() -> None:
    """The vendor's library, whose first import would count as silence."""
    PROVIDERS.get("openai-compatible")
    import openai.resources.chat.completions  # noqa: F401 - lazily imported by the first request


@pytest.fixture
def settings(settings: Settings) -> Settings:
    quick = {"connect": 2.0, "first_token": 1.0, "idle": 1.0, "total": 3.0}
    return settings.model_copy(update={f"provider_{name}_timeout": value for name, value in quick.items()})


@pytest.fixture
async def known(api: Api) -> Api:
    await api.add_faq(QUESTION, "The silver key is under the stone.")
    await api.drain()
    return api


async def connected(api: Api, mock: MockServer, model: str) -> None:
    await api.use_provider("openai-compatible", model, base_url=mock.base_url)


async def last_turn(api: Api) -> dict[str, Any]:
    newest = (await api.get("/conversations"))["items"][0]["id"]
    turn: dict[str, Any] = (await api.get(f"/conversations/{newest}"))["turns"][-1]
    return turn


@pytest.mark.fault("C2")
async def test_a_server_that_never_answers_is_given_up_and_its_request_closed(known: Api, mock: MockServer) -> None:
    await connected(known, mock, "hang")
    problem = refused(await known.ask(QUESTION), 504, "provider_timeout")
    assert problem["retryable"] is True
    assert await asyncio.to_thread(mock.app.disconnected.wait, 5)


@pytest.mark.fault("C2")
async def test_a_stream_that_never_begins_ends_with_an_error_event(known: Api, mock: MockServer) -> None:
    await connected(known, mock, "hang")
    answer = await known.ask(QUESTION, stream=True)
    assert answer.status_code == 200
    [(name, data)] = events_of(answer.text)
    assert (name, data["problem"]["code"]) == ("error", "provider_timeout")
    assert data["problem"]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.fault("C2")
async def test_a_stream_that_never_ends_is_cut_at_its_total_and_keeps_what_was_said(
    known: Api, mock: MockServer
) -> None:
    await connected(known, mock, "drip")
    events = events_of((await known.ask(QUESTION, stream=True)).text)
    assert [events[0][0], events[-1][0]] == ["token", "error"]
    assert events[-1][1]["problem"]["code"] == "provider_timeout"
    turn = await last_turn(known)
    assert turn["content"].startswith("drip drip")
    assert turn["error"]["code"] == "provider_timeout"


@pytest.mark.fault("C2")
async def test_the_steps_of_a_silent_model_are_the_rules_and_the_answer_says_why(known: Api, mock: MockServer) -> None:
    await connected(known, mock, "hang")
    agent = await known.post(
        "/agents",
        {"name": "Planned", "provider": "openai-compatible", "parameters": {"steps": ["plan", "search", "rerank"]}},
        status=201,
    )
    answer = await known.post("/chat", {"message": "Who won the cup in 1998?", "agent_id": agent["id"]})
    taken = {step["name"]: (step["strategy"], step["failure"]) for step in answer["steps"]}
    silence = taken["plan"][1]
    assert "sent no" in silence, silence
    again = f"the model was not asked again in this answer: {silence}"
    assert taken["plan"][0] == "rules"
    assert taken["search"] == ("views", again)
    assert taken["rewrite"] == ("rules", "")
    assert len(mock.app.requests) <= 1
