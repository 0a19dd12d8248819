"""Asking through an OpenAI-compatible server, sound and broken."""

import asyncio
import json
import logging
import socket
from typing import Any

import pytest
from fastapi import FastAPI

from tests.mock_openai import MockServer
from tests.support import Api, RawCall, events_of, eventually, refused

QUESTION = "Where is the silver key?"
ANSWER = "The silver key is under the stone."
KEY = "sk-test-abcdefghij0123456789"


@pytest.fixture
async def known(api: Api) -> Api:
    await api.add_faq(QUESTION, ANSWER)
    await api.drain()
    return api


async def connected(api: Api, mock: MockServer, model: str = "ok") -> Api:
    await api.use_provider("openai-compatible", model, base_url=mock.base_url, api_key=KEY)
    return api


async def last_turn(api: Api) -> dict[str, Any]:
    newest = (await api.get("/conversations"))["items"][0]["id"]
    turn: dict[str, Any] = (await api.get(f"/conversations/{newest}"))["turns"][-1]
    return turn


async def test_the_model_answers_from_the_passages_with_citations(known: Api, mock: MockServer) -> None:
    await connected(known, mock)
    answer = await known.asked(QUESTION)

    assert (answer["response"], answer["provider"], answer["model"]) == (f"{ANSWER} [1]", "openai-compatible", "ok")
    assert [citation["n"] for citation in answer["citations"]] == [1]
    assert answer["usage"] == {"input_tokens": 12, "output_tokens": 7, "cost_usd": None}
    [request] = mock.app.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"


async def test_the_model_streams_and_the_marks_stay_whole(known: Api, mock: MockServer) -> None:
    await connected(known, mock)
    events = events_of((await known.ask(QUESTION, stream=True)).text)
    tokens = [data["text"] for name, data in events if name == "token"]
    assert len(tokens) > 2
    assert "".join(tokens) == f"{ANSWER} [1]"
    assert [name for name, _ in events][-2:] == ["citation", "done"]


async def test_a_citation_of_what_was_not_given_is_removed_before_anybody_sees_it(known: Api, mock: MockServer) -> None:
    await connected(known, mock, "badcite")
    plain = await known.asked(QUESTION)
    events = events_of((await known.ask(QUESTION, stream=True)).text)

    assert "[41]" not in str(events)
    assert plain["response"] == f"{ANSWER} [1] The moon is made of cheese."
    assert [citation["n"] for citation in plain["citations"]] == [1]
    assert (await last_turn(known))["content"] == plain["response"]


async def test_a_model_that_does_not_know_lowers_the_verdict(known: Api, mock: MockServer) -> None:
    await connected(known, mock, "unsure")
    answer = await known.asked(QUESTION)
    assert (answer["answered"], answer["citations"]) == (False, [])
    assert answer["retrieved"]


async def test_a_question_that_the_passages_do_not_answer_costs_no_request(known: Api, mock: MockServer) -> None:
    await connected(known, mock)
    answer = await known.asked("Who won the football world cup in 1998?")
    assert answer["answered"] is False
    assert mock.app.requests == []
    assert (answer["provider"], answer["model"], answer["fallback_used"]) == ("builtin", "builtin", False)


async def test_a_model_that_the_built_in_provider_does_not_have_is_refused(known: Api) -> None:
    agent = (await known.get("/agents"))["items"][0]
    answer = await known.client.patch(f"/agents/{agent['id']}", json={"model": "gpt-9"})
    assert "known: ['builtin']" in refused(answer, 422, "invalid_request")["detail"]
    assert (await known.get("/agents"))["items"][0] == agent


