"""Drafting with a model as an analyst does it: the estimate, the budget that stops it, going on, the review."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import Stack, button, choose, click, field, open_page, rulebook, settled
from tests.mock_openai import MockOpenAI, MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def slow_mock() -> Iterator[MockServer]:
    with MockServer(MockOpenAI(slow_seconds=0.25)) as server:
        yield server


def _with_document(client: httpx.Client, mock: MockServer, *, model: str) -> None:
    settings = {"base_url": mock.base_url, "api_key": "sk-mock-key-1234", "model": model}
    client.put("/providers/openai-compatible", json=settings).raise_for_status()
    [job] = client.post("/faq/upload", files={"files": ("rules.md", rulebook(30).encode())}).json()["jobs"]
    client.get(f"/jobs/{job['id']}/events").raise_for_status()


def test_a_model_drafts_until_its_budget_goes_on_and_its_drafts_are_reviewed(
    page: Page, stack: Stack, slow_mock: MockServer
) -> None:
    with stack.client() as client:
        _with_document(client, slow_mock, model="slow")
        open_page(page, "/FAQ_Extraction?view=documents", "FAQ extraction")
        click(page, button(page, "Draft with a model"))
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_test_id("stMetric").filter(has_text="Sections left")).to_contain_text("30")
        budget = field(dialog, "Stop at tokens")
        budget.fill("4000")
        budget.press("Tab")
        settled(page)
        dialog.get_by_role("button", name="Draft from 30 sections").click()
        expect(dialog).to_have_count(0)
        panel = page.locator(".st-key-drafting")
        expect(panel.get_by_text("Asking the model").first).to_be_visible()
        expect(panel.get_by_text("stopped at the budget")).to_be_visible()
        expect(panel.get_by_text("Stopped early")).to_be_visible()
        settled(page)
        [job] = client.get("/jobs", params={"kind": "draft_document"}).json()["items"]
        assert 0 < job["result"]["done"] < 30
        assert job["result"]["input_tokens"] + job["result"]["output_tokens"] <= 4_000

        click(page, panel.get_by_role("button", name="Go on"))
        dialog.get_by_role("button", name=f"Draft from {30 - job['result']['done']} sections").click()
        expect(panel.get_by_role("button", name="Cancel")).to_be_visible()
        expect(panel.get_by_text(f"{2 * (30 - job['result']['done'])} drafts")).to_be_visible()
        expect(panel.get_by_role("button", name="Go on")).to_have_count(0)
        settled(page)
        click(page, panel.get_by_role("button", name="Hide"))
        expect(panel).to_have_count(0)
        assert len(slow_mock.app.requests) == 30
    choose(page, "Review")
    page.get_by_role("searchbox", name="Search").fill("What about")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Drafted by a model").first).to_be_visible()
