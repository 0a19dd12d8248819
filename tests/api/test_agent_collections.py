"""An agent that answers from several collections: how it is given them, and where a question is searched."""

from typing import Any
from uuid import uuid4

import pytest

from backend.embeddings.catalogue import MINILM
from tests.api.batches import compared, dataset_of
from tests.api.conftest import Keys
from tests.mock_openai import MockServer
from tests.support import Api, refused

LEAVE = ("How many days of annual leave do I get?", "Everybody has thirty days of annual leave.")
PRICE = ("What does the Pro plan cost?", "The Pro plan costs nine euros a month.")
NOTICE = "How long is the notice period?"
OF_WORK = "The notice period is three months for employees."
OF_PLANS = "The notice period is two weeks for subscriptions."
Json = dict[str, Any]


async def filled(api: Api, name: str, *faqs: tuple[str, str], model: str | None = None) -> str:
    """A collection of its own FAQs, by its id."""
    made = await api.post("/collections", {"name": name, "embedding_model": model}, status=201)
    body = {"collection": name, "faqs": [{"question": question, "answer": answer} for question, answer in faqs]}
    await api.post("/ingest", body, status=202)
    await api.drain()
    return str(made["id"])


async def made(api: Api, *collections: str, **fields: Any) -> Json:
    first, *more = collections
    body = {"name": "Desk", "collection_id": first, "more_collection_ids": more, **fields}
    agent: Json = await api.post("/agents", body, status=201)
    return agent


async def asked(api: Api, agent: Json, message: str) -> Json:
    answer: Json = await api.post("/chat", {"message": message, "agent_id": agent["id"]})
    return answer


def outcome(answer: Json, step: str) -> str:
    return str(next(one["outcome"] for one in answer["steps"] if one["name"] == step))


def found_in(answer: Json) -> set[str | None]:
    return {one["collection"] for one in answer["retrieved"]}


@pytest.fixture
async def hr(api: Api) -> str:
    return await filled(api, "hr_policies", LEAVE, (NOTICE, OF_WORK))


@pytest.fixture(params=["hashing", MINILM.name])
async def pricing(api: Api, request: pytest.FixtureRequest) -> str:
    """Once with the model of the other collection, once with another one."""
    return await filled(api, "pricing", PRICE, (NOTICE, OF_PLANS), model=request.param)


@pytest.fixture
async def desk(api: Api, hr: str, pricing: str) -> Json:
    return await made(api, hr, pricing)


# --- answers -------------------------------------------------------------------------
@pytest.mark.parametrize(("question", "answer", "collection"), [(*LEAVE, "hr_policies"), (*PRICE, "pricing")])
async def test_one_agent_answers_what_is_in_either_collection(
    api: Api, desk: Json, question: str, answer: str, collection: str
) -> None:
    said = await asked(api, desk, question)
    assert said["answered"]
    assert answer in said["response"]
    assert said["citations"][0]["collection"] == collection
    assert found_in(said) == {"hr_policies", "pricing"}
    assert "in hr_policies and pricing" in outcome(said, "search")


@pytest.mark.parametrize(
    ("name", "answer", "collection"), [("HR", OF_WORK, "hr_policies"), ("pricing", OF_PLANS, "pricing")]
)
async def test_a_question_that_names_a_collection_is_answered_from_it_only(
    api: Api, desk: Json, name: str, answer: str, collection: str
) -> None:
    question = f"How long is the notice period in the {name} collection?"
    said = await asked(api, desk, question)
    assert (said["answered"], said["question"]) == (True, question)
    assert answer in said["response"]
    assert found_in(said) == {collection}
    assert outcome(said, "plan") == f"search for 5 items, in {collection} only"
    assert f"in {collection}" in outcome(said, "search")


async def test_words_that_only_name_a_collection_change_nothing_of_what_is_found_there(
    api: Api, desk: Json, hr: str
) -> None:
    bare = await api.asked(NOTICE, collection_id=hr)
    said = await asked(api, desk, "How long is the notice period according to the HR policies collection?")
    scores = [(one["title"], one["score"]) for one in said["retrieved"]]
    assert scores == [(one["title"], one["score"]) for one in bare["retrieved"]]
    assert said["confidence"] == bare["confidence"]


async def test_a_client_of_openais_is_answered_from_either_collection(api: Api, desk: Json) -> None:
    messages = [{"role": "user", "content": PRICE[0]}]
    said = await api.post("/v1/chat/completions", {"model": desk["name"], "messages": messages})
    assert PRICE[1] in said["choices"][0]["message"]["content"]
    assert said["nexus"]["citations"][0]["collection"] == "pricing"