@pytest.mark.fault("C1")
async def test_a_server_that_refuses_connections_is_unavailable_and_the_question_is_kept(known: Api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    await known.use_provider("openai-compatible", "ok", base_url=f"http://127.0.0.1:{port}/v1")

    problem = refused(await known.ask(QUESTION), 503, "provider_unavailable")

    assert problem["retryable"] is True
    turn = await last_turn(known)
    assert (turn["role"], turn["answer"], turn["error"]["code"]) == ("assistant", None, "provider_unavailable")


@pytest.mark.fault("C1")
async def test_a_host_that_does_not_exist_is_unavailable(known: Api) -> None:
    await known.use_provider("openai-compatible", "ok", base_url="http://no-such-host.invalid/v1")
    refused(await known.ask(QUESTION), 503, "provider_unavailable")


@pytest.mark.fault("C5")
@pytest.mark.parametrize(
    ("model", "code"),
    [
        ("status-400", "provider_rejected"),
        ("status-401", "provider_auth_failed"),
        ("status-403", "provider_auth_failed"),
        ("status-404", "provider_rejected"),
    ],
)
async def test_a_refusal_is_not_tried_again_and_tells_an_admin_what_to_do(
    known: Api, mock: MockServer, model: str, code: str
) -> None:
    await connected(known, mock, model)
    problem = refused(await known.ask(QUESTION), 502, code)
    assert problem["retryable"] is False
    assert len(mock.app.requests) == 1


@pytest.mark.fault("C5")
async def test_a_key_that_the_vendor_repeats_is_masked_everywhere(
    known: Api, mock: MockServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await connected(known, mock, "leak-401")
    plain = await known.ask(QUESTION)
    streamed = await known.ask(QUESTION, stream=True)
    checked = await known.client.post("/providers/openai-compatible/check")

    refused(plain, 502, "provider_auth_failed")
    refused(checked, 502, "provider_auth_failed")
    seen = plain.text + streamed.text + checked.text + str(await last_turn(known)) + caplog.text
    assert KEY not in seen
    assert "abcdefghij" not in seen


async def test_a_request_to_slow_down_is_passed_on_with_its_time(known: Api, mock: MockServer) -> None:
    await connected(known, mock, "429-hour")
    answer = await known.ask(QUESTION)
    assert refused(answer, 429, "provider_rate_limited")["retryable"] is True
    assert answer.headers["retry-after"] == "3600"


async def test_a_server_that_stumbles_is_asked_again(known: Api, mock: MockServer) -> None:
    await connected(known, mock, "flaky")
    assert (await known.asked(QUESTION))["response"] == f"{ANSWER} [1]"
    assert len(mock.app.requests) == 3


@pytest.mark.parametrize("model", ["garbage", "garbage-sse", "cut"])
async def test_an_answer_that_cannot_be_read_is_a_problem(known: Api, mock: MockServer, model: str) -> None:
    await connected(known, mock, model)
    answer = await known.ask(QUESTION)
    assert answer.status_code in (502, 503), answer.text
    assert answer.json()["code"].startswith("provider_")


@pytest.mark.parametrize(("model", "said"), [("drip", b"drip"), ("hang", b"")])
async def test_whoever_leaves_stops_the_model_too(
    known: Api, mock: MockServer, app: FastAPI, model: str, said: bytes
) -> None:
    await connected(known, mock, model)
    body = {"message": QUESTION, "collection_id": await known.collection(), "stream": True}
    headers = {"Authorization": known.client.headers["authorization"], "Content-Type": "application/json"}
    call = RawCall(app, "POST", "/rag-chat", headers.items(), json.dumps(body).encode())
    task = call.start()
    await call.until(lambda call: bool(call.messages) and said in call.sent)
    assert await asyncio.to_thread(mock.app.started.wait, 20)

    call.leave()
    await task

    assert await asyncio.to_thread(mock.app.disconnected.wait, 5)

    async def saved() -> bool:
        return (await last_turn(known))["role"] == "assistant"  # type: ignore[no-any-return]  # JSON

    await eventually(saved)
    turn = await last_turn(known)
    assert turn["content"].startswith(said.decode())
    assert turn["error"]["code"] == "stopped"


async def test_after_a_question_that_failed_the_model_still_gets_turns_of_alternating_roles(
    known: Api, mock: MockServer
) -> None:
    api = await connected(known, mock)
    first = await api.ask(QUESTION)
    conversation = first.json()["conversation_id"]
    await connected(known, mock, "status-401")
    refused(await api.ask(QUESTION, conversation_id=conversation), 502, "provider_auth_failed")
    await connected(known, mock)
    answer = await api.ask(QUESTION, conversation_id=conversation)
    assert answer.status_code == 200
    turns: Any = mock.app.requests[-1].body["messages"]
    roles = [turn["role"] for turn in turns if turn["role"] != "system"]
    assert roles == ["user", "assistant", "user"]


@pytest.mark.parametrize("has_fallback", [True, False])
async def test_an_agent_whose_key_is_gone_answers_with_its_fallback(
    known: Api, monkeypatch: pytest.MonkeyPatch, *, has_fallback: bool
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    agent = (await known.get("/agents"))["items"][0]["id"]
    fallbacks = [{"provider": "builtin"}] if has_fallback else []
    edit = {"provider": "anthropic", "model": "claude-haiku-5-5", "fallbacks": fallbacks}
    assert (await known.client.patch(f"/agents/{agent}", json=edit)).status_code == 200
    monkeypatch.delenv("ANTHROPIC_API_KEY")

    answer = await known.client.post("/chat", json={"message": QUESTION, "agent_id": agent})
    if has_fallback:
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["provider"], found["fallback_used"], found["answered"]) == ("builtin", True, True)
    else:
        assert "needs a key" in refused(answer, 422, "invalid_request")["detail"]
