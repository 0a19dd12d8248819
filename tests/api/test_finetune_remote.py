"""Fine-tuning at a provider over the API: from a dataset to a model that is asked where it was trained."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from backend.finetuning.remote_server import SystemClock
from backend.repositories.jobs import JobLedger
from tests.api.conftest import Keys
from tests.api.test_datasets import fill, make
from tests.api.test_finetune import QUESTION, train
from tests.mock_llm.server import MockLlm
from tests.mock_tuning.app import MockTuning
from tests.mock_tuning.fireworks import MockFireworks
from tests.mock_tuning.server import TuningServer
from tests.mock_tuning.together import MockTogether
from tests.support import Api, eventually, refused

KEY = "sk-test-abcdefghij0123456789"
SERVER = "openai-compatible"
BODY: dict[str, Any] = {"method": "remote", "base_model": "small-1", "parameters": {"provider": SERVER}}


@pytest.fixture(scope="module")
def running() -> Iterator[TuningServer]:
    with TuningServer() as server:
        yield server


@pytest.fixture
def server(running: TuningServer, monkeypatch: pytest.MonkeyPatch) -> TuningServer:
    """Nothing recorded yet; it is looked at a hundred times as often as others are."""

    async def swiftly(_clock: SystemClock, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)

    monkeypatch.setattr(SystemClock, "sleep", swiftly)
    for name in ("OPENAI_API_KEY", "TOGETHER_API_KEY", "FIREWORKS_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    running.app, running.tuning = MockLlm(), MockTuning()
    return running


async def connect(api: Api, server: TuningServer, provider: str = SERVER) -> None:
    settings = {"base_url": server.base_url, "api_key": KEY, "model": "ok"}
    answer = await api.client.put(f"/providers/{provider}", json=settings)
    assert answer.status_code == 200, answer.text


@pytest.fixture
async def dataset(api: Api, server: TuningServer) -> dict[str, Any]:
    """In a workspace whose provider is the mock server."""
    await connect(api, server)
    await fill(api)
    await api.drain()
    return await make(api)


async def begun(api: Api, dataset: dict[str, Any], server: TuningServer) -> str:
    """The id of a training whose job runs at the server."""
    job = await api.post("/finetune", {"dataset_id": dataset["id"], **BODY}, status=202)

    async def runs() -> bool:
        return "events" in server.tuning.calls

    await eventually(runs)
    return str(job["id"])


async def test_a_model_is_trained_at_the_provider_and_asked_there(
    api: Api, dataset: dict[str, Any], server: TuningServer
) -> None:
    training = await train(api, dataset, name="Remote", **BODY)
    assert training["job"]["status"] == "succeeded", training["job"]["error"]
    [model] = (await api.get("/models"))["items"]
    assert (model["id"], model["remote_id"], model["state"]) == (training["model_id"], "ft:ok", "usable")
    assert (model["files"], model["base_model"], model["collection_id"]) == ([], "small-1", None)
    sent = dataset["train"] + dataset["validation"]
    assert f"{sent} rows went to {server.base_url}" in model["notes"][0]
    assert len(server.tuning.sent()) == sent
    points = await api.get(f"/finetune/{training['id']}/points")
    assert {point["name"] for point in points} == {"train_loss", "validation_loss"}
    async with api.scope.database.read() as session:
        assert await JobLedger(session).payload(UUID(training["id"])) == {"queue": "remote_trainings"}

    answer = await api.post("/chat", {"message": QUESTION, "model": "Remote"})
    assert (answer["provider"], answer["model"], answer["fallback_used"]) == (SERVER, "ft:ok", False)
    assert "the page of the boiler" in answer["response"]
    body = {"model": "Remote", "messages": [{"role": "user", "content": QUESTION}]}
    said = await api.post("/v1/chat/completions", body)
    assert "the page of the boiler" in said["choices"][0]["message"]["content"]
    assert {request.model for request in server.app.requests} == {"ft:ok"}
    assert (await api.get("/v1/models/Remote"))["nexus"]["kind"] == "tuned"


@pytest.mark.parametrize(("provider", "tuning"), [("together", MockTogether), ("fireworks", MockFireworks)])
async def test_a_model_is_trained_at_a_provider_by_its_own_api_and_asked_there(
    api: Api, dataset: dict[str, Any], server: TuningServer, provider: str, tuning: type[MockTuning]
) -> None:
    server.tuning = tuning()
    await connect(api, server, provider)
    body = {**BODY, "parameters": {"provider": provider}}
    training = await train(api, dataset, name="Remote", **body)
    assert training["job"]["status"] == "succeeded", training["job"]["error"]
    points = await api.get(f"/finetune/{training['id']}/points")
    assert {point["name"] for point in points} == {"train_loss", "validation_loss"}
    answer = await api.post("/chat", {"message": QUESTION, "model": "Remote"})
    assert (answer["provider"], answer["model"], answer["fallback_used"]) == (provider, "ft:ok", False)


async def test_what_is_left_to_do_before_a_model_answers_is_said_before_it_is_trained_and_after(
    api: Api, dataset: dict[str, Any], server: TuningServer
) -> None:
    server.tuning = MockFireworks()
    await connect(api, server, "fireworks")
    remote = next(one for one in await api.get("/finetune/methods") if one["name"] == "remote")
    said = {one["name"]: one["note"] for one in remote["providers"]}
    assert "answers once you have deployed it there" in said["fireworks"]
    assert said[SERVER] == ""
    await train(api, dataset, **{**BODY, "parameters": {"provider": "fireworks"}})
    [model] = (await api.get("/models"))["items"]
    assert model["notes"][-1] == said["fireworks"]


@pytest.mark.parametrize("path", ["/finetune", "/finetune/estimate"])
async def test_a_parameter_that_the_provider_lacks_is_refused_with_the_reason(
    api: Api, dataset: dict[str, Any], server: TuningServer, path: str
) -> None:
    await connect(api, server, "together")
    parameters = {"provider": "together", "learning_rate_multiplier": 0.5}
    body = {"dataset_id": dataset["id"], **BODY, "parameters": parameters}
    problem = refused(await api.client.post(path, json=body), 422, "invalid_request")
    assert problem["detail"] == (
        "parameters.learning_rate_multiplier: Together has none, since its learning rates are absolute and not times "
        "the usual; leave it out"
    )
    remote = next(one for one in await api.get("/finetune/methods") if one["name"] == "remote")
    assert [(one["name"], list(one["lacks"])) for one in remote["providers"]] == [
        ("together", ["learning_rate_multiplier"]),
        (SERVER, []),
    ]


async def test_a_model_is_unusable_while_its_provider_is_not_set_up(
    api: Api, dataset: dict[str, Any], server: TuningServer
) -> None:
    await train(api, dataset, name="Remote", **BODY)
    assert (await api.client.delete(f"/providers/{SERVER}")).status_code == 204
    [model] = (await api.get("/models"))["items"]
    assert model["state"] == "unusable"
    assert "its provider is not set up any more" in model["reason"]
    problem = refused(await api.client.post("/chat", json={"message": QUESTION, "model": "Remote"}), 409, "conflict")
    assert "enter it under Settings" in problem["detail"]
    await connect(api, server)
    assert (await api.get("/models"))["items"][0]["state"] == "usable"


async def test_a_model_that_answers_is_no_retrieval_of_an_agent(api: Api, dataset: dict[str, Any]) -> None:
    await train(api, dataset, name="Remote", **BODY)
    agent = (await api.get("/agents"))["items"][0]["id"]
    body = {"parameters": {"retrieval_model": "Remote"}}
    refused(await api.client.patch(f"/agents/{agent}", json=body), 422, "invalid_request")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"base_model": ""}, "base_model: name the model"),
        ({"parameters": {}}, "parameters.provider"),
        ({"parameters": {"provider": "groq"}}, "parameters.provider: the provider 'groq' fine-tunes no models; known:"),
        ({"parameters": {"provider": "openai"}}, "parameters.provider: OpenAI needs a key"),
        ({"parameters": {"provider": SERVER, "api_key": "x"}}, "parameters.api_key"),
        ({"parameters": {"provider": SERVER, "n_epochs": 0}}, "parameters.n_epochs"),
    ],
)
async def test_what_cannot_be_trained_with_is_refused_by_its_name(
    api: Api, dataset: dict[str, Any], server: TuningServer, change: dict[str, Any], says: str
) -> None:
    body = {"dataset_id": dataset["id"], **BODY, **change}
    problem = refused(await api.client.post("/finetune", json=body), 422, "invalid_request")
    assert says in problem["detail"]
    assert server.tuning.calls == []


async def test_the_method_says_which_providers_may_train_or_what_to_set_up(api: Api, server: TuningServer) -> None:
    async def remote() -> dict[str, Any]:
        methods: list[dict[str, Any]] = await api.get("/finetune/methods")
        return next(one for one in methods if one["name"] == "remote")

    before = await remote()
    assert (before["providers"], before["makes"], before["needs_base_model"]) == ([], "answers", True)
    assert "under Settings" in before["missing"]
    await connect(api, server)
    after = await remote()
    assert [(one["name"], one["base_url"]) for one in after["providers"]] == [(SERVER, server.base_url)]
    assert after["missing"] == ""
    assert [one["name"] for one in after["parameters"]] == [
        "n_epochs",
        "learning_rate_multiplier",
        "batch_size",
        "seed",
        "price_per_million",
    ]


@pytest.mark.parametrize(
    ("parameters", "epochs", "cost"),
    [
        ({}, None, None),
        ({"price_per_million": 25}, None, 25.0),
        ({"price_per_million": 25, "n_epochs": 4}, 4, 100.0),
        ({"price_per_million": 0, "n_epochs": 4}, 4, 0.0),
    ],
)
async def test_what_it_will_cost_is_said_before_it_begins(
    api: Api,
    dataset: dict[str, Any],
    server: TuningServer,
    parameters: dict[str, Any],
    epochs: int | None,
    cost: float | None,
) -> None:
    """`cost` is that of a million tokens."""
    body = {"dataset_id": dataset["id"], **BODY, "parameters": {"provider": SERVER, **parameters}}
    estimate = await api.post("/finetune/estimate", body)
    assert (estimate["tokens"], estimate["epochs"]) == (dataset["tokens"], epochs)
    said = None if estimate["cost_usd"] is None else float(estimate["cost_usd"])
    assert said == (None if cost is None else pytest.approx(cost * dataset["tokens"] / 1_000_000))
    assert server.tuning.calls == []
    assert (await api.get("/finetune"))["items"] == []


async def test_the_price_stays_here(api: Api, dataset: dict[str, Any], server: TuningServer) -> None:
    body = BODY | {"parameters": {"provider": SERVER, "price_per_million": 25, "n_epochs": 2}}
    await train(api, dataset, **body)
    [job] = server.tuning.jobs.values()
    assert job["hyperparameters"] == {"n_epochs": 2}


async def test_the_key_is_in_no_file_row_answer_or_log(
    api: Api, dataset: dict[str, Any], server: TuningServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "nexus")
    server.tuning.fail("job", "401")
    training = await train(api, dataset, **BODY)
    assert training["job"]["error"]["code"] == "provider_auth_failed"
    assert server.tuning.told == {f"Bearer {KEY}"}
    written = b"".join(path.read_bytes() for path in api.settings.data_dir.rglob("*") if path.is_file())
    assert KEY.encode() not in written
    said = [await api.get(path) for path in ("/finetune", "/models", "/jobs", f"/finetune/{training['id']}")]
    assert KEY not in str(said) + caplog.text


@pytest.mark.fault("B6")
async def test_a_cancelled_training_is_cancelled_at_the_provider(
    api: Api, dataset: dict[str, Any], server: TuningServer
) -> None:
    server.tuning.statuses = ("running",)
    training = await begun(api, dataset, server)
    await api.post(f"/finetune/{training}/cancel")
    await api.drain()
    job = (await api.get(f"/finetune/{training}"))["job"]
    assert (job["status"], job["error"]) == ("cancelled", None)
    assert server.tuning.cancelled == list(server.tuning.jobs)
    assert server.tuning.files == {}
    assert (await api.get("/models"))["items"] == []


@pytest.mark.fault("B12")
async def test_a_provider_that_does_not_cancel_is_said_to_go_on_and_a_retry_waits_for_it(
    api: Api, dataset: dict[str, Any], server: TuningServer
) -> None:
    server.tuning.statuses, server.tuning.always = ("running",), {"cancel": "405"}
    training = await begun(api, dataset, server)
    await api.post(f"/finetune/{training}/cancel")
    await api.drain()
    job = (await api.get(f"/finetune/{training}"))["job"]
    assert (job["status"], job["error"]["code"]) == ("cancelled", "goes_on_elsewhere")
    assert f"{server.base_url} may go on with 'ftjob-3'" in job["error"]["detail"]
    server.tuning.statuses = ("succeeded",)
    await api.post(f"/jobs/{training}/retry")
    await api.drain()
    ended = await api.get(f"/finetune/{training}")
    assert (ended["job"]["status"], ended["job"]["error"]) == ("succeeded", None)
    assert len(server.tuning.jobs) == 1


@pytest.mark.fault("B12")
async def test_a_training_whose_provider_is_removed_fails_and_says_what_to_do_and_a_retry_goes_on(
    api: Api, dataset: dict[str, Any], server: TuningServer
) -> None:
    server.tuning.statuses = ("running",)
    training = await begun(api, dataset, server)
    assert (await api.client.delete(f"/providers/{SERVER}")).status_code == 204
    await api.drain()
    job = (await api.get(f"/finetune/{training}"))["job"]
    assert (job["status"], job["error"]["code"]) == ("failed", "invalid_request")
    assert "enter it under Settings; then retry, which goes on with what was begun" in job["error"]["detail"]
    await connect(api, server)
    server.tuning.statuses = ("succeeded",)
    await api.post(f"/jobs/{training}/retry")
    await api.drain()
    assert (await api.get(f"/finetune/{training}"))["job"]["status"] == "succeeded"
    assert len(server.tuning.jobs) == 1


@pytest.mark.fault("B12")
async def test_what_the_provider_says_of_a_failure_is_the_job_s_error_and_a_retry_begins_another(
    api: Api, dataset: dict[str, Any], server: TuningServer
) -> None:
    server.tuning.statuses, server.tuning.failure = ("failed",), "Too few examples."
    training = await train(api, dataset, **BODY)
    assert training["job"]["error"]["code"] == "remote_training_failed"
    assert "Too few examples" in training["job"]["error"]["detail"]
    server.tuning.statuses = ("succeeded",)
    await api.post(f"/jobs/{training['id']}/retry")
    await api.drain()
    assert (await api.get(f"/finetune/{training['id']}"))["job"]["status"] == "succeeded"
    assert len(server.tuning.jobs) == 2


async def test_the_provider_of_a_workspace_trains_for_no_other(keys: Keys, server: TuningServer) -> None:
    north, south = await keys.sign_in("north"), await keys.sign_in("south")
    await connect(north, server)
    await fill(south)
    await south.drain()
    body = {"dataset_id": (await make(south))["id"], **BODY}
    problem = refused(await south.client.post("/finetune", json=body), 422, "invalid_request")
    assert "needs its base URL" in problem["detail"]
    methods = await south.get("/finetune/methods")
    assert [one["providers"] for one in methods if one["name"] == "remote"] == [[]]
