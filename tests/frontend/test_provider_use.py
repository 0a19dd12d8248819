"""What a page says of a provider that others need, and of a collection whose model is gone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from backend.db.models import Credential
from contracts.agents import AgentEdit
from contracts.collections import CollectionHealth
from contracts.page import Page
from contracts.providers import FailingModel, ProviderFailure, ProviderSettings
from frontend.safe_text import code
from tests.frontend.conftest import Pages
from tests.frontend.looking import field
from tests.frontend.test_pages import SETTINGS, _press, _told, _words
from tests.frontend.tuning import told
from tests.mock_openai import MockServer

NAME = "openai-compatible"


@pytest.fixture
def mock() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def _set_up(pages: Pages, mock: MockServer) -> None:
    settings = ProviderSettings.model_validate({"base_url": mock.base_url, "model": "ok"})
    pages.api.save_provider(NAME, settings)


def _embed(pages: Pages) -> None:
    pages.api.switch_model(pages.api.collections().items[0].id, f"{NAME}:embed-256")
    pages.drain()


def _save(page: AppTest) -> None:
    next(one for one in page.button if one.label == "Save" and one.form_id == f"provider_{NAME}").click().run()


def _has(page: AppTest, key: str) -> bool:
    return any(button.key == key for button in page.button)


def test_a_provider_that_a_collection_needs_is_not_offered_for_removal_and_says_why(
    pages: Pages, mock: MockServer
) -> None:
    _set_up(pages, mock)
    page = pages.open(SETTINGS)
    _embed(pages)
    refused = _press(page, f"remove_{NAME}")  # the page is older than the switch
    assert "which could not be asked without it" in _words(refused)
    assert "give them another model first" in _words(refused)
    page = pages.open(SETTINGS)
    assert not _has(page, f"remove_{NAME}")
    assert "The collection default cannot be asked without OpenAI" in _words(page)
    assert "At this address questions to default are embedded" in _words(page)


def test_removing_a_provider_says_which_agents_lose_it(pages: Pages, mock: MockServer) -> None:
    _set_up(pages, mock)
    pages.api.edit_agent(pages.api.agents().items[0].id, AgentEdit(provider=NAME))
    pages.post("/agents", {"name": "helper", "fallbacks": [{"provider": NAME}]})
    words = _words(pages.open(SETTINGS))
    assert "The agent default goes back to the built-in provider. It is no longer a fallback of helper." in words


def _failing(pages: Pages, monkeypatch: pytest.MonkeyPatch, *models: str, last: bool = False) -> str:
    failure = ProviderFailure(code="provider_unavailable", detail="it failed", at=datetime.now(UTC))
    failing = [FailingModel(model=model, paused_until=None, last_error=failure) for model in models]
    state = {"last_error": failure if last else None, "failing_models": failing}
    _told(pages, monkeypatch, "vllm", configured=True, is_stored=True, model="small", **state)
    return _words(pages.open(SETTINGS))


def test_a_provider_whose_last_request_failed_is_not_called_ready(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = _words(pages.open(SETTINGS)).count(" Ready]")
    with monkeypatch.context() as patch:
        said = _failing(pages, patch, last=True)
        assert said.count("orange-badge[:material/warning: Last request failed]") == 1
        assert said.count(" Ready]") == ready
    with monkeypatch.context() as patch:
        assert "orange-badge[:material/warning: Last request failed]" in _failing(pages, patch, "small")
    assert "orange-badge[:material/warning: Another model failed]" in _failing(pages, monkeypatch, "large")


def test_more_failing_models_than_are_shown_are_counted(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "and 2 more models" in _failing(pages, monkeypatch, "small", "a", "b", "c", "d")


@pytest.mark.parametrize("model", ["ok", "status-401"])
def test_a_tested_connection_says_which_address_was_asked(pages: Pages, mock: MockServer, model: str) -> None:
    settings = ProviderSettings.model_validate({"base_url": mock.base_url, "model": model})
    pages.api.save_provider(NAME, settings)
    page = _press(pages.open(SETTINGS), f"check_{NAME}")
    said = f"Asked with the saved settings, at {code(mock.base_url)}"
    assert said in _words(page)
    field(page.text_input, f"base_url_{NAME}").set_value("http://127.0.0.1:9/v1")
    _save(page)
    assert said not in _words(page)


def test_settings_speak_of_what_is_on_the_page(pages: Pages) -> None:
    page = pages.open(SETTINGS)
    assert "top right" not in _words(page)
    assert any('"http://nexus.test/faqs?status=approved"' in code.value for code in page.code)


def test_an_address_without_its_key_is_refused_in_the_words_of_the_form(pages: Pages, mock: MockServer) -> None:
    settings = {"base_url": mock.base_url, "api_key": "sk-secret-345678", "model": "ok"}
    pages.api.save_provider(NAME, ProviderSettings.model_validate(settings))
    page = pages.open(SETTINGS)
    field(page.text_input, f"base_url_{NAME}").set_value("http://127.0.0.1:9/v1")
    _save(page)
    assert "belongs to another Base URL" in _words(page)


def test_a_collection_on_a_servers_model_is_named_there_and_where_it_would_be_switched(
    pages: Pages, mock: MockServer
) -> None:
    _set_up(pages, mock)
    _embed(pages)
    page = pages.open(SETTINGS)
    assert "**embed\\-256, openai\\-compatible**" in _words(page)
    assert _words(page).count("Used by default") == 1
    [use] = [button for button in page.button if button.key == "use_hashing"]
    assert use.label == "Use for default"


def test_why_a_search_model_is_broken_is_said_once(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "the file of its weights is damaged; fetch it again"
    name = pages.api.collections().items[0].embedding_model
    broken: dict[str, Any] = {"state": "broken", "reason": reason}
    unavailable: dict[str, Any] = {"health": CollectionHealth.UNAVAILABLE, "reason": reason}
    told(
        monkeypatch,
        "embedding_models",
        lambda models: [one.model_copy(update=broken) if one.name == name else one for one in models],
    )
    told(
        monkeypatch, "collections", lambda page: Page(items=[one.model_copy(update=unavailable) for one in page.items])
    )
    page = pages.open(SETTINGS)
    shown = [str(one.value) for block in (page.markdown, page.warning) for one in block]
    assert sum("weights is damaged" in text for text in shown) == 1


def test_a_collection_whose_model_is_gone_says_what_to_do(pages: Pages, mock: MockServer) -> None:
    _set_up(pages, mock)
    _embed(pages)
    pages.sample()
    pages.execute(sa.delete(Credential))
    page = pages.open(SETTINGS)
    assert [warning.value for warning in page.warning if "switch the collection's embedding model" in warning.value]
    home = _words(pages.open("Home.py"))
    assert "The collection default cannot be asked" in home
    assert "All systems" not in home
    assert "its search model is not available" in home
