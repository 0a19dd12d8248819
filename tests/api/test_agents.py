"""Agents: created, edited, deleted; what answers for them and how much of it a day."""

from datetime import UTC, datetime
from typing import Any, get_args
from uuid import uuid4

import pytest

from backend.agents.factory import AgentFactory
from backend.agents.providers import PROVIDERS
from backend.agents.providers.base import NOTHING, Usage
from backend.errors import BudgetExhausted
from backend.repositories.uow import UnitOfWork
from backend.security.outbound import Outbound, OutboundPolicy
from backend.services.agents import AgentService, Hold
from contracts.agents import ModelStep
from tests.api.conftest import Keys
from tests.mock_openai import MockServer
from tests.support import Api, refused

MIDNIGHT = datetime(2026, 11, 29, tzinfo=UTC)
EVENING = datetime(2026, 11, 28, 23, 50, tzinfo=UTC)


async def created(api: Api, **body: Any) -> dict[str, Any]:
    made: dict[str, Any] = await api.post("/agents", {"name": "Sales", **body}, status=201)
    return made


async def default(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in (await api.get("/agents"))["items"] if one["is_default"])
    return found


async def connect(api: Api, mock: MockServer, name: str = "openai-compatible") -> None:
    settings = {"base_url": mock.url_of(name), "api_key": "sk-test-0123456789", "model": "ok"}
    assert (await api.client.put(f"/providers/{name}", json=settings)).status_code == 200


async def test_a_new_agent_takes_the_collection_of_the_default_one(api: Api) -> None:
    agent = await created(api)
    assert (agent["provider"], agent["model"], agent["is_default"]) == ("builtin", "builtin", False)
    assert agent["collection_id"] == (await default(api))["collection_id"]
    unset = {"temperature": None, "max_tokens": None, "instructions": "", "steps": ["rewrite"], "retrieval_model": None}
    assert agent["parameters"] == unset
    assert (agent["fallbacks"], agent["daily_tokens"], agent["used_today"]) == ([], None, 0)
    assert await api.get(f"/agents/{agent['id']}") == agent
    assert agent in (await api.get("/agents"))["items"]


async def test_everything_of_an_agent_is_kept(api: Api, mock: MockServer) -> None:
    await connect(api, mock)
    body = {
        "external_id": "bot-7",
        "provider": "openai-compatible",
        "model": "unsure",
        "parameters": {
            "temperature": 0.2,
            "max_tokens": 300,
            "instructions": "Be kind.",
            "steps": ["plan"],
            "retrieval_model": None,
        },
        "fallbacks": [{"provider": "echo", "model": None}, {"provider": "builtin", "model": "builtin"}],
        "daily_tokens": 1000,
        "collection_id": await api.collection(),
    }
    agent = await created(api, **body)
    assert {name: agent[name] for name in body} == body


async def test_an_edit_changes_what_it_names_and_null_removes(api: Api, mock: MockServer) -> None:
    await connect(api, mock)
    agent = await created(api, external_id="bot-7", daily_tokens=5, fallbacks=[{"provider": "echo"}])
    path = f"/agents/{agent['id']}"

    edited = (await api.client.patch(path, json={"provider": "openai-compatible"})).json()
    assert edited == {**agent, "provider": "openai-compatible", "model": "ok", "version": 2}

    gone = (await api.client.patch(path, json={"external_id": None, "daily_tokens": None, "fallbacks": []})).json()
    assert (gone["external_id"], gone["daily_tokens"], gone["fallbacks"]) == (None, None, [])
    assert (await api.client.patch(path, json={"name": "Support"})).json()["name"] == "Support"


@pytest.mark.parametrize(
    "field",
    ["name", "provider", "parameters", "fallbacks", "collection_id", "more_collection_ids", "persona", "version"],
)
async def test_what_an_agent_cannot_be_without_is_refused_as_null(api: Api, field: str) -> None:
    agent = await created(api)
    answer = await api.client.patch(f"/agents/{agent['id']}", json={"daily_tokens": 5, field: None})
    problem = refused(answer, 422, "invalid_request")
    assert problem["detail"] == f"{field}: must not be null; leave it out to keep what is there"
    assert await api.get(f"/agents/{agent['id']}") == agent


