"""Provider settings, their write-only keys, and the agent that uses them."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from backend.agents.providers import PROVIDERS
from backend.db.models import Credential
from tests.api.conftest import Keys
from tests.mock_openai import MockServer
from tests.support import Api, refused

KEY = "sk-test-abcdefghij0123456789"
PATH = "/providers/openai-compatible"


@pytest.fixture(autouse=True)
def _no_keys_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in PROVIDERS.vendors.values():
        if row.key_variable:
            monkeypatch.delenv(row.key_variable, raising=False)


async def configured(api: Api, **body: str) -> dict[str, Any]:
    answer = await api.client.put(PATH, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def agent(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get("/agents"))["items"][0]
    return found


async def test_a_fresh_start_has_the_offline_providers_ready_and_one_agent_on_the_built_in_one(api: Api) -> None:
    providers = {one["name"]: one for one in await api.get("/providers")}
    assert {name for name, one in providers.items() if one["configured"]} == {"builtin", "echo"}
    assert (providers["openai"]["needs_key"], providers["openai-compatible"]["needs_url"]) == (True, True)
    assert (await agent(api))["provider"] == "builtin"
    assert await api.get(f"/agents/{(await agent(api))['id']}") == await agent(api)
    refused(await api.client.get(f"/agents/{uuid4()}"), 404, "not_found")


async def test_a_key_is_shown_by_its_last_four_characters_only_and_stored_sealed(api: Api, mock: MockServer) -> None:
    shown = await configured(api, base_url=mock.base_url, api_key=KEY, model="ok")

    assert shown["key_hint"] == KEY[-4:]
    assert KEY not in str(shown) + str(await api.get("/providers"))
    async with api.scope.database.read() as session:
        stored = (await session.scalars(select(Credential))).one()
    assert stored.sealed_key is not None
    assert KEY not in stored.sealed_key
    assert KEY.encode() not in b"".join(file.read_bytes() for file in api.settings.data_dir.glob("nexus.db*"))


async def test_a_short_key_is_not_shown_in_part_not_even_one_of_an_earlier_release(api: Api, mock: MockServer) -> None:
    shown = await configured(api, base_url=mock.base_url, api_key="abcd1234xyz", model="ok")
    assert (shown["has_key"], shown["key_hint"]) == (True, None)
    async with api.scope.database.write() as session:
        await session.execute(update(Credential).values(key_hint="4xyz"))
    [shown] = [one for one in await api.get("/providers") if one["name"] == "openai-compatible"]
    assert (shown["has_key"], shown["key_hint"]) == (True, None)
    shown = await configured(api, base_url=mock.base_url, api_key="abcd1234wxyz", model="ok")
    assert (shown["has_key"], shown["key_hint"]) == (True, "wxyz")


@pytest.mark.fault("E10")
async def test_another_url_without_its_key_is_refused_and_the_stored_key_goes_nowhere(
    api: Api, mock: MockServer
) -> None:
    await configured(api, base_url="http://127.0.0.1:9/v1", api_key=KEY, model="ok")

    refused(await api.client.put(PATH, json={"base_url": mock.base_url}), 422, "invalid_request")
    refused(await api.client.post(f"{PATH}/check"), 503, "provider_unavailable")

    assert mock.app.requests == []
    stored = next(one for one in await api.get("/providers") if one["name"] == "openai-compatible")
    assert stored["base_url"] == "http://127.0.0.1:9/v1"


@pytest.mark.fault("E10")
@pytest.mark.parametrize("name", [name for name, row in PROVIDERS.vendors.items() if row.place == "server"])
async def test_no_stored_key_of_any_vendor_reaches_a_changed_url(api: Api, mock: MockServer, name: str) -> None:
    path = f"/providers/{name}"
    first = {"base_url": "http://127.0.0.1:9/v1", "api_key": KEY, "model": "ok"}
    assert (await api.client.put(path, json=first)).status_code == 200

    refused(await api.client.put(path, json={"base_url": mock.url_of(name)}), 422, "invalid_request")
    refused(await api.client.post(f"{path}/check"), 503, "provider_unavailable")
    assert mock.app.requests == []

    again = {"base_url": mock.url_of(name), "api_key": "sk-another-one-0123456789"}
    assert (await api.client.put(path, json=again)).status_code == 200
    assert (await api.post(f"{path}/check"))["ok"] is True
    headers = str([request.headers for request in mock.app.requests])
    assert "sk-another-one-0123456789" in headers
    assert KEY not in headers


@pytest.mark.fault("E10")
async def test_another_url_with_a_new_key_sends_only_the_new_one(api: Api, mock: MockServer) -> None:
    await configured(api, base_url="http://127.0.0.1:9/v1", api_key=KEY, model="ok")
    await configured(api, base_url=mock.base_url, api_key="sk-another-one-0123456789")
    await api.post(f"{PATH}/check")
    assert [request.headers["authorization"] for request in mock.app.requests] == ["Bearer sk-another-one-0123456789"]


KEYED = [name for name, row in PROVIDERS.vendors.items() if row.key_variable]


async def sent_key(api: Api, mock: MockServer, name: str) -> str:
    """What a check of the provider sends."""
    assert (await api.post(f"/providers/{name}/check"))["ok"] is True
    headers = mock.app.requests[-1].headers
    found = [headers[one] for one in ("authorization", "x-api-key", "x-goog-api-key") if one in headers]
    return " ".join(found).removeprefix("Bearer ")


@pytest.mark.parametrize("name", KEYED)
async def test_the_key_of_the_environment_is_the_one_that_is_sent_until_one_is_stored(
    api: Api, mock: MockServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """To the vendor's own address, or for one without, to that which was entered."""
    vendor, path = PROVIDERS.vendors[name], f"/providers/{name}"
    if vendor.default_url is not None:
        monkeypatch.setitem(PROVIDERS.vendors, name, replace(vendor, default_url=mock.url_of(name)))
    monkeypatch.setenv(str(vendor.key_variable), "sk-of-the-environment-0123")
    settings = {"base_url": mock.url_of(name), "model": "ok"}
    assert (await api.client.put(path, json=settings)).status_code == 200
    assert await sent_key(api, mock, name) == "sk-of-the-environment-0123"

    assert (await api.client.put(path, json={"api_key": KEY})).status_code == 200
    assert await sent_key(api, mock, name) == KEY

    assert (await api.client.delete(path)).status_code == 204
    assert (await api.client.put(path, json=settings)).status_code == 200
    assert await sent_key(api, mock, name) == "sk-of-the-environment-0123"


