"""Another workspace's id is answered as an unknown one is, on every route that takes an id."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI

from backend.db.comparing import ComparisonBatch
from backend.db.finetuning import Training
from tests.api.conftest import Keys
from tests.support import Api, refused

JsonSchema = dict[str, Any]
BODIES: dict[str, dict[str, Any]] = {
    "/rag-chat": {"message": "Hello?"},
    "/chat": {"message": "Hello?"},
    "/smart_chat/chat": {"message": "Hello?"},
    "/conversations/{conversation_id}/consent": {"given": True},
    "/embed_and_store": {"document_id": "d", "chunks": ["c"]},
    "/faqs/approve": {},
    "/faqs/reject": {},
    "/faqs/merge": {},
    "/ingest": {},
    "/finetune": {},
    "/finetune/estimate": {},
    "/comparisons/batch": {"lanes": [{"provider": "builtin"}, {"provider": "echo"}]},
    "/collections/{collection_id}/model": {"model": "sentence-transformers/all-MiniLM-L6-v2"},
    "/agents": {"name": "Sales"},
    "/agents/{agent_id}": {"provider": "echo"},
    "/agents/{agent_id}/rollback": {"version": 1},
    "/agents/{agent_id}/persona/proposal": {"said": "Be brief."},
    "/conversations/{conversation_id}/persona": {"tone": "brief"},
    "/agents/{agent_id}/duplicate": {"name": "Another"},
    "/faqs/{faq_id}": {"revision": 1, "question": "Changed?"},
    "/documents/{document_id}/drafting": {"provider": "local"},
    "/comparisons/{comparison_id}/vote": {"choice": "left"},
    "/contests/{contest_id}": {"closed": True},
    "/leads/{lead_id}": {"revision": 1, "stage": "contacted"},
    "/leads/{lead_id}/merge": {"lead_ids": [str(uuid4())]},
    "/lead_views/{name}": {"stage": "new"},
    "/aliases/{name}/promote": {"key": "model-1", "reason": "try it"},
}
"""What else a body needs to be valid; also what a query does, where a route of that path takes no body."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a route takes an id."""

    method: str
    path: str
    where: str
    name: str
    is_list: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.where} {self.name}"


def places(schema: JsonSchema) -> Iterator[Place]:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if "uuid" in str(parameter["schema"]):
                    yield Place(method.upper(), path, parameter["in"], parameter["name"])
            for body in operation.get("requestBody", {}).get("content", {}).values():
                reference = body["schema"].get("$ref", "").rpartition("/")[2]
                fields = schema["components"]["schemas"].get(reference, {}).get("properties", {})
                for name, field in fields.items():
                    if "'format': 'uuid'" in str(field):
                        yield Place(method.upper(), path, "body", name, "'type': 'array'" in str(field))


async def furnished(api: Api) -> dict[str, str]:
    """One of everything in a workspace, by the names that routes use."""
    document = str(await api.extracted())
    faqs = await api.faqs()
    async with api.scope.services.faqs._uow(UUID((await api.get("/me"))["workspace_id"])) as tx:
        group = uuid4()
        await tx.faqs.set_groups({UUID(faqs[0]["id"]): group})
    action = await api.post("/faqs/approve", {"ids": [faqs[0]["id"]]})
    await api.drain()
    answer = await api.asked("descale the machine descaler tank water", top_k=20)
    passage = next(item["passage_id"] for item in answer["retrieved"] if item["passage_id"])
    job = (await api.get("/jobs"))["items"][0]["id"]
    return {
        "document_id": document,
        "faq_id": faqs[0]["id"],
        "ids": faqs[0]["id"],
        "keep": faqs[0]["id"],
        "faq_ids": faqs[0]["id"],
        "document_ids": document,
        "group_id": str(group),
        "action_id": action["action_id"],
        "passage_id": passage,
        "collection_id": await api.collection(),
        "more_collection_ids": await api.collection(),
        "conversation_id": answer["conversation_id"],
        "job_id": job,
        "agent_id": (await api.get("/agents"))["items"][0]["id"],
        "key_id": (await api.get("/keys"))[0]["id"],
        "name": "support-default",
        **await trained(api),
        **await compared(api, job),
        **await talked(api),
    }


async def talked(api: Api) -> dict[str, str]:
    """A lead with a part, and another one."""
    body = {"name": "Listener", "template": "sales", "faqs": [{"question": "What is it?", "answer": "It is small."}]}
    agent = await api.post("/agents", body, status=201)
    await api.drain()
    asked = {"agent_id": agent["id"], "message": "I'm Dana Levi, dana@acme.io. What is it?"}
    lead, part, other = [(await api.post("/smart_chat/chat", asked))["lead"]["id"] for _ in range(3)]
    await api.post(f"/leads/{lead}/merge", {"lead_ids": [part]})
    return {"lead_id": lead, "part_id": part, "lead_ids": other}


async def compared(api: Api, job: str) -> dict[str, str]:
    """A comparison of two agents, and a batch by its row alone, whose job is one that is there."""
    second = await api.post("/agents", {"name": "Second", "parameters": {"temperature": 0.5}}, status=201)
    lanes = [{"agent_id": second["id"]}, {"provider": "builtin"}]
    found = await api.post("/compare", {"question": "Why descale the machine?", "lanes": lanes})
    workspace, batch = UUID((await api.get("/me"))["workspace_id"]), UUID(job)
    told: dict[str, Any] = {"dataset_name": "Support", "dataset_version": 1, "recipe": {}, "questions": 0}
    row = ComparisonBatch(id=batch, workspace_id=workspace, contest_id=UUID(found["contest_id"]), author="me", **told)
    async with api.scope.services.faqs._uow(workspace) as tx:
        await tx.comparisons.add_batch(row)
    return {"comparison_id": found["id"], "contest_id": found["contest_id"], "batch_id": str(batch)}


