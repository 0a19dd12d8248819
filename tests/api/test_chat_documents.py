"""Whether a question is answered from documents: what is said of it, kept of it, and goes on with a conversation."""

from typing import Any

import pytest

from tests.api.test_aliases import ALIAS, contest_of, promote
from tests.api.test_compare import compare, default, known, of_model
from tests.api.test_finetune import QUESTION, train
from tests.api.test_finetune_remote import BODY, dataset, running, server
from tests.support import Api, refused

__all__ = ["dataset", "known", "running", "server"]

ASKED = "Where is the silver key?"


async def told(api: Api, conversation_id: str) -> list[bool | None]:
    """What each turn says of documents, oldest first."""
    turns = (await api.get(f"/conversations/{conversation_id}"))["turns"]
    return [turn["documents"] for turn in turns]


async def asked(api: Api, conversation_id: str | None = None, **more: Any) -> tuple[str, bool]:
    """The conversation, and whether passages were looked up."""
    answer = await api.post("/chat", {"message": ASKED, "conversation_id": conversation_id, **more})
    return answer["conversation_id"], bool(answer["retrieved"])


async def both_ways(api: Api) -> tuple[str, dict[bool, str]]:
    """A contest of one model with documents and without, and the keys of the two."""
    compared = await compare(api, of_model("ok", documents=False), of_model("ok"), blind=False)
    keys = {lane["contestant"]["target"]["documents"]: lane["contestant"]["key"] for lane in compared["lanes"]}
    return compared["contest_id"], keys


async def test_a_conversation_goes_on_as_its_last_question_was_asked_until_another_says_otherwise(
    api: Api, dataset: dict[str, Any]
) -> None:
    await train(api, dataset, name="Remote", **BODY)
    first = await api.post("/chat", {"message": QUESTION, "model": "Remote", "documents": False})
    found = [bool(first["retrieved"])]
    for said in ({}, {"documents": True}, {}):
        body = {"message": QUESTION, "model": "Remote", "conversation_id": first["conversation_id"], **said}
        found.append(bool((await api.post("/chat", body))["retrieved"]))
    assert found == [False, False, True, True]
    assert await told(api, first["conversation_id"]) == [False, False, False, False, True, True, True, True]
    body = {
        "model": "Remote",
        "messages": [{"role": "user", "content": QUESTION}],
        "metadata": {"conversation_id": first["conversation_id"]},
    }
    assert (await api.post("/v1/chat/completions", body))["nexus"]["retrieved"]


async def test_what_is_said_of_nothing_is_left_to_what_the_alias_means_at_each_question(known: Api) -> None:
    contest_id, keys = await both_ways(known)
    await promote(known, contest_id, keys[False], reason="try it")
    conversation_id, reads = await asked(known, model=ALIAS)
    assert not reads
    await promote(known, contest_id, keys[True], reason="try it")
    assert await asked(known, conversation_id, model=ALIAS) == (conversation_id, True)
    assert await asked(known, conversation_id, model=ALIAS, documents=False) == (conversation_id, False)
    assert await asked(known, conversation_id, model=ALIAS) == (conversation_id, False)
    assert await told(known, conversation_id) == [None, False, None, True, False, False, False, False]


async def test_documents_that_are_asked_for_are_read_where_the_alias_was_promoted_without_them(known: Api) -> None:
    contest_id, keys = await both_ways(known)
    await promote(known, contest_id, keys[False], reason="try it")
    agent = await default(known)
    assert (await known.client.patch(f"/agents/{agent['agent_id']}", json={"model": ALIAS})).status_code == 200
    for target in ({"model": ALIAS}, agent):
        assert not (await asked(known, **target))[1]
        assert (await asked(known, documents=True, **target))[1]
    lane = (await compare(known, {"model": ALIAS}, of_model("ok"), blind=False))["lanes"]
    assert sorted(one["contestant"]["target"]["documents"] for one in lane) == [False, True]


async def test_a_conversation_without_documents_says_what_to_do_when_its_alias_becomes_an_agent(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), await default(known))
    await promote(known, contest_id, keys["ok"], reason="try it")
    conversation_id, _ = await asked(known, model=ALIAS, documents=False)
    await promote(known, contest_id, keys["default"], reason="try it")
    body = {"message": ASKED, "model": ALIAS, "conversation_id": conversation_id}
    problem = refused(await known.client.post("/chat", json=body), 422, "invalid_request")
    assert problem["detail"].endswith("which reads its documents; ask with documents: true, or ask a model")
    assert (await asked(known, conversation_id, model=ALIAS, documents=True))[1]


async def test_an_answer_that_failed_keeps_whether_documents_were_asked_for(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("cut"), of_model("ok"))
    await promote(known, contest_id, keys["cut"], reason="try it")
    failed = await known.client.post("/chat", json={"message": ASKED, "model": ALIAS, "documents": False})
    assert failed.status_code == 503
    [conversation] = (await known.get("/conversations"))["items"]
    assert await told(known, conversation["id"]) == [False, False]


async def test_a_question_to_a_collection_reads_documents(api: Api) -> None:
    answer = await api.asked(ASKED)
    assert await told(api, answer["conversation_id"]) == [True, True]


@pytest.mark.parametrize("value", ["no", "false", 0, 1, "yes"])
async def test_documents_is_true_or_false_and_nothing_that_can_be_read_as_it(known: Api, value: object) -> None:
    lane = {"provider": "openai-compatible", "model": "ok"}
    bodies: dict[str, Any] = {
        "/chat": {"message": ASKED, "model": ALIAS, "documents": value},
        "/compare": {"question": ASKED, "lanes": [{**lane, "documents": value}, lane]},
    }
    for path, body in bodies.items():
        problem = refused(await known.client.post(path, json=body), 422, "invalid_request")
        assert "documents" in str(problem), problem
        assert "valid boolean" in str(problem), problem
