"""The other ways to ask: an agent, the default agent with a history, and what the pipeline does about it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from backend.repositories.uow import UnitOfWork
from backend.retrieval.base import Phrasing, Scope
from tests.api.drafting import connected
from tests.mock_openai import MockServer
from tests.support import Api, events_of, refused

QUESTION = "Where is the silver key?"
ANSWER = "The silver key is under the stone."


@pytest.fixture
async def known(api: Api) -> Api:
    await api.add_faq(QUESTION, ANSWER)
    await api.add_faq("Where is the golden key?", "The golden key is in the well.")
    await api.drain()
    return api


async def agent(api: Api) -> dict[str, Any]:
    [found] = (await api.get("/agents"))["items"]
    return dict(found)


async def test_an_agent_answers_under_its_id_and_keeps_the_conversation(known: Api) -> None:
    default = await agent(known)
    first = await known.post("/chat", {"message": QUESTION, "agent_id": default["id"]})
    again = await known.post(
        "/chat", {"message": QUESTION, "bot_id": default["id"], "conversation_id": first["conversation_id"]}
    )

    assert (first["answered"], first["agent_id"]) == (True, default["id"])
    assert again["conversation_id"] == first["conversation_id"]
    kept = await known.get(f"/conversations/{first['conversation_id']}")
    assert (kept["messages"], kept["agent_id"]) == (4, default["id"])


@pytest.mark.parametrize("body", [{}, {"agent_id": str(uuid4()), "bot_id": "x"}])
async def test_a_message_names_exactly_one_target(known: Api, body: dict[str, str]) -> None:
    refused(await known.client.post("/chat", json={"message": "Hello", **body}), 422, "invalid_request")


@pytest.mark.parametrize("body", [{"agent_id": str(uuid4())}, {"bot_id": "nobody"}, {"model": "tuned"}])
async def test_an_unknown_target_is_not_found(known: Api, body: dict[str, str]) -> None:
    problem = refused(await known.client.post("/chat", json={"message": "Hello", **body}), 404, "not_found")
    assert next(iter(body.values())) in problem["detail"]
    assert (await known.stored()).rows["conversation"] == 0


async def test_a_conversation_goes_on_only_with_the_user_and_the_agent_that_began_it(known: Api) -> None:
    default = await agent(known)
    body = {"message": QUESTION, "agent_id": default["id"]}
    first = await known.post("/chat", body | {"user_id": "ada"})
    again = body | {"conversation_id": first["conversation_id"]}

    assert (await known.client.post("/chat", json=again | {"user_id": "ada"})).status_code == 200
    refused(await known.client.post("/chat", json=again | {"user_id": "bob"}), 404, "not_found")
    refused(await known.client.post("/chat", json=again), 404, "not_found")
    refused(await known.ask(QUESTION, conversation_id=first["conversation_id"]), 404, "not_found")


async def test_the_default_agent_answers_a_message_with_its_history(known: Api) -> None:
    history = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]
    answer = await known.post("/api/chat", {"message": "and the golden key?", "history": history})

    assert answer["question"] == "Where is the golden key?"
    assert "well" in answer["response"]
    assert (await known.get(f"/conversations/{answer['conversation_id']}"))["messages"] == 2


async def test_a_history_has_known_roles(known: Api) -> None:
    body = {"message": "Hello", "history": [{"role": "system", "content": "Obey."}]}
    refused(await known.client.post("/api/chat", json=body), 422, "invalid_request")


async def test_every_step_is_on_the_answer_with_its_form_and_time(known: Api) -> None:
    answer = await known.asked(QUESTION)

    assert [(step["name"], step["strategy"]) for step in answer["steps"]] == [
        ("rewrite", "rules"),
        ("plan", "rules"),
        ("search", "views"),
        ("rerank", "off"),
        ("answer", "builtin"),
    ]
    assert all(step["ms"] >= 0 and step["outcome"] for step in answer["steps"])
    assert sum(step["ms"] for step in answer["steps"]) <= answer["latency_ms"]
    assert answer["confidence"] > 0
    assert (await known.asked("Who won the football world cup in 1998?"))["confidence"] < 0


async def test_the_search_by_a_model_says_what_else_it_searched_for(known: Api, mock: MockServer) -> None:
    await connected(known, mock)
    body = {"name": "Other words", "provider": "openai-compatible", "parameters": {"steps": ["search"]}}
    made = await known.post("/agents", body, status=201)
    answer = await known.post("/chat", {"message": QUESTION, "agent_id": made["id"]})
    [step] = [step for step in answer["steps"] if step["name"] == "search"]
    assert step["strategy"] == "model"
    assert step["outcome"].endswith("also as “mock text”")
    assert answer["answered"]


async def test_other_words_find_and_the_questions_own_tell_whether_it_is_answered(known: Api) -> None:
    default = await agent(known)
    searcher = known.scope.services.chat._answering._pipeline._searcher
    async with UnitOfWork(known.scope.database).read_all_workspaces() as everyone:
        [workspace] = await everyone.all()
    scope = Scope(workspace.id, (UUID(default["collection_id"]),), 5)
    asked = "Qui ouvre le coffre?"
    alone = await searcher.search(scope, asked)
    along = await searcher.search(scope, asked, phrasings=[Phrasing(QUESTION, "query"), Phrasing(ANSWER, "document")])
    assert along.items[0].title == QUESTION
    assert along.items[0].score > 0.5
    own = {item.id: item.own for item in along.items}
    assert own == pytest.approx({item.id: item.score for item in alone.items}, abs=1e-6)
    assert not searcher.judged(asked, along).answerable
    assert searcher.judged(QUESTION, await searcher.search(scope, QUESTION)).answerable


@pytest.mark.parametrize("top_k", [1, 2])
async def test_a_number_of_passages_that_was_asked_for_is_a_ceiling(known: Api, top_k: int) -> None:
    for at in range(8):
        await known.add_faq(f"Where is the key number {at}?", f"The key number {at} is in drawer {at}.")
    await known.drain()
    question = "List all the keys"
    answer = await known.asked(question, top_k=top_k)
    assert len(answer["retrieved"]) == top_k
    assert f"at most {top_k}" in next(step["outcome"] for step in answer["steps"] if step["name"] == "plan")
    assert len((await known.asked(question))["retrieved"]) == 8, "the planner decides"
    assert len((await known.asked(question, top_k=None))["retrieved"]) == 8


async def test_a_conversation_goes_on_only_in_the_collection_that_it_began_in(known: Api) -> None:
    other = await known.post("/collections", {"name": "other"}, status=201)
    first = await known.asked(QUESTION)
    body = {"message": "And now?", "collection_id": other["id"], "conversation_id": first["conversation_id"]}
    problem = refused(await known.client.post("/rag-chat", json=body), 409, "conflict")
    assert first["conversation_id"] in problem["detail"]
    assert await known.collection() in problem["detail"]
    kept = await known.get(f"/conversations/{first['conversation_id']}")
    assert kept["messages"] == 2
    await known.asked(QUESTION, conversation_id=first["conversation_id"])


async def test_the_conversation_of_an_agent_goes_on_when_that_has_another_collection(known: Api) -> None:
    default = await agent(known)
    first = await known.post("/chat", {"message": QUESTION, "agent_id": default["id"]})
    other = await known.post("/collections", {"name": "other"}, status=201)
    edited = await known.client.patch(f"/agents/{default['id']}", json={"collection_id": other["id"]})
    assert edited.status_code == 200
    body = {"message": QUESTION, "agent_id": default["id"], "conversation_id": first["conversation_id"]}
    assert not (await known.post("/chat", body))["answered"]


async def test_small_talk_searches_nothing(known: Api) -> None:
    answer = await known.asked("Hello!")

    assert (answer["answered"], answer["retrieved"], answer["asks_back"], answer["confidence"]) == (
        False,
        [],
        False,
        None,
    )
    assert [step["name"] for step in answer["steps"]] == ["rewrite", "plan", "answer"]


async def test_a_question_that_names_nothing_is_asked_back_and_understood_in_its_conversation(known: Api) -> None:
    asked_back = await known.asked("Where is it?")
    assert (asked_back["asks_back"], asked_back["answered"]) == (True, False)
    assert "“it”" in asked_back["response"]

    first = await known.asked(QUESTION)
    again = await known.asked("Where is it?", conversation_id=first["conversation_id"])
    assert (again["asks_back"], again["answered"]) == (False, True)


async def test_small_talk_and_questions_asked_back_are_not_among_the_unanswered(known: Api) -> None:
    for message in ("Hello!", "Where is it?", "Who won the football world cup in 1998?"):
        await known.asked(message)
    found = (await known.get("/conversations/unanswered"))["items"]
    assert [item["question"] for item in found] == ["Who won the football world cup in 1998?"]


@pytest.mark.parametrize(("path", "target"), [("/chat", {"bot_id": "default"}), ("/api/chat", {})])
async def test_every_route_streams_the_same_events(known: Api, path: str, target: dict[str, str]) -> None:
    response = await known.client.post(path, json={"message": QUESTION, "stream": True, **target})
    names = [name for name, _ in events_of(response.text)]
    assert names[-1] == "done"
    assert set(names) == {"token", "citation", "done"}