async def test_a_model_of_null_is_the_providers_default(api: Api, mock: MockServer) -> None:
    await connect(api, mock)
    agent = await created(api, provider="openai-compatible", model="unsure")
    path = f"/agents/{agent['id']}"
    assert (await api.client.patch(path, json={"name": "Support"})).json()["model"] == "unsure"
    assert (await api.client.patch(path, json={"model": None})).json()["model"] == "ok"


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"provider": "nobody"}, 422, "provider: no model provider 'nobody'; known: ['anthropic', "),
        ({"provider": "openai"}, 422, "provider: OpenAI needs a key"),
        ({"provider": "vllm"}, 422, "provider: vLLM (your own server) needs its base URL"),
        ({"model": "gpt-9"}, 422, "no model 'gpt-9' of the provider 'builtin'; known: ['builtin']"),
        ({"fallbacks": [{"provider": "echo"}, {"provider": "nobody"}]}, 422, "fallbacks[1]: no model provider"),
        ({"parameters": {"temperature": 3}}, 422, "temperature"),
        ({"parameters": {"steps": ["answer"]}}, 422, "steps"),
        ({"parameters": {"colour": "red"}}, 422, "colour"),
        ({"daily_tokens": 0}, 422, "daily_tokens"),
        ({"collection_id": str(uuid4())}, 404, "no collection"),
    ],
)
async def test_what_cannot_answer_is_refused_by_field(
    api: Api, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], status: int, says: str
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    answer = await api.client.post("/agents", json={"name": "Sales", **body})
    assert answer.status_code == status, answer.text
    assert says in answer.json()["detail"] + str(answer.json().get("errors"))
    assert len((await api.get("/agents"))["items"]) == 1

    path = f"/agents/{(await default(api))['id']}"
    before = await default(api)
    assert (await api.client.patch(path, json=body)).status_code == status
    assert await default(api) == before


async def test_names_and_external_ids_are_unique(api: Api) -> None:
    agent = await created(api, external_id="bot-7")
    refused(await api.client.post("/agents", json={"name": "Sales"}), 409, "conflict")
    taken = await api.client.post("/agents", json={"name": "Other", "external_id": "bot-7"})
    assert "external_id: the agent 'Sales'" in refused(taken, 409, "conflict")["detail"]
    same = await api.client.patch(f"/agents/{agent['id']}", json={"name": "Sales", "external_id": "bot-7"})
    assert same.status_code == 200
    refused(await api.client.patch(f"/agents/{agent['id']}", json={"name": "default"}), 409, "conflict")


async def test_the_default_agent_stays_and_keeps_its_name(api: Api) -> None:
    path = f"/agents/{(await default(api))['id']}"
    refused(await api.client.delete(path), 409, "conflict")
    refused(await api.client.patch(path, json={"name": "Other"}), 409, "conflict")


async def test_a_deleted_agent_is_gone_with_its_usage(api: Api) -> None:
    agent = await created(api)
    await charge(api, agent["id"], 4, 3)
    assert (await api.stored()).rows["agent_usage"] == 1
    assert (await api.client.delete(f"/agents/{agent['id']}")).status_code == 204
    assert (await api.stored()).rows["agent_usage"] == 0
    refused(await api.client.get(f"/agents/{agent['id']}"), 404, "not_found")
    refused(await api.client.delete(f"/agents/{agent['id']}"), 404, "not_found")


async def test_forgetting_a_provider_moves_agents_and_fallbacks_off_it(api: Api, mock: MockServer) -> None:
    await connect(api, mock)
    on_it = await created(api, provider="openai-compatible")
    fallbacks = [{"provider": "openai-compatible"}, {"provider": "echo"}]
    behind_it = await created(api, name="Other", fallbacks=fallbacks)

    assert (await api.client.delete("/providers/openai-compatible")).status_code == 204

    moved = await api.get(f"/agents/{on_it['id']}")
    assert (moved["provider"], moved["model"]) == ("builtin", "builtin")
    left = (await api.get(f"/agents/{behind_it['id']}"))["fallbacks"]
    assert left == [{"provider": "echo", "model": None}]


