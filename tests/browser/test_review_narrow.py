"""The review after a refresh, on a phone, and while documents are still being read."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import Stack, button, click, open_review, rulebook, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]
TEXT = rulebook(1_200)


def test_a_decision_is_taken_back_after_the_page_was_loaded_again(page: Page, sample: Stack) -> None:
    open_review(page)
    page.locator('[class*="st-key-approve_"] button').filter(has_text="Approve").last.click()
    expect(page.get_by_text("1 FAQ approved")).to_be_visible()
    settled(page)
    page.reload()
    expect(page.locator(".st-key-undo_bar").get_by_text("1 FAQ approved")).to_be_visible()
    settled(page)
    click(page, button(page, "Undo"))
    expect(page.locator(".st-key-undo_bar")).to_have_count(0)
    with sample.client() as client:
        assert client.get("/faqs/counts").json()["approved"] == 0


def test_on_a_phone_all_tabs_are_seen_and_nothing_is_empty(
    open_browser: Callable[[Stack, int], Page], sample: Stack
) -> None:
    page = open_browser(sample, 390)
    open_review(page)
    for tab in ("To review ·", "Approved ·", "Rejected ·", "All ·"):
        box = page.locator(".st-key-status_tabs button").filter(has_text=tab).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
    title = page.get_by_role("heading", level=1).bounding_box()
    assert title is not None
    assert title["y"] < 80
    shown = page.locator(".st-key-bulk_bar > *:visible").evaluate_all("all => all.map(e => e.clientHeight)")
    assert all(shown)


@pytest.mark.parametrize("width", [390, 1440])
def test_the_filters_show_whole_what_they_are_set_to(
    open_browser: Callable[[Stack, int], Page], sample: Stack, width: int
) -> None:
    page = open_browser(sample, width)
    page.goto("/FAQ_Extraction?sure=check&sort=document")
    expect(
        page.get_by_text("To check: 50 to 80 %").or_(page.locator("input[value='To check: 50 to 80 %']"))
    ).to_have_count(1)
    settled(page)
    inputs = page.locator(".st-key-review_tools [data-testid='stSelectbox'] input")
    spare = inputs.evaluate_all("all => all.map(one => one.clientWidth - one.scrollWidth)")
    assert len(spare) == 3
    assert min(spare) >= 0, spare


def test_drafts_do_not_move_while_more_documents_are_read(page: Page, sample: Stack) -> None:
    open_review(page)
    first = page.locator(".st-key-faq_current").inner_text()
    with sample.client() as client:
        files = [("files", (f"{name}.md", (name + TEXT).encode())) for name in ("one", "two", "three")]
        client.post("/faq/upload", files=files).raise_for_status()
    open_review(page)
    expect(page.get_by_text("Reading 2 documents")).to_be_visible(timeout=90_000)
    expect(button(page, "Show new drafts")).to_be_visible()
    assert page.locator(".st-key-faq_current").inner_text() == first
    expect(page.get_by_text("3 documents read")).to_be_visible(timeout=90_000)
