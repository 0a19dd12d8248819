"""An agent in a browser: made from the sample handbook, talked with, and the lead with its evidence."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import Stack, Theme, button, click, field, open_page, settled
from tests.browser.test_pages import violations
from tests.mock_openai import MockOpenAI, MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
HELLO = "Hi, I'm Dana Levi from Acme Robotics, dana@acme.io. Our budget is 20k EUR. What does the warranty cover?"
CORRECTION = "Actually it's 30k EUR. How do I pair a new probe?"
LOOKS = [(1440, "light"), pytest.param(390, "dark", marks=pytest.mark.slow)]


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_an_agent_from_the_sample_keeps_a_corrected_lead_with_its_evidence(
    open_browser: Callable[[Stack, int, Theme], Page], sample: Stack, width: int, theme: Theme
) -> None:
    page = open_browser(sample, width, theme)
    open_page(page, "/Smart_agents", "Smart agents")
    click(page, button(page, "Make one from the sample handbook"))
    expect(page.get_by_role("heading", name="A new agent")).to_be_visible()
    field(page, "Name").first.fill("Handbook adviser")
    page.get_by_role("textbox", name="Consent text").fill("May we keep what you say of yourself?")
    page.keyboard.press("Tab")
    settled(page)
    assert violations(page) == []
    click(page, button(page, "Create agent"))
    card = page.locator('[class*="st-key-smart_"]', has_text="Handbook adviser").last
    expect(card.get_by_text("Ready")).to_be_visible()
    assert violations(page) == []
    click(page, card.get_by_role("button", name="Chat"))
    expect(page.get_by_text("What are you looking for?")).to_be_visible()

    _say(page, HELLO)
    lead = page.locator(".st-key-lead_card")
    expect(lead.get_by_text("20,000 EUR")).to_be_visible()
    expect(button(page, "I agree")).to_be_in_viewport()
    click(page, button(page, "I agree"))
    expect(lead.get_by_text("the visitor agreed")).to_be_visible()

    _say(page, CORRECTION)
    expect(lead.locator("del")).to_have_text("20,000 EUR")
    expect(lead.get_by_text("30,000 EUR")).to_be_visible()
    expect(_evidence(page, lead, "30,000 EUR")).to_contain_text("In message 2")
    assert violations(page) == []
    page.reload()
    settled(page)
    expect(lead.get_by_text("30,000 EUR")).to_be_visible()
    expect(lead.get_by_text("Acme Robotics")).to_be_visible()


def test_the_lead_is_there_before_the_answer_and_is_kept_when_that_is_stopped(page: Page, sample: Stack) -> None:
    with MockServer(MockOpenAI()) as server, sample.client() as client:
        settings = {"base_url": server.base_url, "api_key": "sk-mock-key-1234", "model": "drip"}
        client.put("/providers/openai-compatible", json=settings).raise_for_status()
        body = {"name": "Slow", "template": "sales", "provider": "openai-compatible", "model": "drip"}
        agent = client.post("/agents", json=body).raise_for_status().json()["id"]
        open_page(page, f"/Smart_agents?agent={agent}", "Smart agents")
        page.get_by_placeholder("Write as a visitor would").fill(HELLO)
        page.keyboard.press("Enter")
        stop = page.get_by_role("button", name="Stop", exact=True)
        expect(page.locator(".st-key-lead_card").get_by_text("Dana Levi")).to_be_visible()
        expect(stop).to_be_visible()
        click(page, stop)
        expect(page.get_by_text("is kept in the lead all the same")).to_be_visible()
        expect(page.get_by_text("Stopped")).to_be_visible()
        expect(page.locator(".st-key-lead_card").get_by_text("20,000 EUR")).to_be_visible()


def _say(page: Page, message: str) -> None:
    """The answer is there, and the page at rest."""
    answers = page.get_by_text("Why this answer")
    before = answers.count()
    page.get_by_placeholder("Write as a visitor would").fill(message)
    page.keyboard.press("Enter")
    expect(answers).to_have_count(before + 1)
    settled(page)


def _evidence(page: Page, lead: Locator, value: str) -> Locator:
    """What is said where the pointer rests on a value."""
    lead.get_by_test_id("stMarkdown").filter(has_text=value).get_by_test_id("stTooltipIcon").hover()
    return page.get_by_test_id("stTooltipContent")
