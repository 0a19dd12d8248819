"""Agents with a persona and knowledge of their own: made, changed, gone back to, copied, put away."""

from typing import Any
from uuid import uuid4

import pytest

from backend.agents.templates import templates
from contracts.access import Role
from contracts.lead_fields import STANDARD
from tests.api.conftest import Keys
from tests.support import Api, refused

PLANS = [
    {"question": "What does the small plan cost?", "answer": "The small plan costs 12 EUR a month."},
    {"question": "Which plan has a contract of its own?", "answer": "The large plan has a contract of its own."},
]


async def created(api: Api, **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = await api.post("/agents", {"name": "Sales", **body}, status=201)
    return made


async def edited(api: Api, agent: dict[str, Any], **body: Any) -> dict[str, Any]:
    answer = await api.client.patch(f"/agents/{agent['id']}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def seen(api: Api, agent: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await api.get(f"/agents/{agent['id']}")
    return found


# --- knowledge ---------------------------------------------------------------------------
async def test_an_agent_that_is_created_with_faqs_answers_from_them_once_they_are_taken_in(api: Api) -> None:
    agent = await created(api, faqs=PLANS)
    assert (agent["state"], agent["collection_id"] == await api.collection()) == ("preparing", False)
    asked = {"agent_id": agent["id"], "message": "What does the small plan cost?"}
    problem = refused(await api.client.post("/chat", json=asked), 409, "agent_not_ready")
    assert "taking in what it was created with" in problem["detail"]

    await api.drain()

    agent = await seen(api, agent)
    assert (agent["state"], agent["reason"]) == ("ready", None)
    answer = await api.post("/chat", asked)
    assert "12 EUR" in answer["response"]
    assert answer["citations"]
    collection = await api.get(f"/collections/{agent['collection_id']}")
    assert collection["name"] == "sales"


async def test_approved_faqs_and_documents_by_their_ids_go_into_a_collection_of_the_agents_own(api: Api) -> None:
    document = str(await api.extracted())
    faq = await api.add_faq(**PLANS[0])
    agent = await created(api, name="Verkauf (Zürich)", faq_ids=[faq["id"]], document_ids=[document])
    await api.drain()
    collection = await api.get(f"/collections/{agent['collection_id']}")
    assert collection["name"] == "verkauf_zurich"
    for message, says in ((PLANS[0]["question"], "12 EUR"), ("How do I descale the machine?", "descal")):
        answer = await api.post("/chat", {"agent_id": agent["id"], "message": message})
        assert says in answer["response"]


@pytest.mark.parametrize(("name", "collection"), [("Sales", "sales_2"), ("销售", "agent"), ("24/7", "agent_24_7")])
async def test_a_collection_of_that_name_stays_as_it_is(api: Api, name: str, collection: str) -> None:
    await api.post("/collections", {"name": "sales"}, status=201)
    agent = await created(api, name=name, faqs=PLANS)
    assert (await api.get(f"/collections/{agent['collection_id']}"))["name"] == collection


async def test_knowledge_goes_into_the_collection_that_is_named(api: Api) -> None:
    collection = (await api.post("/collections", {"name": "plans"}, status=201))["id"]
    agent = await created(api, faqs=PLANS, collection_id=collection)
    await api.drain()
    assert agent["collection_id"] == collection
    assert len((await api.get("/collections"))["items"]) == 2


@pytest.mark.parametrize("given", ["faq_ids", "document_ids"])
async def test_knowledge_that_is_not_there_makes_no_agent_and_no_collection(api: Api, given: str) -> None:
    before = await api.stored()
    refused(await api.client.post("/agents", json={"name": "Sales", given: [str(uuid4())]}), 404, "not_found")
    assert await api.stored() == before


async def test_where_knowledge_cannot_be_taken_in_the_agent_says_why_and_is_retried(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend.errors import NexusError
    from backend.services.indexing import CollectionIndexer

    async def broken(*_: object) -> int:
        raise NexusError("the store is on strike")

    agent = await created(api, faqs=PLANS)
    refused(await api.client.post(f"/agents/{agent['id']}/retry"), 409, "conflict")
    with monkeypatch.context() as patch:
        patch.setattr(CollectionIndexer, "run", broken)
        await api.drain()
    failed = await seen(api, agent)
    assert (failed["state"], failed["reason"]) == ("not_ready", "the store is on strike")
    problem = refused(
        await api.client.post("/chat", json={"agent_id": agent["id"], "message": "Hello?"}), 409, "agent_not_ready"
    )
    assert "the store is on strike; retry it" in problem["detail"]
    assert agent["name"] not in [one["id"] for one in (await api.get("/v1/models"))["data"]]

    assert (await api.post(f"/agents/{agent['id']}/retry"))["state"] == "preparing"
    await api.drain()
    assert (await seen(api, agent))["state"] == "ready"
    assert agent["name"] in [one["id"] for one in (await api.get("/v1/models"))["data"]]


# --- persona, fields, consent ----------------------------------------------------------------
async def test_persona_fields_consent_and_retention_are_kept_and_removed(api: Api) -> None:
    settings = {
        "persona": {"role": "an adviser", "tone": "warm", "language": "de", "do": ["ask once"], "avoid": []},
        "lead_fields": {
            "standard": ["name", "email"],
            "own": [{"name": "colour", "kind": "choice", "question": "Which colour?", "choices": ["Red", "Blue"]}],
        },
        "consent_text": "We keep what you say about yourself. Is that all right?",
        "retention_days": 90,
    }
    agent = await created(api, **settings)
    assert {name: value for name, value in agent["persona"].items() if value is not None} == settings["persona"]
    assert {name: agent[name] for name in settings if name != "persona"} == {
        name: value for name, value in settings.items() if name != "persona"
    }
    gone = await edited(api, agent, lead_fields=None, consent_text=None, retention_days=None, persona={})
    assert (gone["lead_fields"], gone["consent_text"], gone["retention_days"]) == (None, None, None)
    assert set(gone["persona"].values()) == {None}


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ({"own": [{"name": "email", "question": "Which?"}]}, "standard"),
        ({"own": [{"name": "Order No", "question": "Which?"}]}, "small letters"),
        ({"own": [{"name": "size", "question": "Which?", "kind": "choice"}]}, "choices"),
        ({"own": [{"name": "size", "question": "Which?", "choices": ["S"]}]}, "choices"),
        ({"own": [{"name": "size", "question": "Q?", "kind": "choice", "choices": ["s", "S"]}]}, "case"),
        ({"own": [{"name": "size", "question": "Q?"}, {"name": "size", "question": "R?"}]}, "twice"),
        ({"standard": ["name", "name"]}, "twice"),
    ],
)
async def test_fields_that_cannot_be_are_refused(api: Api, field: dict[str, Any], says: str) -> None:
    answer = await api.client.post("/agents", json={"name": "Sales", "lead_fields": field})
    assert says in str(refused(answer, 422, "invalid_request"))


async def test_a_template_says_what_is_left_out_and_no_more(api: Api) -> None:
    offered = (await api.get("/agents/templates"))["items"]
    assert [one["id"] for one in offered] == ["sales", "support", "onboarding"] == [one.id for one in templates()]
    agent = await created(api, template="sales", persona={"tone": "dry"}, retention_days=30)
    assert agent["persona"] == {**offered[0]["settings"]["persona"], "tone": "dry"}
    assert agent["lead_fields"] == {"standard": list(STANDARD), "own": []}
    assert agent["retention_days"] == 30
    without = await created(api, name="Without", template="sales", lead_fields=None)
    assert without["lead_fields"] is None
    problem = refused(await api.client.post("/agents", json={"name": "No", "template": "x"}), 422, "invalid_request")
    assert "known: ['sales', 'support', 'onboarding']" in problem["detail"]


async def test_a_model_is_told_the_workspaces_persona_under_the_agents(writer: Api, mock: Any) -> None:
    put = await writer.client.put("/agents/persona", json={"tone": "formal", "avoid": ["joke"]})
    assert put.json() == await writer.get("/agents/persona")
    assert put.json()["tone"] == "formal"
    agent = await created(writer, provider="openai-compatible", persona={"tone": "cheerful"}, faqs=PLANS)
    await writer.drain()
    await writer.post("/chat", {"agent_id": agent["id"], "message": PLANS[0]["question"]})
    told = str(mock.app.requests[-1].body["messages"])
    assert "Tone: cheerful" in told
    assert "Do not: joke" in told
    assert "formal" not in told


# --- versions ----------------------------------------------------------------------------
async def test_each_change_is_a_version_and_one_can_be_gone_back_to(api: Api) -> None:
    agent = await created(api, persona={"tone": "warm"}, daily_tokens=500)
    path = f"/agents/{agent['id']}"
    await edited(api, agent, persona={"tone": "dry"}, provider="echo")
    same = await edited(api, agent, persona={"tone": "dry"}, name="Renamed")
    assert (same["version"], same["name"]) == (2, "Renamed")

    back = await api.post(f"{path}/rollback", {"version": 1})
    assert (back["version"], back["name"], back["provider"], back["persona"]["tone"]) == (
        3,
        "Renamed",
        "builtin",
        "warm",
    )
    versions = (await api.get(f"{path}/versions"))["items"]
    assert [(one["number"], one["note"]) for one in versions] == [(3, "as in version 1"), (2, ""), (1, "")]
    assert versions[1]["settings"]["persona"]["tone"] == "dry"
    assert versions[0]["settings"] == versions[2]["settings"]
    assert versions[0]["author"]
    refused(await api.client.post(f"{path}/rollback", json={"version": 9}), 404, "not_found")


async def test_a_change_of_what_somebody_else_changed_meanwhile_is_refused(api: Api) -> None:
    agent = await created(api)
    assert (await edited(api, agent, version=1, daily_tokens=5))["version"] == 2
    answer = await api.client.patch(f"/agents/{agent['id']}", json={"version": 1, "daily_tokens": 6})
    assert "version 2, not 1" in refused(answer, 409, "conflict")["detail"]
    assert (await seen(api, agent))["daily_tokens"] == 5


async def test_a_version_whose_collection_was_deleted_is_not_gone_back_to(api: Api) -> None:
    collection = (await api.post("/collections", {"name": "plans"}, status=201))["id"]
    agent = await created(api, collection_id=collection)
    await edited(api, agent, collection_id=await api.collection())
    assert (await api.client.delete(f"/collections/{collection}")).status_code == 204
    problem = refused(await api.client.post(f"/agents/{agent['id']}/rollback", json={"version": 1}), 409, "conflict")
    assert collection in problem["detail"]
    assert (await seen(api, agent))["version"] == 2


async def test_an_agent_from_before_versions_has_what_it_is_as_its_first(api: Api) -> None:
    default = (await api.get("/agents"))["items"][0]
    path = f"/agents/{default['id']}/versions"
    assert [one["number"] for one in (await api.get(path))["items"]] == [1]
    await edited(api, default, persona={"tone": "dry"})
    versions = (await api.get(path))["items"]
    assert [(one["number"], one["settings"]["persona"]["tone"]) for one in versions] == [(2, "dry"), (1, None)]


# --- copies, archive ---------------------------------------------------------------------------
async def test_a_copy_has_the_settings_and_a_name_of_its_own(api: Api) -> None:
    agent = await created(api, external_id="bot-7", template="support", faqs=PLANS, daily_tokens=7)
    await api.drain()
    agent = await seen(api, agent)
    copy = await api.post(f"/agents/{agent['id']}/duplicate", {"name": "Twin"}, status=201)
    own = {"id", "name", "external_id", "created_at"}
    assert {k: v for k, v in copy.items() if k not in own} == {k: v for k, v in agent.items() if k not in own}
    assert (copy["name"], copy["external_id"]) == ("Twin", None)
    [first] = (await api.get(f"/agents/{copy['id']}/versions"))["items"]
    assert first["note"] == "a copy of 'Sales'"
    refused(await api.client.post(f"/agents/{agent['id']}/duplicate", json={"name": "twin"}), 409, "conflict")


async def test_an_archived_agent_is_listed_apart_and_answers_nothing_until_it_is_restored(api: Api) -> None:
    agent = await created(api, external_id="bot-7")
    assert (await api.post(f"/agents/{agent['id']}/archive"))["state"] == "archived"
    assert agent["id"] not in [one["id"] for one in (await api.get("/agents"))["items"]]
    assert [one["id"] for one in (await api.get("/agents", archived="true"))["items"]] == [agent["id"]]
    asked = {"message": "What is it?", "bot_id": "bot-7"}
    assert "restore it" in refused(await api.client.post("/chat", json=asked), 409, "agent_not_ready")["detail"]
    refused(await api.client.post("/agents", json={"name": "sales"}), 409, "conflict")

    assert (await api.post(f"/agents/{agent['id']}/restore"))["state"] == "ready"
    assert (await api.post("/chat", asked))["response"]


async def test_the_default_agent_is_not_archived(api: Api) -> None:
    default = (await api.get("/agents"))["items"][0]
    problem = refused(await api.client.post(f"/agents/{default['id']}/archive"), 409, "conflict")
    assert "cannot be archived" in problem["detail"]


# --- who may ---------------------------------------------------------------------------------
async def test_sales_people_create_agents_from_approved_faqs_and_leave_the_default_one(keys: Keys) -> None:
    admin, sales = await keys.sign_in(), await keys.sign_in(role=Role.SALES)
    faq = await admin.add_faq(**PLANS[0])
    agent = await created(sales, faq_ids=[faq["id"]])
    assert (await edited(sales, agent, persona={"tone": "dry"}))["version"] == 2
    refused(await sales.client.post("/agents", json={"name": "Other", "faqs": PLANS}), 403, "forbidden")
    default = next(one for one in (await sales.get("/agents"))["items"] if one["is_default"])
    refused(await sales.client.patch(f"/agents/{default['id']}", json={"provider": "echo"}), 403, "forbidden")
    refused(await sales.client.put("/agents/persona", json={"tone": "dry"}), 403, "forbidden")
    analyst = await keys.sign_in(role=Role.ANALYST)
    refused(await analyst.client.post("/agents", json={"name": "Other"}), 403, "forbidden")