async def test_another_workspace_has_its_own_agents(keys: Keys) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    agent = await created(first, external_id="bot-7")
    refused(await second.client.get(f"/agents/{agent['id']}"), 404, "not_found")
    refused(await second.client.delete(f"/agents/{agent['id']}"), 404, "not_found")
    await created(second, external_id="bot-7")


# --- for whoever asks an agent ------------------------------------------------
async def charge(api: Api, agent_id: str, given: int, taken: int) -> None:
    agents = api.scope.services.agents
    async with UnitOfWork(api.scope.database)(await workspace(api)) as tx:
        agent = await tx.agents.find(agent_id)
        await agents.settle(tx, agent.id, await agents.hold(tx, agent, NOTHING), Usage(given, taken))


async def workspace(api: Api) -> Any:
    async with UnitOfWork(api.scope.database).read_all_workspaces() as everyone:
        return (await everyone.all())[0].id


async def test_a_model_may_take_every_step(api: Api, mock: MockServer) -> None:
    await connect(api, mock)
    steps = list(get_args(ModelStep))
    assert (await created(api, provider="openai-compatible", parameters={"steps": steps}))["parameters"][
        "steps"
    ] == steps


async def test_a_step_that_is_chosen_twice_is_refused(api: Api, mock: MockServer) -> None:
    await connect(api, mock)
    agent = await created(api, provider="openai-compatible")
    body = {"parameters": {"steps": ["plan", "rerank", "plan"]}}
    problem = refused(await api.client.patch(f"/agents/{agent['id']}", json=body), 422, "invalid_request")
    assert problem["detail"] == "parameters.steps: 'plan' is there twice; name each step once"
    refused(await api.client.post("/agents", json={"name": "Other", **body}), 422, "invalid_request")


@pytest.mark.parametrize("provider", ["builtin", "echo"])
@pytest.mark.parametrize("step", ["plan", "rerank"])
async def test_a_step_that_no_model_would_take_is_refused(api: Api, mock: MockServer, provider: str, step: str) -> None:
    body = {"provider": provider, "parameters": {"steps": [step, "rewrite"]}}
    problem = refused(await api.client.post("/agents", json={"name": "Other", **body}), 422, "invalid_request")
    assert problem["detail"].startswith(f"parameters.steps: the provider {provider!r} cannot take ['{step}']")
    await connect(api, mock)
    agent = await created(api, provider="openai-compatible", parameters=body["parameters"])
    refused(await api.client.patch(f"/agents/{agent['id']}", json=body), 422, "invalid_request")


async def test_the_usual_steps_fit_every_provider_and_chosen_ones_wait_for_the_next(api: Api, mock: MockServer) -> None:
    """The usual ones are what an agent has that named none, and another provider is chosen in one click."""
    await connect(api, mock)
    assert (await created(api, name="Usual", parameters={"steps": ["rewrite"]}))["provider"] == "builtin"
    agent = await created(api, provider="openai-compatible", parameters={"steps": ["plan"]})
    edited = (await api.client.patch(f"/agents/{agent['id']}", json={"provider": "builtin"})).json()
    assert (edited["provider"], edited["parameters"]["steps"]) == ("builtin", ["plan"])


async def test_an_agent_is_found_by_external_id_id_or_name(api: Api) -> None:
    agent = await created(api, external_id="bot-7")
    service = api.scope.services.agents
    async with UnitOfWork(api.scope.database).read(await workspace(api)) as tx:
        found = [await service.find(tx, ref) for ref in ("bot-7", agent["id"], "Sales")]
    assert {str(one.id) for one in found} == {agent["id"]}


async def test_the_stored_row_becomes_the_concrete_agent(api: Api, mock: MockServer) -> None:
    await connect(api, mock)
    parameters = {"temperature": 0.2, "max_tokens": 30, "instructions": "Be kind.", "steps": ["plan", "rerank"]}
    made = await created(
        api, provider="openai-compatible", model="ok", parameters=parameters, fallbacks=[{"provider": "builtin"}]
    )
    async with UnitOfWork(api.scope.database).read(await workspace(api)) as tx:
        answerer = await api.scope.services.agents.answerer(tx, await tx.agents.find(made["id"]))
    config = answerer.config
    assert (config.primary.config.name, config.primary.model, config.instructions) == (
        "openai-compatible",
        "ok",
        "Be kind.",
    )
    assert (config.sampling.temperature, config.sampling.max_tokens) == (0.2, 30)
    assert config.steps == {"plan", "rerank"}
    assert [one.config.name for one in config.fallbacks] == ["builtin"]