@pytest.mark.fault("E10")
@pytest.mark.parametrize("name", [name for name in KEYED if PROVIDERS.vendors[name].default_url])
async def test_the_key_of_the_environment_is_sent_to_no_other_address(
    api: Api, mock: MockServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(str(PROVIDERS.vendors[name].key_variable), "sk-of-the-environment-0123")
    settings = {"base_url": mock.url_of(name), "model": "ok"}
    assert (await api.client.put(f"/providers/{name}", json=settings)).status_code == 200
    checked = await api.client.post(f"/providers/{name}/check")
    assert checked.status_code == (422 if PROVIDERS.vendors[name].needs_key else 200)
    assert "sk-of-the-environment-0123" not in str(mock.app.requests)


async def test_the_same_url_keeps_its_key_when_only_the_model_changes(api: Api, mock: MockServer) -> None:
    await configured(api, base_url=mock.base_url, api_key=KEY, model="ok")
    shown = await configured(api, model="unsure")
    assert (shown["model"], shown["key_hint"]) == ("unsure", KEY[-4:])
    assert (await api.post(f"{PATH}/check"))["model"] == "unsure"
    assert mock.app.requests[0].headers["authorization"] == f"Bearer {KEY}"


async def test_a_check_is_one_short_request_and_tells_what_came_back(api: Api, mock: MockServer) -> None:
    await configured(api, base_url=mock.base_url, model="ok")
    check = await api.post(f"{PATH}/check")
    assert (check["ok"], check["model"]) == (True, "ok")
    assert check["reply"]
    assert check["latency_ms"] > 0
    assert len(mock.app.requests) == 1
    assert (await api.post("/providers/echo/check"))["ok"] is True


async def test_an_agent_changes_its_provider_and_answers_with_it(api: Api, mock: MockServer) -> None:
    await api.add_faq("Where is the key?", "Under the stone.")
    await api.drain()
    await configured(api, base_url=mock.base_url, model="ok")
    edited = (
        await api.client.patch(f"/agents/{(await agent(api))['id']}", json={"provider": "openai-compatible"})
    ).json()

    assert (edited["provider"], edited["model"]) == ("openai-compatible", "ok")
    assert (await api.asked("Where is the key?"))["provider"] == "openai-compatible"


async def test_an_agent_cannot_use_what_is_not_configured(api: Api) -> None:
    path = f"/agents/{(await agent(api))['id']}"
    refused(await api.client.patch(path, json={"provider": "openai"}), 422, "invalid_request")
    refused(await api.client.patch(path, json={"provider": "openai-compatible"}), 422, "invalid_request")
    refused(await api.client.patch(path, json={"provider": "nobody"}), 422, "unknown_strategy")
    assert (await agent(api))["provider"] == "builtin"


async def test_forgetting_a_provider_removes_its_key_and_brings_its_agents_back(api: Api, mock: MockServer) -> None:
    await api.use_provider("openai-compatible", "ok", base_url=mock.base_url, api_key=KEY)
    assert (await api.client.delete(PATH)).status_code == 204

    assert ((await agent(api))["provider"], (await agent(api))["model"]) == ("builtin", "builtin")
    shown = next(one for one in await api.get("/providers") if one["name"] == "openai-compatible")
    assert (shown["configured"], shown["key_hint"], shown["base_url"]) == (False, None, None)
    assert (await api.stored()).rows["credential"] == 0
    assert (await api.client.delete(PATH)).status_code == 204


@pytest.mark.parametrize("name", [row.name for row in PROVIDERS.vendors.values() if row.place == "server"])
async def test_an_address_that_is_no_base_url_is_refused_with_the_one_to_write(api: Api, name: str) -> None:
    for given in (
        "127.0.0.1:9/v1",
        "http://127.0.0.1:9/V1",
        "http://127.0.0.1:9/v1?x=1",
        "http://127.0.0.1:9/api/chat",
    ):
        answer = await api.client.put(f"/providers/{name}", json={"base_url": given, "api_key": KEY, "model": "ok"})
        assert refused(answer, 422, "invalid_request")["detail"].endswith("; write 'http://127.0.0.1:9/v1'")
    assert (await api.stored()).rows["credential"] == 0
    body = {"base_url": "http://127.0.0.1:9/v1//", "api_key": KEY, "model": "ok"}
    assert (await api.client.put(f"/providers/{name}", json=body)).json()["base_url"] == "http://127.0.0.1:9/v1"


async def test_the_key_of_an_address_that_was_stored_with_a_slash_stays_with_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"base_url": "http://127.0.0.1:9/v1/", "model": "ok"}
    with monkeypatch.context() as earlier:
        earlier.setattr("backend.services.providers.base_url_of", lambda _vendor, url: url)
        await configured(api, api_key=KEY, **given)
    shown = await configured(api, **given | {"model": "other"})
    assert (shown["key_hint"], shown["model"], shown["base_url"]) == (KEY[-4:], "other", given["base_url"])


