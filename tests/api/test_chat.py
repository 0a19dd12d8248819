"""Asking: plain and streamed, kept and shown again, also when somebody leaves or something breaks."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from backend.agents.providers.base import Capabilities, Done, Event, GenerationRequest, TextDelta, Usage
from backend.agents.providers.echo import EchoProvider
from backend.errors import StoreUnavailable
from backend.vectors.native import NativeStore
from tests.support import Api, RawCall, events_of, eventually, refused

QUESTION = "Where is the silver key?"
ANSWER = "The silver key is under the stone."


@pytest.fixture
async def known(api: Api) -> Api:
    """One approved FAQ in the index."""
    await api.add_faq(QUESTION, ANSWER)
    await api.drain()
    return api


async def conversation(api: Api, answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await api.get(f"/conversations/{answer['conversation_id']}")
    return found


async def test_an_answer_cites_what_it_was_drawn_from_and_is_kept(known: Api) -> None:
    answer = await known.asked(QUESTION)

    assert (answer["answered"], answer["provider"], answer["model"], answer["fallback_used"]) == (
        True,
        "builtin",
        "builtin",
        False,
    )
    assert [citation["n"] for citation in answer["citations"]] == [1]
    assert (answer["citations"][0]["title"], answer["citations"][0]["quote"]) == (QUESTION, ANSWER)
    kept = await conversation(known, answer)
    assert (kept["title"], kept["messages"]) == (QUESTION, 2)
    assert [(turn["role"], turn["content"]) for turn in kept["turns"]] == [
        ("user", QUESTION),
        ("assistant", answer["response"]),
    ]
    assert kept["turns"][1]["answer"] == answer
    assert kept["turns"][1]["id"] == answer["message_id"]


async def test_a_question_that_nothing_answers_is_said_to_be_unanswered_and_counted(known: Api) -> None:
    answer = await known.asked("Who won the football world cup in 1998?")

    assert (answer["answered"], answer["citations"]) == (False, [])
    assert answer["retrieved"]
    assert (await conversation(known, answer))["turns"][1]["answer"]["answered"] is False
    overview = await known.get("/overview")
    assert (overview["answers_today"], overview["answered_today"]) == (1, 0)


async def test_an_empty_collection_answers_nothing_and_breaks_nothing(api: Api) -> None:
    answer = await api.asked(QUESTION)
    assert (answer["answered"], answer["retrieved"]) == (False, [])


async def test_a_streamed_answer_is_tokens_then_citations_then_the_whole_answer(known: Api) -> None:
    response = await known.ask(QUESTION, stream=True)

    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["cache-control"] == "no-store"
    events = events_of(response.text)
    names = [name for name, _ in events]
    assert names == sorted(names, key=["token", "citation", "done"].index)
    assert names.count("done") == 1
    assert all(data["event"] == name for name, data in events)
    answer = events[-1][1]["answer"]
    assert "".join(data["text"] for name, data in events if name == "token") == answer["response"]
    assert [data["citation"] for name, data in events if name == "citation"] == answer["citations"]
    assert (await conversation(known, answer))["turns"][1]["answer"] == answer


@pytest.mark.parametrize("stream", [False, True])
async def test_a_header_names_the_conversation_of_an_answer(known: Api, stream: bool) -> None:
    first = await known.ask(QUESTION, stream=stream)
    [saved] = (await known.get("/conversations"))["items"]
    assert first.headers["x-conversation-id"] == saved["id"]

    again = await known.ask("And who put it there?", stream=stream, conversation_id=saved["id"])
    assert again.headers["x-conversation-id"] == saved["id"]


async def test_a_conversation_goes_on_and_shows_everything_in_order_again(known: Api) -> None:
    first = await known.asked(QUESTION)
    await known.asked("And who put it there?", conversation_id=first["conversation_id"])

    kept = await conversation(known, first)
    assert [turn["role"] for turn in kept["turns"]] == ["user", "assistant"] * 2
    assert kept["turns"][2]["content"] == "And who put it there?"
    other = await known.asked("Something else?")
    listed = (await known.get("/conversations"))["items"]
    assert [item["id"] for item in listed] == [other["conversation_id"], first["conversation_id"]]
    assert [item["messages"] for item in listed] == [2, 4]


async def test_a_deleted_conversation_is_gone(known: Api) -> None:
    answer = await known.asked(QUESTION)
    path = f"/conversations/{answer['conversation_id']}"
    assert (await known.client.delete(path)).status_code == 204
    refused(await known.client.get(path), 404, "not_found")
    refused(await known.client.delete(path), 404, "not_found")
    refused(await known.ask(QUESTION, conversation_id=answer["conversation_id"]), 404, "not_found")
    assert (await known.stored()).rows["message"] == 0


class Listening(EchoProvider):
    """Keeps the requests that it was asked."""

    def __init__(self) -> None:
        self.requests: list[GenerationRequest] = []

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        self.requests.append(request)
        async for event in super().stream(request):
            yield event


class Slow:
    """Says two words, then waits to be told to go on. While `speaks` is not set it is silent."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.speaks = asyncio.Event()
        self.speaks.set()
        self.go_on = asyncio.Event()
        self.closed = asyncio.Event()

    capabilities = Capabilities()

    async def stream(self, _request: GenerationRequest) -> AsyncIterator[Event]:
        self.asked.set()
        try:
            await self.speaks.wait()
            yield TextDelta("One ")
            yield TextDelta("two ")
            await self.go_on.wait()
            yield TextDelta("three.")
            yield Done(Usage(1, 3), "stop", "echo")
        finally:
            self.closed.set()

    async def aclose(self) -> None:
        return None


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    provider = Slow()
    monkeypatch.setattr("backend.agents.providers.echo.EchoProvider", lambda: provider)
    return provider


