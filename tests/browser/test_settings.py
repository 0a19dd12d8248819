"""Setting providers up: what is typed is kept until it is saved, and then it is the provider's alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import click, field, open_page, settled
from tests.mock_openai import MockOpenAI, MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def slow_server() -> Iterator[MockServer]:
    with MockServer(MockOpenAI(slow_seconds=4.0)) as server:
        yield server


def _open(page: Page, provider: str) -> Locator:
    card = page.locator(f".st-key-provider_{provider}")
    card.locator("summary").click()
    expect(field(card, "Model")).to_be_visible()
    settled(page)
    return card


@pytest.mark.slow
def test_saving_one_provider_leaves_what_is_typed_for_another(page: Page) -> None:
    open_page(page, "/Settings", "Settings")
    other = _open(page, "openai")
    field(other, "API key").fill("sk-typed-and-not-saved")
    card = _open(page, "openai-compatible")
    field(card, "Base URL").fill("http://127.0.0.1:9/v1")
    field(card, "API key").fill("sk-mock-key-5678")
    field(card, "Model").fill("small")
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_text("· key ending in 5678")).to_be_visible()
    settled(page)
    expect(field(card, "API key")).to_have_value("")
    expect(field(card, "Base URL")).to_have_value("http://127.0.0.1:9/v1")
    expect(field(other, "API key")).to_have_value("sk-typed-and-not-saved")
    click(page, card.get_by_role("button", name="Remove"))
    page.get_by_role("button", name="Remove connection").click()
    expect(card.get_by_text("Set up OpenAI-compatible server")).to_be_visible()
    settled(page)
    expect(field(card, "Base URL")).to_have_value("")
    expect(field(other, "API key")).to_have_value("sk-typed-and-not-saved")


@pytest.mark.slow
def test_a_connection_that_is_tested_says_what_it_waits_for(page: Page, slow_server: MockServer) -> None:
    open_page(page, "/Settings", "Settings")
    card = _open(page, "openai-compatible")
    field(card, "Base URL").fill(slow_server.base_url)
    field(card, "Model").fill("slow")
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_role("button", name="Test connection")).to_be_visible()
    settled(page)
    card.get_by_role("button", name="Test connection").click()
    expect(card.get_by_text("Asking OpenAI-compatible server, model slow, for one word")).to_be_visible()
    expect(card.get_by_role("button", name="Test connection")).to_be_disabled()
    expect(page.get_by_text("About this installation")).to_be_visible()
    expect(card.get_by_text("OpenAI-compatible server answered in")).to_be_visible(timeout=15_000)
    settled(page)
    expect(card.get_by_text("for one word")).to_have_count(0)
    expect(card.get_by_role("button", name="Test connection")).to_be_enabled()


def test_an_address_that_is_refused_says_why_and_stays_to_be_mended(page: Page) -> None:
    open_page(page, "/Settings", "Settings")
    card = _open(page, "openai-compatible")
    field(card, "Base URL").fill("my server")
    field(card, "API key").fill("sk-mock-key-5678")
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_text("must begin with http:// or https://")).to_be_visible()
    settled(page)
    expect(field(card, "Base URL")).to_have_value("my server")
    expect(field(card, "API key")).to_have_value("sk-mock-key-5678")