@pytest.mark.parametrize(
    "url",
    [
        "http://user:secret@127.0.0.1/v1",
        "http://user:secret@127.0.0.1/v1/chat/completions",
        "file:///etc/passwd",
        "http://2130706433/v1",
        "http://api.openai.com/v1",
    ],
)
async def test_an_address_that_must_not_be_called_is_refused(api: Api, url: str) -> None:
    answer = await api.client.put(PATH, json={"base_url": url, "model": "ok"})
    if answer.status_code == 200:  # what a name or number resolves to is only known when it is called
        answer = await api.client.post(f"{PATH}/check")
    refused(answer, 422, "outbound_refused")
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.169.254.",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::a9fe:a9fe]",
        "[fe80::1]",
        "0.0.0.0",
        "100.100.100.200",
    ],
)
async def test_an_address_that_is_never_called_is_refused_when_it_is_entered(api: Api, host: str) -> None:
    answer = await api.client.put(PATH, json={"base_url": f"http://{host}/latest", "model": "ok"})
    refused(answer, 422, "outbound_refused")
    assert (await api.stored()).rows["credential"] == 0


async def test_in_keys_mode_only_listed_hosts_are_called(keys: Keys, mock: MockServer) -> None:
    api = await keys.sign_in()
    assert (await api.client.put(PATH, json={"base_url": mock.base_url, "model": "ok"})).status_code == 200
    refused(await api.client.put(PATH, json={"base_url": "http://localhost:9/v1"}), 422, "outbound_refused")


async def test_the_built_in_providers_have_nothing_to_configure_and_unknown_ones_do_not_exist(api: Api) -> None:
    refused(await api.client.put("/providers/builtin", json={"model": "x"}), 422, "invalid_request")
    refused(await api.client.put("/providers/nobody", json={"model": "x"}), 404, "not_found")
    refused(await api.client.delete("/providers/nobody"), 404, "not_found")
    refused(await api.client.put(PATH, json={"model": "x"}), 422, "invalid_request")


async def test_a_key_of_one_workspace_is_not_used_by_another(keys: Keys, mock: MockServer) -> None:
    first, second = await keys.sign_in("first"), await keys.sign_in("second")
    await configured(first, base_url=mock.base_url, api_key=KEY, model="ok")
    await configured(second, base_url=mock.base_url, model="ok")

    await second.post(f"{PATH}/check")

    assert KEY not in str(mock.app.requests)
    shown = next(one for one in await second.get("/providers") if one["name"] == "openai-compatible")
    assert shown["key_hint"] is None


