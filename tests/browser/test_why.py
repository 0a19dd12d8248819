"""Why this answer: its steps, its sources, a provider that failed over; and the model that searches."""

import re
import shutil
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from backend.embeddings.native import packaged_model
from tests.browser.driver import Stack, Theme, ask, click, open_page, settled
from tests.mock_openai import MockOpenAI, MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
WARRANTY = "What does the warranty cover?"


def _why(page: Page) -> None:
    expect(page.get_by_text("Why this answer").last).to_be_visible()
    settled(page)
    click(page, page.get_by_text("Why this answer").last)


@pytest.mark.usefixtures("sample")
def test_the_panel_shows_every_step_with_its_time_and_opens_a_source(page: Page) -> None:
    open_page(page, "/Chat", "Chat")
    ask(page, WARRANTY)
    _why(page)
    steps = page.locator("[class*='st-key-steps_']").last
    for label in ("Understood as", "Planned", "Searched", "Ranked", "Answered"):
        expect(steps.get_by_text(label)).to_be_visible()
    assert steps.inner_text().count("ms") >= 5
    expect(page.get_by_text("what this collection asks of an answer")).to_be_visible()
    hits = page.locator("[class*='st-key-hit_']")
    expect(hits.first).to_contain_text("score")
    click(page, hits.first.get_by_role("button"))
    expect(page.get_by_role("dialog")).to_contain_text("warranty")


def test_scores_and_times_stay_on_one_line_of_a_phone(
    open_browser: Callable[[Stack, int, Theme], Page], stack: Stack
) -> None:
    heading = "## What does the extended warranty for hubs, probes and their batteries cover in year {0}?"
    text = "\n\n".join(f"{heading.format(n)}\n\nIn year {n} it covers all faults." for n in range(1, 6))
    with stack.client() as client:
        uploaded = client.post("/faq/upload", files={"files": ("warranty.md", text)}).raise_for_status()
        client.get(f"/jobs/{uploaded.json()['jobs'][0]['id']}/events").raise_for_status()
    page = open_browser(stack, 390, "light")
    open_page(page, "/Chat", "Chat")
    ask(page, "What does the extended warranty for probes cover?")
    _why(page)
    scores = page.locator("[class*='st-key-hit_'] p").filter(has_text=re.compile(r"score"))
    times = page.locator("[class*='st-key-steps_'] p").filter(has_text=re.compile(r"^< 1 ms$|^\d+ ms$"))
    for part in [*scores.all(), *times.all()]:
        box = part.bounding_box()
        assert box is not None
        assert box["height"] < 30
        assert box["x"] + box["width"] < 390
    assert (scores.count(), times.count()) == (5, 5)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.usefixtures("sample")
def test_a_provider_that_fails_hands_over_to_the_fallback_and_the_panel_says_so(page: Page, sample: Stack) -> None:
    with MockServer(MockOpenAI()) as server, sample.client() as client:
        settings = {"base_url": server.base_url, "api_key": "sk-mock-key-1234", "model": "status-500"}
        client.put("/providers/openai-compatible", json=settings).raise_for_status()
        agent = client.get("/agents").json()["items"][0]["id"]
        edit = {
            "provider": "openai-compatible",
            "model": "status-500",
            "fallbacks": [{"provider": "builtin", "model": "builtin"}],
        }
        client.patch(f"/agents/{agent}", json=edit).raise_for_status()
        open_page(page, "/Chat", "Chat")
        ask(page, WARRANTY)
        expect(page.get_by_text("The fallback answered")).to_be_visible()
        _why(page)
        expect(page.get_by_text("answered by the fallback")).to_be_visible()
        expect(page.get_by_text("was asked first")).to_be_visible()
        expect(page.get_by_text("Provider builtin")).to_be_visible()
        assert server.app.requests, "the first provider was asked"


@pytest.mark.slow
@pytest.mark.usefixtures("sample")
def test_a_collection_is_switched_to_another_search_model_under_settings(page: Page, sample: Stack) -> None:
    own = sample.data_dir / "models" / "ours"
    shutil.copytree(packaged_model(), own)
    try:
        open_page(page, "/Settings", "Settings")
        rows = page.locator("[class*='st-key-embedding_']")
        expect(rows.filter(has_text="MiniLM")).to_contain_text("Used by default")
        expect(rows.filter(has_text="MPNet").get_by_role("button", name="Fetch")).to_be_visible()
        click(page, rows.filter(has_text="ours").get_by_role("button", name="Use"))
        expect(rows.filter(has_text="ours")).to_contain_text("Used by default")
        settled(page)
        open_page(page, "/Chat", "Chat")
        ask(page, WARRANTY)
        expect(page.get_by_text("Why this answer").last).to_be_visible()
        open_page(page, "/Settings", "Settings")
        click(page, rows.filter(has_text="MiniLM").get_by_role("button", name="Use"))
        expect(rows.filter(has_text="MiniLM")).to_contain_text("Used by default")
        settled(page)
    finally:
        shutil.rmtree(own)
