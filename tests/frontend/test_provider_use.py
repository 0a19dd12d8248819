"""What a page says of a provider that others need, and of a collection whose model is gone."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from backend.db.models import Credential
from contracts.agents import AgentEdit
from contracts.providers import ProviderSettings
from tests.frontend.conftest import Pages
from tests.frontend.test_pages import SETTINGS, _press, _words
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


def test_a_collection_whose_model_is_gone_says_what_to_do(pages: Pages, mock: MockServer) -> None:
    _set_up(pages, mock)
    _embed(pages)
    pages.sample()
    pages.execute(sa.delete(Credential))
    page = pages.open(SETTINGS)
    assert [warning.value for warning in page.warning if "switch the collection's embedding model" in warning.value]
    assert "The collection default cannot be asked" in _words(pages.open("Home.py"))