async def test_every_vendor_is_listed_with_what_it_can_and_what_it_costs(api: Api) -> None:
    providers = {one["name"]: one for one in await api.get("/providers")}
    hosted = {"openai", "anthropic", "gemini", "mistral", "groq", "together", "fireworks", "openrouter"}
    assert hosted | {"ollama", "vllm"} < set(providers)
    claude = providers["anthropic"]
    assert (claude["state"], claude["needs_key"], claude["key_variable"]) == ("not_set_up", True, "ANTHROPIC_API_KEY")
    assert (claude["streams"], claude["structured_output"], claude["tools"]) == (True, True, True)
    assert [price["model"] for price in claude["prices"]] == claude["models"]
    assert all(float(price["input_usd"]) > 0 for price in (*claude["prices"], *providers["fireworks"]["prices"]))
    assert {price["input_usd"] for price in providers["ollama"]["prices"]} == {None}
    assert not providers["builtin"]["generates"]


async def test_a_server_beside_this_program_is_set_up_by_saving_it(api: Api, mock: MockServer) -> None:
    """The address of the releases that spoke to Ollama as to OpenAI ends in `/v1`."""
    shown = (await api.client.put("/providers/ollama", json={"base_url": mock.base_url, "model": "llama3.2@ok"})).json()
    assert (shown["state"], shown["configured"]) == ("ready", True)
    assert (await api.post("/providers/ollama/check"))["model"] == "llama3.2@ok"
    assert [request.path for request in mock.app.requests] == ["/api/chat"]


@pytest.mark.fault("C6")
async def test_a_provider_that_is_down_shows_when_it_is_tried_again(api: Api) -> None:
    await configured(api, base_url="http://127.0.0.1:9/v1", model="ok")
    for _ in range(2):
        refused(await api.client.post(f"{PATH}/check"), 503, "provider_unavailable")

    shown = next(one for one in await api.get("/providers") if one["name"] == "openai-compatible")
    assert (shown["state"], shown["configured"]) == ("paused", True)
    assert shown["paused_until"] > shown["last_error"]["at"]
    assert shown["last_error"]["code"] == "provider_unavailable"
    answer = await api.client.post(f"{PATH}/check")
    assert "tried again at" in refused(answer, 503, "provider_unavailable")["detail"]
    assert 1 <= int(answer.headers["retry-after"]) <= 30

    # Other settings begin anew.
    assert (await configured(api, base_url="http://127.0.0.1:10/v1"))["state"] == "ready"


@pytest.mark.fault("C6")
async def test_a_model_that_is_paused_is_told_apart_from_its_provider(api: Api, mock: MockServer) -> None:
    await configured(api, base_url=mock.base_url, model="status-503")
    for _ in range(2):
        refused(await api.client.post(f"{PATH}/check"), 503, "provider_unavailable")
    shown = next(one for one in await api.get("/providers") if one["name"] == "openai-compatible")
    assert (shown["state"], shown["paused_until"], shown["last_error"]) == ("ready", None, None)
    [failing] = shown["failing_models"]
    assert failing["model"] == "status-503"
    assert failing["paused_until"] > failing["last_error"]["at"]
    assert failing["last_error"]["code"] == "provider_unavailable"


@pytest.mark.fault("C4")
async def test_each_try_is_counted(api: Api, mock: MockServer) -> None:
    await configured(api, base_url=mock.base_url, model="flaky")
    assert (await api.post(f"{PATH}/check"))["ok"] is True
    metrics = (await api.client.get("/metrics")).text
    name = 'nexus_provider_attempts_total{outcome="%s",provider="openai-compatible"}'
    assert f"{name % 'provider_unavailable'} 2.0" in metrics
    assert f"{name % 'ok'} 1.0" in metrics


async def test_a_provider_that_lacks_its_extra_says_so_and_no_agent_takes_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.agents.providers.vendors.find_spec", lambda _name: None)
    row = next(one for one in await api.get("/providers") if one["name"] == "local")
    assert (row["state"], row["missing_extra"], row["configured"]) == ("missing_extra", "local", False)
    assert "small" in row["note"]
    path = f"/agents/{(await agent(api))['id']}"
    problem = refused(await api.client.patch(path, json={"provider": "local"}), 422, "invalid_request")
    assert "is not installed: run `make local` in the folder of AI Nexus" in problem["detail"]


async def test_a_local_model_is_a_file_that_is_looked_at_and_has_no_address(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "letter.gguf"
    file.write_text("Dear Sir or Madam")
    problem = refused(await api.client.put("/providers/local", json={"model": str(file)}), 422, "invalid_request")
    assert "is no GGUF file: it begins with other bytes than 'GGUF'" in problem["detail"]
    assert "Dear" not in problem["detail"]
    body = {"base_url": "http://127.0.0.1:9/v1"}
    assert (
        "has no address"
        in refused(await api.client.put("/providers/local", json=body), 422, "invalid_request")["detail"]
    )
    assert (await api.stored()).rows["credential"] == 0

    file.write_bytes(b"GGUF\x03\x00\x00\x00")
    shown = (await api.client.put("/providers/local", json={"model": str(file)})).json()
    assert (shown["model"], shown["base_url"], shown["is_stored"]) == (str(file), None, True)