async def test_a_model_sees_the_saved_conversation_or_the_given_history_but_never_both(
    known: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = Listening()
    monkeypatch.setattr("backend.agents.providers.echo.EchoProvider", lambda: listening)
    await known.use_provider("echo")
    history = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Good day"}]

    first = await known.asked(QUESTION, history=history)
    await known.asked(QUESTION, conversation_id=first["conversation_id"], history=history)

    seen = [[m.content for m in request.messages if m.role != "system"] for request in listening.requests]
    assert seen[0] == ["Hello", "Good day", QUESTION]
    assert seen[1] == [QUESTION, first["response"], QUESTION]
    assert [m.content for m in listening.requests[1].messages if m.role == "assistant"] == [first["response"]]


async def begun(api: Api, app: FastAPI, **fields: Any) -> tuple[RawCall, "asyncio.Task[None]"]:
    """A streamed answer whose headers have arrived."""
    body = {"message": QUESTION, "collection_id": await api.collection(), "stream": True, **fields}
    headers = {"Authorization": api.client.headers["authorization"], "Content-Type": "application/json"}
    call = RawCall(app, "POST", "/rag-chat", headers.items(), json.dumps(body).encode())
    task = call.start()
    await call.until(lambda call: bool(call.messages))
    return call, task


async def streaming(api: Api, app: FastAPI, **fields: Any) -> tuple[RawCall, "asyncio.Task[None]"]:
    """A streamed answer whose first words have arrived."""
    call, task = await begun(api, app, **fields)
    await call.until(lambda call: b"two" in call.sent)
    return call, task


async def test_the_header_is_documented(api: Api) -> None:
    answer = (await api.get("/openapi.json"))["paths"]["/rag-chat"]["post"]["responses"]["200"]
    assert answer["headers"]["X-Conversation-ID"]["schema"] == {"type": "string", "format": "uuid"}


async def test_the_conversation_is_named_before_the_first_word(known: Api, app: FastAPI, slow: Slow) -> None:
    slow.speaks.clear()
    await known.use_provider("echo")
    call, task = await begun(known, app)
    [saved] = (await known.get("/conversations"))["items"]
    assert dict(call.messages[0]["headers"])[b"x-conversation-id"].decode() == saved["id"]
    slow.speaks.set()
    slow.go_on.set()
    await task


async def test_whoever_leaves_in_the_middle_of_an_answer_finds_its_beginning_again(
    known: Api, app: FastAPI, slow: Slow
) -> None:
    await known.use_provider("echo")
    call, task = await streaming(known, app)

    call.leave()
    await slow.closed.wait()
    await task

    async def saved() -> bool:
        items = (await known.get("/conversations"))["items"]
        return bool(items) and items[0]["messages"] == 2

    await eventually(saved)
    kept = await known.get(f"/conversations/{(await known.get('/conversations'))['items'][0]['id']}")
    turn = kept["turns"][1]
    assert (turn["content"], turn["answer"], turn["error"]["code"]) == ("One two", None, "stopped")


async def test_whoever_leaves_while_the_model_is_silent_has_stopped_it(known: Api, app: FastAPI, slow: Slow) -> None:
    slow.speaks.clear()
    await known.use_provider("echo")
    call, task = await begun(known, app)
    await slow.asked.wait()

    call.leave()
    await slow.closed.wait()
    await task

    async def saved() -> bool:
        return (await known.get("/conversations"))["items"][0]["messages"] == 2  # type: ignore[no-any-return]  # JSON

    await eventually(saved)
    kept = await known.get(f"/conversations/{(await known.get('/conversations'))['items'][0]['id']}")
    assert (kept["turns"][1]["content"], kept["turns"][1]["error"]["code"]) == ("", "stopped")


async def test_a_question_is_kept_before_its_answer_begins(known: Api, app: FastAPI, slow: Slow) -> None:
    await known.use_provider("echo")
    _, task = await streaming(known, app)
    assert (await known.get("/conversations"))["items"][0]["messages"] == 1
    slow.go_on.set()
    await task
    assert (await known.get("/conversations"))["items"][0]["messages"] == 2


async def test_a_conversation_that_is_deleted_while_it_is_answered_stays_deleted(
    known: Api, app: FastAPI, slow: Slow
) -> None:
    await known.use_provider("echo")
    call, task = await streaming(known, app)
    item = (await known.get("/conversations"))["items"][0]
    await known.client.delete(f"/conversations/{item['id']}")
    slow.go_on.set()
    await task

    assert [name for name, _ in events_of(call.sent.decode())][-1] == "done"
    stored = await known.stored()
    assert (stored.rows["conversation"], stored.rows["message"]) == (0, 0)


async def test_when_the_server_stops_a_stream_ends_with_its_reason_and_keeps_what_was_said(
    known: Api, app: FastAPI, slow: Slow
) -> None:
    await known.use_provider("echo")
    call, task = await streaming(known, app)
    app.state.stopping.set()
    await task

    name, data = events_of(call.sent.decode())[-1]
    assert (name, data["problem"]["code"], data["problem"]["retryable"]) == ("error", "shutting_down", True)
    assert (await known.get("/conversations"))["items"][0]["messages"] == 2
    assert slow.closed.is_set()


async def broken(*_: Any, **__: Any) -> None:
    raise StoreUnavailable("the vector store does not answer; try again")


@pytest.mark.fault("D6")
async def test_a_vector_store_that_fails_is_never_an_empty_answer(known: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NativeStore, "search", broken)

    problem = refused(await known.ask(QUESTION), 503, "retrieval_unavailable")
    events = events_of((await known.ask(QUESTION, stream=True)).text)

    assert problem["retryable"] is True
    assert [name for name, _ in events] == ["error"]
    assert events[0][1]["problem"]["code"] == "retrieval_unavailable"
    for item in (await known.get("/conversations"))["items"]:
        turns = (await known.get(f"/conversations/{item['id']}"))["turns"]
        assert (turns[1]["answer"], turns[1]["error"]["code"]) == (None, "retrieval_unavailable")
    assert (await known.get("/overview"))["answers_today"] == 0


async def test_an_unexpected_failure_in_a_stream_says_nothing_of_its_cause(
    known: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(NativeStore, "search", failing)
    streamed = await known.ask(QUESTION, stream=True)
    plain = await known.ask(QUESTION)

    assert "secret" not in streamed.text + plain.text
    refused(plain, 500, "internal_error")
    name, data = events_of(streamed.text)[-1]
    assert (name, data["problem"]["code"]) == ("error", "internal_error")
    assert data["problem"]["request_id"] == streamed.headers["x-request-id"]


async def test_what_is_wrong_with_a_streamed_request_is_said_before_the_stream_begins(known: Api) -> None:
    refused(await known.ask(QUESTION, stream=True, collection_id=str(uuid4())), 404, "not_found")
    refused(await known.ask(QUESTION, stream=True, conversation_id=str(uuid4())), 404, "not_found")
    refused(await known.ask("   ", stream=True), 422, "invalid_request")
    refused(await known.ask(QUESTION, top_k=21), 422, "invalid_request")
    assert (await known.get("/conversations"))["items"] == []


async def test_many_people_ask_at_once_and_each_gets_an_own_conversation(known: Api) -> None:
    answers = await asyncio.gather(*(known.asked(QUESTION) for _ in range(12)))
    assert len({answer["conversation_id"] for answer in answers}) == 12
    assert {answer["response"] for answer in answers} == {answers[0]["response"]}
    assert (await known.get("/overview"))["answered_today"] == 12