async def test_where_the_named_collection_does_not_answer_all_of_them_are_searched(api: Api, desk: Json) -> None:
    said = await asked(api, desk, "What does the Pro plan cost according to the hr_policies collection?")
    assert PRICE[1] in said["response"]
    assert found_in(said) == {"hr_policies", "pricing"}
    assert "hr_policies does not answer; searched hr_policies and pricing" in outcome(said, "search")


async def test_an_agent_of_one_collection_says_nothing_of_collections(api: Api, hr: str) -> None:
    said = await asked(api, await made(api, hr), "How long is the notice period in the hr collection?")
    assert found_in(said) == {None}
    assert "hr_policies" not in str(said["steps"])


async def test_what_is_in_both_collections_is_found_once(api: Api, hr: str) -> None:
    """The default collection takes every approved FAQ."""
    said = await asked(api, await made(api, hr, await api.collection()), LEAVE[0])
    assert len({one["faq_id"] for one in said["retrieved"]}) == len(said["retrieved"]) == 2


async def test_a_planning_model_is_told_the_collections_and_what_is_in_them(
    api: Api, mock: MockServer, hr: str
) -> None:
    document = await api.extracted()
    guides = await api.post("/ingest", {"collection": "guides", "document_ids": [str(document)]}, status=202)
    await api.drain()
    settings = {"base_url": mock.base_url, "api_key": "sk-test-0123456789", "model": "ok"}
    assert (await api.client.put("/providers/openai-compatible", json=settings)).status_code == 200
    fields = {"provider": "openai-compatible", "parameters": {"steps": ["plan"]}}
    agent = await made(api, hr, guides["collection_id"], await api.collection(), **fields)
    await asked(api, agent, LEAVE[0])
    messages: Any = mock.app.requests[0].body["messages"]
    system, planned = (one["content"] for one in messages)
    assert "`collections` names those to search" in system
    lines = dict(line.split(": ", 1) for line in planned.splitlines() if ": " in line)
    assert set(lines["hr_policies"].split(", ")) == {f'"{NOTICE}"', f'"{LEAVE[0]}"'}
    assert lines["guides"] == '"Coffee machine"'
    assert lines["default"].startswith('"Coffee machine", ')


async def test_the_collection_of_a_conversation_is_the_first_one_and_it_goes_on(api: Api, desk: Json, hr: str) -> None:
    first = await asked(api, desk, LEAVE[0])
    again = await api.post(
        "/chat", {"message": PRICE[0], "agent_id": desk["id"], "conversation_id": first["conversation_id"]}
    )
    assert PRICE[1] in again["response"]
    kept = await api.get(f"/conversations/{first['conversation_id']}")
    assert (kept["collection_id"], kept["messages"]) == (hr, 4)


async def test_chunks_sent_to_an_agent_go_to_its_first_collection(api: Api, hr: str, pricing: str) -> None:
    await made(api, hr, pricing, external_id="bot-7")
    held = {id: (await api.get(f"/collections/{id}"))["passages"] for id in (hr, pricing)}
    body = {"document_id": "d", "chunks": ["Tea is served at four."], "bot_id": "bot-7"}
    await api.post("/embed_and_store", body)
    await api.drain()
    now = {id: (await api.get(f"/collections/{id}"))["passages"] for id in (hr, pricing)}
    assert now == {hr: held[hr] + 1, pricing: held[pricing]}


async def test_lanes_of_one_and_of_several_collections_find_their_own(api: Api, hr: str, pricing: str) -> None:
    wide, narrow = await made(api, hr, pricing), await made(api, hr, name="Narrow")
    lanes = [{"agent_id": wide["id"]}, {"agent_id": narrow["id"]}]
    lanes_of = (await api.post("/compare", {"question": PRICE[0], "lanes": lanes, "blind": False}))["lanes"]
    by_name = {lane["contestant"]["name"]: lane for lane in lanes_of}
    assert PRICE[1] in by_name["Desk"]["text"]
    assert not by_name["Narrow"]["answer"]["answered"]
    assert by_name["Desk"]["contestant"]["about"].endswith(", from hr_policies and pricing")
    assert by_name["Narrow"]["contestant"]["about"].endswith(", from hr_policies")


async def test_an_agent_of_other_collections_is_another_contestant_whatever_their_order(
    api: Api, hr: str, pricing: str
) -> None:
    agent = await made(api, hr, pricing, await api.collection())

    async def key() -> str:
        lanes = [{"agent_id": agent["id"]}, {"provider": "builtin"}]
        found = await api.post("/compare", {"question": PRICE[0], "lanes": lanes, "blind": False})
        return next(str(one["contestant"]["key"]) for one in found["lanes"] if one["contestant"]["name"] == "Desk")

    keys = []
    for more in ([pricing, await api.collection()], [await api.collection(), pricing], [pricing], []):
        await api.client.patch(f"/agents/{agent['id']}", json={"more_collection_ids": more})
        keys.append(await key())
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


