"""Promotion: an alias moves to who won, agents follow it, and every move can be taken back and is on record."""

from typing import Any

import pytest
import sqlalchemy as sa

from backend.db.models import Agent
from tests.api.test_compare import Json, compare, default, known, of_model, voted
from tests.api.test_finetune import furnished, trained
from tests.support import Api, refused

__all__ = ["furnished", "known"]

ALIAS = "support-default"
QUESTION = "What are the steps to order the boiler?"


async def promote(api: Api, contest_id: str, key: str, *, name: str = ALIAS, reason: str = "") -> Json:
    body = {"contest_id": contest_id, "key": key, "reason": reason}
    alias: Json = await api.post(f"/aliases/{name}/promote", body)
    return alias


async def contest_of(api: Api, *lanes: Json) -> tuple[str, dict[str, str]]:
    """A contest's id, and the key of each contestant by its name."""
    compared = await compare(api, *lanes, blind=False)
    contest = await api.get(f"/contests/{compared['contest_id']}")
    return contest["id"], {one["name"]: one["key"] for one in contest["contestants"]}


async def win(api: Api, name: str, votes: int) -> str:
    """So many blind votes for one of `ok` and `unsure`; the contest's id. What they answer tells them apart."""
    for n in range(votes):
        question = f"Where is the silver key number {n}?"
        compared = await compare(api, of_model("ok"), of_model("unsure"), question=question)
        is_ok = ["stone" in lane["text"] for lane in compared["lanes"]]
        label = compared["lanes"][is_ok.index(name == "ok")]["label"]
        compared = await voted(api, compared, label)
    contest_id: str = compared["contest_id"]
    return contest_id


async def test_who_won_is_promoted_with_the_verdict_as_evidence(known: Api) -> None:
    contest_id = await win(known, "ok", 12)
    contest = await known.get(f"/contests/{contest_id}")
    assert contest["verdict"]["decided"], contest["verdict"]["text"]
    alias = await promote(known, contest_id, contest["verdict"]["best"])
    assert alias["current"]["contestant"]["name"] == "ok"
    assert alias["current"]["verdict"] == contest["verdict"]["text"]
    assert alias["current"]["verdict"].startswith("ok is better: 100 %")
    assert (alias["current"]["decided"], alias["history"], alias["agents"]) == (True, [], [])
    [event] = (await known.get("/audit"))["items"]
    assert (event["action"], event["subject"], event["details"]["to"]) == ("alias.promoted", ALIAS, "ok")


async def test_while_it_is_undecided_a_reason_is_needed(known: Api) -> None:
    contest_id = await win(known, "ok", 1)
    key = (await known.get(f"/contests/{contest_id}"))["verdict"]["best"]
    body = {"contest_id": contest_id, "key": key}
    problem = refused(await known.client.post(f"/aliases/{ALIAS}/promote", json=body), 409, "undecided")
    assert "give a reason" in problem["detail"]
    assert (await known.get("/aliases")) == []
    alias = await promote(known, contest_id, key, reason="the other one is too slow")
    assert (alias["current"]["decided"], alias["current"]["reason"]) == (False, "the other one is too slow")
    event = (await known.get("/audit"))["items"][0]
    assert (event["action"], event["details"]["reason"]) == ("alias.overridden", "the other one is too slow")


async def test_an_agent_that_was_changed_since_needs_a_reason(known: Api) -> None:
    agent = (await default(known))["agent_id"]
    for n in range(12):
        question = f"Where is the silver key number {n}?"
        compared = await compare(known, await default(known), of_model("unsure"), question=question)
        label = next(lane["label"] for lane in compared["lanes"] if "stone" in lane["text"])
        compared = await voted(known, compared, label)
    contest = await known.get(f"/contests/{compared['contest_id']}")
    assert contest["verdict"]["decided"], contest["verdict"]["text"]
    edit = {"provider": "openai-compatible", "model": "unsure"}
    await known.client.patch(f"/agents/{agent}", json=edit)
    body = {"contest_id": contest["id"], "key": contest["verdict"]["best"]}
    problem = refused(await known.client.post(f"/aliases/{ALIAS}/promote", json=body), 409, "undecided")
    assert "has changed since it was compared" in problem["detail"]
    alias = await promote(known, contest["id"], body["key"], reason="it was meant")
    assert (alias["current"]["decided"], alias["current"]["contestant"]["model"]) == (False, "unsure")