@pytest.mark.fault("C13")
async def test_a_used_up_budget_stops_that_agent_until_midnight_utc(api: Api) -> None:
    services, clock = api.scope.services, [EVENING]
    uow = UnitOfWork(api.scope.database)
    factory = AgentFactory(PROVIDERS, Outbound(OutboundPolicy()).provider_client)
    agents = AgentService(
        uow,
        factory,
        services.providers,
        services.collections.ingest_in,
        api.scope.runner,
        now=lambda: clock[0],
    )
    first, second = await created(api, daily_tokens=10), await created(api, name="Other", daily_tokens=10)

    async def begin(agent: dict[str, Any]) -> Hold:
        async with uow(await workspace(api)) as tx:
            return await agents.hold(tx, await tx.agents.find(agent["id"]), Usage(3, 2))

    async def end(agent: dict[str, Any], hold: Hold, used: Usage) -> None:
        async with uow(await workspace(api)) as tx:
            await agents.settle(tx, (await tx.agents.find(agent["id"])).id, hold, used)

    early = await begin(first)
    late = await begin(first)
    with pytest.raises(BudgetExhausted, match="10 are used or held") as caught:
        await begin(first)
    assert (caught.value.code, caught.value.status, caught.value.retry_after) == ("budget_exhausted", 429, 600)
    await begin(second)
    await end(first, early, Usage(1, 0))
    await end(first, await begin(first), Usage(0, 0))
    clock[0] = MIDNIGHT
    await end(first, late, Usage(100, 100))
    await begin(first)
    clock[0] = EVENING
    with pytest.raises(BudgetExhausted, match="201 are used or held"):
        await begin(first)


async def test_what_an_agent_used_today_is_shown(api: Api) -> None:
    agent = await created(api)
    await charge(api, agent["id"], 4, 3)
    await charge(api, agent["id"], 1, 0)
    assert (await api.get(f"/agents/{agent['id']}"))["used_today"] == 8


async def test_the_fallback_of_the_row_answers_and_the_answer_says_so(api: Api, mock: MockServer) -> None:
    await api.add_faq("Where is the silver key?", "The silver key is under the stone.")
    await api.drain()
    await connect(api, mock)
    mock.app.is_down = True
    agent = await created(api, provider="openai-compatible", fallbacks=[{"provider": "builtin"}])
    body = {"message": "Where is the silver key?", "agent_id": agent["id"]}

    answer = await api.post("/chat", body)
    assert (answer["provider"], answer["fallback_used"]) == ("builtin", True)
    [failed] = answer["failures"]
    assert (failed["provider"], failed["title"]) == ("openai-compatible", "The model provider does not answer")
    assert "under the stone" in answer["response"]

    mock.app.is_down = False
    other = await created(api, name="Other", provider="openai-compatible", model="other")
    mended = await api.post("/chat", {**body, "agent_id": other["id"]})
    assert (mended["provider"], mended["fallback_used"], mended["failures"]) == ("openai-compatible", False, [])


@pytest.mark.fault("C13")
async def test_an_agent_without_tokens_left_is_refused_in_the_chat_and_the_others_answer(api: Api) -> None:
    await api.add_faq("Where is the silver key?", "The silver key is under the stone.")
    await api.drain()
    poor, rich = await created(api, provider="echo", daily_tokens=1), await created(api, name="Other")
    body = {"message": "Where is the silver key?"}
    assert (await api.post("/chat", {**body, "agent_id": poor["id"]}))["answered"]

    refusal = await api.client.post("/chat", json={**body, "agent_id": poor["id"]})
    assert refused(refusal, 429, "budget_exhausted")["retryable"] is True
    assert 1 <= int(refusal.headers["retry-after"]) <= 86_400
    assert (await api.post("/chat", {**body, "agent_id": rich["id"]}))["answered"]