async def test_a_batch_asks_an_agent_one_of_whose_collections_holds_something(writer: Api) -> None:
    dataset = await dataset_of(writer)
    empty = [(await writer.post("/collections", {"name": name}, status=201))["id"] for name in ("tea", "milk")]
    agent = await made(writer, *empty)
    lanes = [{"agent_id": agent["id"]}, {"provider": "builtin"}]
    body = {"dataset_id": dataset["id"], "split": "train", "lanes": lanes}
    problem = refused(await writer.client.post("/comparisons/batch", json=body), 422, "invalid_request")
    assert "answers from 'tea' and 'milk', which are empty" in problem["detail"]
    more = {"more_collection_ids": [empty[1], await writer.collection()]}
    assert (await writer.client.patch(f"/agents/{agent['id']}", json=more)).status_code == 200
    assert (await compared(writer, dataset, lanes))["job"]["status"] == "succeeded"


# --- the agent -----------------------------------------------------------------------
async def test_the_collections_of_an_agent_are_kept_in_order_and_changed_by_name(
    api: Api, hr: str, pricing: str
) -> None:
    agent = await made(api, hr, pricing, await api.collection())
    assert agent["more_collection_ids"] == [pricing, await api.collection()]
    path = f"/agents/{agent['id']}"
    assert await api.get(path) == agent
    assert agent in (await api.get("/agents"))["items"]
    renamed = (await api.client.patch(path, json={"name": "Help"})).json()
    assert renamed == {**agent, "name": "Help"}
    swapped = {"collection_id": pricing, "more_collection_ids": [hr]}
    assert (await api.client.patch(path, json=swapped)).json() == {**renamed, **swapped, "version": 2}
    assert (await api.client.patch(path, json={"more_collection_ids": []})).json()["more_collection_ids"] == []
    other = await api.post("/agents", {"name": "Other"}, status=201)
    assert other["more_collection_ids"] == []


@pytest.mark.parametrize("way", ["twice", "the first", "unknown", "too many", "no list"])
async def test_collections_that_cannot_be_searched_are_refused_by_field(api: Api, hr: str, way: str) -> None:
    default = await api.collection()
    more: Any = {
        "twice": [default, default],
        "the first": [hr],
        "unknown": [str(uuid4())],
        "too many": [str(uuid4()) for _ in range(8)],
        "no list": default,
    }[way]
    says = {
        "twice": "more_collection_ids: the agent answers from 'default' already; name each collection once",
        "the first": "more_collection_ids: the agent answers from 'hr_policies' already",
        "unknown": f"no collection '{more[0]}'",
    }.get(way, "more_collection_ids")
    status, code = (404, "not_found") if way == "unknown" else (422, "invalid_request")
    body = {"name": "Desk", "collection_id": hr, "more_collection_ids": more}
    problem = refused(await api.client.post("/agents", json=body), status, code)
    assert says in problem["detail"] + str(problem.get("errors"))
    agent = await made(api, hr)
    refused(await api.client.patch(f"/agents/{agent['id']}", json={"more_collection_ids": more}), status, code)
    assert await api.get(f"/agents/{agent['id']}") == agent


async def test_a_first_collection_that_the_agent_searches_too_is_refused(api: Api, desk: Json, pricing: str) -> None:
    answer = await api.client.patch(f"/agents/{desk['id']}", json={"collection_id": pricing})
    assert "'pricing' already" in refused(answer, 422, "invalid_request")["detail"]
    assert await api.get(f"/agents/{desk['id']}") == desk


async def test_a_collection_that_an_agent_searches_too_is_deleted_once_it_is_taken_from_it(
    api: Api, desk: Json, pricing: str
) -> None:
    problem = refused(await api.client.delete(f"/collections/{pricing}"), 409, "conflict")
    assert problem["detail"] == "the agent 'Desk' searches this collection, too; take it from the agent first"
    assert (await api.client.patch(f"/agents/{desk['id']}", json={"more_collection_ids": []})).status_code == 200
    assert (await api.client.delete(f"/collections/{pricing}")).status_code == 204


async def test_the_collections_of_a_deleted_agent_are_free(api: Api, desk: Json, pricing: str) -> None:
    assert (await api.stored()).rows["agent_collection"] == 1
    assert (await api.client.delete(f"/agents/{desk['id']}")).status_code == 204
    assert (await api.stored()).rows["agent_collection"] == 0
    assert (await api.client.delete(f"/collections/{pricing}")).status_code == 204


async def test_a_collection_of_another_workspace_is_an_unknown_one(keys: Keys) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    theirs = await filled(first, "hr_policies", LEAVE)
    own = await second.collection()
    body = {"name": "Desk", "collection_id": own, "more_collection_ids": [theirs]}
    problem = refused(await second.client.post("/agents", json=body), 404, "not_found")
    assert problem["detail"] == f"no collection {theirs!r}"