async def test_who_lost_needs_a_reason_too(known: Api) -> None:
    contest_id = await win(known, "ok", 12)
    loser = (await known.get(f"/contests/{contest_id}"))["verdict"]["order"][1]
    body = {"contest_id": contest_id, "key": loser}
    refused(await known.client.post(f"/aliases/{ALIAS}/promote", json=body), 409, "undecided")


async def test_moves_are_taken_back_one_by_one(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    for name in ("ok", "unsure", "ok"):
        await promote(known, contest_id, keys[name], reason="try it")
    names = ["ok"]
    for _ in range(2):
        alias = await known.post(f"/aliases/{ALIAS}/rollback", {"reason": "worse"})
        names.append(alias["current"]["contestant"]["name"])
    assert names == ["ok", "unsure", "ok"]
    problem = refused(await known.client.post(f"/aliases/{ALIAS}/rollback", json={}), 409, "conflict")
    assert "meant nothing before" in problem["detail"]
    events = (await known.get("/audit"))["items"]
    assert [event["action"] for event in events] == ["alias.rolled_back"] * 2 + ["alias.overridden"] * 3


async def test_an_alias_is_asked_by_its_name(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    await promote(known, contest_id, keys["unsure"], reason="try it")
    answer = await known.post("/chat", {"message": "Where is the silver key?", "model": ALIAS})
    assert (answer["model"], answer["answered"]) == ("unsure", False)
    await promote(known, contest_id, keys["ok"], reason="try it")
    again = {"message": "Where is the silver key?", "model": ALIAS, "conversation_id": answer["conversation_id"]}
    assert (await known.post("/chat", again))["model"] == "ok"
    body = {"model": ALIAS, "messages": [{"role": "user", "content": "Where is the silver key?"}]}
    completion = await known.post("/v1/chat/completions", body)
    assert "under the stone" in completion["choices"][0]["message"]["content"]
    assert {one["id"] for one in (await known.get("/v1/models"))["data"]} >= {ALIAS}
    assert (await known.get(f"/v1/models/{ALIAS}"))["nexus"]["kind"] == "alias"


async def test_a_conversation_keeps_the_name_that_was_asked_and_follows_what_it_means(known: Api) -> None:
    other = await known.post("/collections", {"name": "second"}, status=201)
    agents = [
        await known.post("/agents", {"name": name, **collection}, status=201)
        for name, collection in (("first", {}), ("second", {"collection_id": other["id"]}))
    ]
    contest_id, keys = await contest_of(known, *({"agent_id": one["id"]} for one in agents))
    await promote(known, contest_id, keys["first"], reason="try it")
    body = {"message": "Where is the silver key?", "model": ALIAS}
    answer = await known.post("/chat", body)
    again = {**body, "conversation_id": answer["conversation_id"]}
    await promote(known, contest_id, keys["second"], reason="try it")
    assert (await known.post("/chat", again))["retrieved"] == []
    [conversation] = (await known.get("/conversations"))["items"]
    assert (conversation["model"], conversation["agent_id"]) == (ALIAS, None)
    another = {"message": "And then?", "collection_id": other["id"], "conversation_id": answer["conversation_id"]}
    refused(await known.client.post("/rag-chat", json=another), 409, "conflict")


async def test_an_agent_whose_model_is_an_alias_follows_it(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    await promote(known, contest_id, keys["unsure"], reason="try it")
    agent = (await default(known))["agent_id"]
    edited = await known.client.patch(f"/agents/{agent}", json={"model": ALIAS})
    assert (edited.status_code, edited.json()["model"]) == (200, ALIAS)
    body = {"message": "Where is the silver key?", "agent_id": agent}
    assert (await known.post("/chat", body))["model"] == "unsure"
    await promote(known, contest_id, keys["ok"], reason="try it")
    answer = await known.post("/chat", body)
    assert (answer["model"], answer["provider"], answer["agent_id"]) == ("ok", "openai-compatible", agent)
    assert (await known.get(f"/aliases/{ALIAS}"))["agents"] == ["default"]


async def test_an_agent_searches_with_what_its_alias_means(api: Api, furnished: dict[str, Any]) -> None:
    model = await trained(api, furnished)
    agent = (await default(api))["agent_id"]
    lanes = [{"agent_id": agent}, {"model": model["name"]}]
    contest_id, keys = await contest_of(api, *lanes)
    await promote(api, contest_id, keys[model["name"]], reason="try it")
    edited = await api.client.patch(f"/agents/{agent}", json={"parameters": {"retrieval_model": ALIAS}})
    assert edited.status_code == 200, edited.text
    body = {"message": QUESTION, "agent_id": agent}
    searched = await api.post("/chat", body)
    assert model["name"] in next(step["outcome"] for step in searched["steps"] if step["name"] == "search")
    refused(await api.client.delete(f"/models/{model['id']}"), 409, "conflict")


async def test_what_cannot_search_is_not_promoted_to_an_alias_that_agents_search_with(
    api: Api, furnished: dict[str, Any]
) -> None:
    model = await trained(api, furnished)
    agent = (await default(api))["agent_id"]
    contest_id, keys = await contest_of(api, {"agent_id": agent}, {"model": model["name"]})
    await promote(api, contest_id, keys["default"], reason="plain search")
    await promote(api, contest_id, keys[model["name"]], reason="try it")
    edited = await api.client.patch(f"/agents/{agent}", json={"parameters": {"retrieval_model": ALIAS}})
    assert edited.status_code == 200, edited.text
    body = {"contest_id": contest_id, "key": keys["default"], "reason": "back to plain search"}
    for path, sent in (("promote", body), ("rollback", {})):
        problem = refused(await api.client.post(f"/aliases/{ALIAS}/{path}", json=sent), 409, "conflict")
        assert (
            "no tuned retrieval, and these agents search with the alias 'support-default': 'default'"
            in (problem["detail"])
        )
    assert (await api.get(f"/aliases/{ALIAS}"))["current"]["contestant"]["name"] == model["name"]
    await api.client.patch(f"/agents/{agent}", json={"parameters": {"retrieval_model": None}})
    await promote(api, contest_id, keys["default"], reason="back to plain search")


async def test_no_agent_searches_with_an_alias_of_what_cannot(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    await promote(known, contest_id, keys["ok"], reason="try it")
    agent = (await default(known))["agent_id"]
    edited = await known.client.patch(f"/agents/{agent}", json={"parameters": {"retrieval_model": ALIAS}})
    problem = refused(edited, 422, "invalid_request")
    assert "the alias 'support-default' means 'ok', which is no tuned retrieval" in problem["detail"]


async def test_an_agent_whose_alias_was_moved_at_the_same_time_says_so_and_does_not_search_untuned(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    await promote(known, contest_id, keys["ok"], reason="try it")
    async with known.scope.database.write() as session:
        await session.execute(sa.update(Agent).values(parameters={"retrieval_model": ALIAS}))
    asked = await known.client.post("/chat", json={"message": "Where is the silver key?", **await default(known)})
    problem = refused(asked, 409, "conflict")
    assert "searches with the alias 'support-default', which means 'ok', no tuned retrieval" in problem["detail"]


async def test_an_agent_is_not_promoted_to_an_alias_that_agents_answer_with(known: Api) -> None:
    second = await known.post("/agents", {"name": "Second", "parameters": {"temperature": 0.5}}, status=201)
    contest_id, keys = await contest_of(known, {"agent_id": second["id"]}, of_model("ok"))
    await promote(known, contest_id, keys["Second"], reason="asked by its name")
    await promote(known, contest_id, keys["ok"], reason="try it")
    agent = (await default(known))["agent_id"]
    edited = await known.client.patch(f"/agents/{agent}", json={"model": ALIAS})
    assert edited.status_code == 200, edited.text
    body = {"contest_id": contest_id, "key": keys["Second"], "reason": "back to it"}
    for path, sent in (("promote", body), ("rollback", {})):
        problem = refused(await known.client.post(f"/aliases/{ALIAS}/{path}", json=sent), 409, "conflict")
        assert "'Second' is an agent" in problem["detail"]
        assert "these agents have the alias 'support-default' as their model: 'default'" in problem["detail"]
    assert (await known.post("/chat", {"message": "Where is the silver key?", "agent_id": agent}))["model"] == "ok"
    await known.client.patch(f"/agents/{agent}", json={"model": None})
    await promote(known, contest_id, keys["Second"], reason="back to it")


async def test_no_agent_answers_with_an_alias_of_an_agent(known: Api) -> None:
    contest_id, keys = await contest_of(known, await default(known), of_model("ok"))
    await promote(known, contest_id, keys["default"], reason="try it")
    agent = (await default(known))["agent_id"]
    for problem in (
        refused(await known.client.patch(f"/agents/{agent}", json={"model": ALIAS}), 422, "invalid_request"),
        refused(await known.client.post("/agents", json={"name": "On it", "model": ALIAS}), 422, "invalid_request"),
    ):
        assert "the alias 'support-default' means the agent 'default', which is no model" in problem["detail"]


async def test_an_agent_is_not_compared_with_an_alias_of_another_one_as_its_model(known: Api) -> None:
    second = await known.post("/agents", {"name": "Second", "parameters": {"temperature": 0.5}}, status=201)
    contest_id, keys = await contest_of(known, {"agent_id": second["id"]}, of_model("ok"))
    await promote(known, contest_id, keys["Second"], reason="try it")
    lanes = [{**(await default(known)), "model": ALIAS}, of_model("ok")]
    asked = await known.client.post("/compare", json={"question": "Where is the silver key?", "lanes": lanes})
    problem = refused(asked, 422, "invalid_request")
    assert "the alias 'support-default' means the agent 'Second'" in problem["detail"]


async def test_an_agent_whose_alias_became_an_agent_at_the_same_time_says_so_and_does_not_go_on(known: Api) -> None:
    contest_id, keys = await contest_of(known, await default(known), of_model("ok"))
    await promote(known, contest_id, keys["default"], reason="try it")
    async with known.scope.database.write() as session:
        await session.execute(sa.update(Agent).values(model=ALIAS))
    asked = await known.client.post("/chat", json={"message": "Where is the silver key?", **await default(known)})
    problem = refused(asked, 409, "conflict")
    assert "is the alias 'support-default', which means the agent 'default', no model" in problem["detail"]


async def test_an_agent_answers_without_documents_where_that_was_promoted(known: Api) -> None:
    alone, reads = of_model("ok", documents=False), of_model("ok")
    compared = await compare(known, alone, reads, blind=False)
    keys = {lane["contestant"]["target"]["documents"]: lane["contestant"]["key"] for lane in compared["lanes"]}
    agent = (await default(known))["agent_id"]
    for documents, passages in ((False, 0), (True, 1)):
        await promote(known, compared["contest_id"], keys[documents], reason="try it")
        await known.client.patch(f"/agents/{agent}", json={"model": ALIAS})
        for asked in ({"model": ALIAS}, {"agent_id": agent}):
            answer = await known.post("/chat", {"message": "Where is the silver key?", **asked})
            assert (answer["model"], len(answer["retrieved"])) == ("ok", passages), asked


async def test_a_model_is_asked_without_documents_and_an_agent_is_not(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), await default(known))
    await promote(known, contest_id, keys["ok"], reason="try it")
    asked = {"message": "Where is the silver key?", "model": ALIAS}
    for documents, passages in ((True, 1), (False, 0)):
        answer = await known.post("/chat", {**asked, "documents": documents})
        assert len(answer["retrieved"]) == passages
    await promote(known, contest_id, keys["default"], reason="try it")
    problem = refused(await known.client.post("/chat", json={**asked, "documents": False}), 422, "invalid_request")
    assert "means the agent 'default', which reads its documents" in problem["detail"]
    of_agent = {"message": "Where?", "documents": False, **await default(known)}
    problem = refused(await known.client.post("/chat", json=of_agent), 422, "invalid_request")
    assert "an agent reads its documents" in str(problem)


async def test_an_alias_can_be_compared_and_is_what_it_means(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    await promote(known, contest_id, keys["ok"], reason="try it")
    compared = await compare(known, {"model": ALIAS}, of_model("unsure"), blind=False)
    assert compared["contest_id"] == contest_id
    of_agent, keys = await contest_of(known, await default(known), of_model("unsure"))
    await promote(known, of_agent, keys["default"], reason="try it")
    compared = await compare(known, {"model": ALIAS}, of_model("unsure"), blind=False)
    assert compared["contest_id"] == of_agent


async def test_a_name_means_one_thing(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    body = {"contest_id": contest_id, "key": keys["ok"], "reason": "try it"}
    for taken in ("default", "builtin"):
        refused(await known.client.post(f"/aliases/{taken}/promote", json=body), 409, "conflict")
    agent = {"name": "On ok", "provider": "openai-compatible", "model": "ok"}
    await known.post("/agents", agent, status=201)
    refused(await known.client.post("/aliases/ok/promote", json=body), 409, "conflict")
    await promote(known, contest_id, keys["ok"], reason="try it")
    for new in ({"name": ALIAS}, {"name": "Other", "external_id": ALIAS}):
        refused(await known.client.post("/agents", json=new), 409, "conflict")
    refused(await known.client.post("/aliases/Not a name/promote", json=body), 422, "invalid_request")


async def test_who_took_no_part_cannot_be_promoted(known: Api) -> None:
    contest_id, _ = await contest_of(known, of_model("ok"), of_model("unsure"))
    body = {"contest_id": contest_id, "key": "model-none", "reason": "try it"}
    problem = refused(await known.client.post(f"/aliases/{ALIAS}/promote", json=body), 422, "invalid_request")
    assert "took no part" in problem["detail"]


async def test_what_an_alias_means_is_not_deleted_and_what_is_gone_is_not_promoted(known: Api) -> None:
    second = await known.post("/agents", {"name": "Second", "parameters": {"temperature": 0.5}}, status=201)
    contest_id, keys = await contest_of(known, {"agent_id": second["id"]}, of_model("ok"))
    await promote(known, contest_id, keys["Second"], reason="try it")
    problem = refused(await known.client.delete(f"/agents/{second['id']}"), 409, "conflict")
    assert "means this agent" in problem["detail"]
    await promote(known, contest_id, keys["ok"], reason="try it")
    assert (await known.client.delete(f"/agents/{second['id']}")).status_code == 204
    problem = refused(await known.client.post(f"/aliases/{ALIAS}/rollback", json={}), 409, "conflict")
    assert problem["detail"].startswith("'Second', which the alias 'support-default' meant before, was deleted")
    body = {"contest_id": contest_id, "key": keys["Second"], "reason": "try it"}
    refused(await known.client.post(f"/aliases/{ALIAS}/promote", json=body), 404, "not_found")


async def test_an_alias_is_deleted_once_no_agent_uses_it(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    await promote(known, contest_id, keys["ok"], reason="try it")
    agent = (await default(known))["agent_id"]
    await known.client.patch(f"/agents/{agent}", json={"model": ALIAS})
    problem = refused(await known.client.delete(f"/aliases/{ALIAS}"), 409, "conflict")
    assert "the agent 'default' uses" in problem["detail"]
    await known.client.patch(f"/agents/{agent}", json={"model": None})
    assert (await known.client.delete(f"/aliases/{ALIAS}")).status_code == 204
    assert (await known.get("/aliases")) == []
    assert (await known.get("/audit"))["items"][0]["action"] == "alias.deleted"
    assert (await known.stored()).rows["alias_move"] == 0


async def test_what_was_promoted_outlives_its_contest(known: Api) -> None:
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    await promote(known, contest_id, keys["ok"], reason="try it")
    assert (await known.client.delete(f"/contests/{contest_id}")).status_code == 204
    alias = await known.get(f"/aliases/{ALIAS}")
    assert (alias["current"]["contest_id"], alias["current"]["contestant"]["name"]) == (None, "ok")


@pytest.mark.parametrize("path", ["/aliases/nobody", "/aliases/nobody/rollback"])
async def test_an_alias_that_is_not_there_is_not_found(api: Api, path: str) -> None:
    answer = await (api.client.post(path, json={}) if path.endswith("rollback") else api.client.get(path))
    assert "known: []" in refused(answer, 404, "not_found")["detail"]