async def trained(api: Api) -> dict[str, str]:
    """A dataset, a training and a model, by their rows alone."""
    dataset = UUID((await api.post("/datasets", {"name": "Support"}, status=202))["dataset"]["id"])
    training, model = uuid4(), uuid4()
    workspace = UUID((await api.get("/me"))["workspace_id"])
    told: dict[str, Any] = {"name": "Tuned", "method": "adapter", "base_model": "", "parameters": {}, "author": "me"}
    async with api.scope.services.faqs._uow(workspace) as tx:
        await tx.tuning.add(Training(id=training, workspace_id=workspace, dataset_id=dataset, **told))
        kept = {"metrics": {}, "notes": [], "files": {"items": []}, "training_id": training, "dataset_id": dataset}
        await tx.tuning.register({"id": model, **told, **kept})
    return {"dataset_id": str(dataset), "training_id": str(training), "model_id": str(model)}


async def request(api: Api, place: Place, value: str, own: dict[str, str]) -> Any:
    """The request with `value` in its place; its other ids are the caller's own."""
    path = place.path
    ids = own | {place.name: value} if place.where == "path" else own
    for name in own:
        path = path.replace("{" + name + "}", ids[name])
    query = {place.name: value} if place.where == "query" else {}
    body: dict[str, Any] | None = None
    if place.where == "body" or place.path in BODIES:
        body = {**BODIES[place.path]}
        if place.path == "/rag-chat":
            body["collection_id"] = own["collection_id"]
        if place.path in ("/chat", "/smart_chat/chat"):
            body["agent_id"] = own["agent_id"]
        if place.path.startswith("/finetune"):
            body |= {"dataset_id": own["dataset_id"], "collection_id": own["collection_id"]}
        if place.path == "/comparisons/batch":
            body |= {"dataset_id": own["dataset_id"]}
        if place.path == "/faqs/merge":
            body |= {"ids": [own["faq_id"], value], "keep": value}
        elif place.where == "body":
            body[place.name] = [value] if place.is_list else value
    if place.method == "GET" and body is not None:
        query, body = query | body, None
    return await api.client.request(place.method, path, params=query, json=body)


async def holds(api: Api, own: dict[str, str]) -> None:
    """Nothing of the first workspace was touched."""
    assert (await api.get(f"/faqs/{own['faq_id']}"))["status"] == "approved"
    for path in ("documents", "collections", "conversations", "jobs", "agents", "contests", "comparisons"):
        assert (await api.get(f"/{path}"))["items"]
    lead = await api.get(f"/leads/{own['lead_id']}")
    assert (lead["stage"], lead["merged"]) == ("new", [own["part_id"]])
    assert len((await api.get("/leads"))["items"]) == 2
    assert len(await api.get("/keys")) == 1


@pytest.mark.fault("E5")
async def test_an_id_of_another_workspace_is_answered_like_an_unknown_one_wherever_a_route_takes_one(
    keys: Keys,
) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    theirs, own = await furnished(first), await furnished(second)
    found = list(places(keys.app.openapi()))
    assert len(found) > 30

    for place in found:
        unknown = str(uuid4())
        foreign_answer = await request(second, place, theirs[place.name], own)
        unknown_answer = await request(second, place, unknown, own)
        problems = [refused(answer, 404, "not_found") for answer in (foreign_answer, unknown_answer)]
        for problem, value in zip(problems, (theirs[place.name], unknown), strict=True):
            problem["detail"] = problem["detail"].replace(value, "<id>")
            del problem["request_id"]
        assert problems[0] == problems[1], str(place)

    await holds(first, theirs)


async def test_lists_and_figures_show_one_workspace_only(keys: Keys) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    await furnished(first)

    await first.client.put("/lead_views/Mine", json={"stage": "won"})

    for path in ("/documents", "/faqs", "/conversations", "/jobs", "/contests", "/comparisons", "/leads"):
        assert (await second.get(path))["items"] == [], path
    assert len((await second.get("/collections"))["items"]) == 1
    assert (await second.get("/faqs/counts")) == {"draft": 0, "approved": 0, "rejected": 0}
    overview = await second.get("/overview")
    assert (overview["documents"], overview["passages"], overview["answers_today"]) == (0, 0, 0)
    assert (await second.client.get("/faqs/export")).text == ""
    assert len((await second.client.get("/leads/export")).text.splitlines()) == 1
    assert await second.get("/lead_views") == []
    refused(await second.client.get("/lead_views/Mine"), 404, "not_found")


async def test_the_same_file_in_two_workspaces_is_two_documents(keys: Keys) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    assert await first.extracted() != await second.extracted()


async def test_a_question_is_answered_from_its_own_workspace(keys: Keys) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    await first.add_faq("Where is the silver key?", "The silver key is under the stone.")
    await second.add_faq("Where is the silver key?", "The silver key is in the drawer.")
    await first.drain()

    answer = await second.asked("Where is the silver key?")

    assert "drawer" in answer["response"]
    assert [item["quote"] for item in answer["retrieved"]] == ["The silver key is in the drawer."]


async def test_an_agent_of_another_workspace_takes_part_in_no_comparison(keys: Keys) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    foreign = (await first.get("/agents"))["items"][0]["id"]
    lanes = [{"agent_id": foreign}, {"provider": "builtin"}]
    answer = await second.client.post("/compare", json={"question": "Why?", "lanes": lanes})
    refused(answer, 404, "not_found")


def test_every_id_of_the_application_has_a_place_in_this_test(app: FastAPI) -> None:
    named = {place.name for place in places(app.openapi())}
    assert {"document_id", "faq_id", "ids", "keep", "action_id", "conversation_id", "group_id"} <= named
