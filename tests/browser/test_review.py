"""The review beyond one card: many at once, duplicates, filters, pages, exports, two people at the same FAQ."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import Stack, button, click, open_page, open_review, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def _count(page: Page, tab: str) -> int:
    """The number beside a status."""
    text = page.locator(".st-key-status_tabs").get_by_text(f"{tab} ·").inner_text()
    return int(text.rpartition("·")[2].replace(",", ""))


def _expect_count(page: Page, tab: str, number: int) -> None:
    expect(page.locator(".st-key-status_tabs").get_by_text(f"{tab} · {number}", exact=True)).to_be_visible()


def _cards(page: Page) -> Locator:
    return page.locator('[class*="st-key-pick_"]')


def _undo(page: Page) -> None:
    button(page, "Undo").click()
    expect(page.get_by_text("Taken back")).to_be_visible()
    expect(page.locator(".st-key-undo_bar")).to_have_count(0)
    settled(page)


@pytest.mark.parametrize("kept", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_of_two_questions_in_the_same_words_the_chosen_one_is_kept_and_undo_brings_both_back(
    page: Page, sample: Stack, kept: int
) -> None:
    open_review(page)
    waiting = _count(page, "To review")
    with sample.client() as client:
        twins = client.get("/faqs", params={"q": "What is Coldkeep?", "sort": "document"}).json()["items"]
        assert [faq["question"] for faq in twins] == ["What is Coldkeep?"] * 2
        click(page, page.locator(f".st-key-similar_{twins[0]['id']} button").first)
        dialog = page.get_by_role("dialog")
        options = dialog.get_by_role("radio")
        expect(options).to_have_count(2)
        expect(options.nth(0)).to_be_checked()
        click(page, dialog.locator("label", has=page.get_by_role("radio")).nth(kept))
        expect(options.nth(kept)).to_be_checked()
        dialog.get_by_role("button", name="Keep this one, reject 1").click()
        expect(page.get_by_text("1 FAQ kept and approved, 1 rejected")).to_be_visible()
        expect(dialog).to_have_count(0)
        approved = client.get("/faqs", params={"status": "approved"}).json()["items"]
    assert [faq["id"] for faq in approved] == [twins[kept]["id"]]
    _expect_count(page, "To review", waiting - 2)
    _expect_count(page, "Approved", 1)
    _expect_count(page, "Rejected", 1)
    settled(page)
    _undo(page)
    _expect_count(page, "To review", waiting)


@pytest.mark.usefixtures("sample")
def test_the_selected_drafts_are_rejected_together_and_taken_back(page: Page) -> None:
    open_review(page)
    waiting = _count(page, "To review")
    for at in range(3):
        click(page, _cards(page).nth(at).locator("label"))
    expect(page.get_by_text("3 FAQs selected")).to_be_visible()
    page.locator(".st-key-bulk_reject button").click()
    expect(page.get_by_text("3 FAQs rejected")).to_be_visible()
    _expect_count(page, "To review", waiting - 3)
    expect(page.get_by_text("FAQs selected")).to_have_count(0)
    settled(page)
    _undo(page)
    _expect_count(page, "To review", waiting)
    _expect_count(page, "Rejected", 0)


@pytest.mark.slow
@pytest.mark.usefixtures("sample")
def test_the_last_page_that_was_decided_gives_way_to_the_one_before(page: Page) -> None:
    open_review(page)
    waiting = _count(page, "To review")
    while button(page, "Next page").is_enabled():
        click(page, button(page, "Next page"))
    last = _cards(page).count()
    expect(page.get_by_text(f"{waiting - last + 1} to {waiting} of {waiting}")).to_be_visible()
    click(page, button(page, "Select all"))
    page.locator(".st-key-bulk_approve button").click()
    left = waiting - last
    expect(page.get_by_text(f"{left - 9} to {left} of {left}")).to_be_visible()
    expect(_cards(page)).to_have_count(10)
    click(page, button(page, "Previous page"))
    expect(page.get_by_text(f"{left - 19} to {left - 10} of {left}")).to_be_visible()


def test_search_and_filters_narrow_the_list_and_a_shared_link_shows_the_same(
    page: Page, sample: Stack, open_browser: Callable[[Stack], Page]
) -> None:
    open_review(page)
    waiting = _count(page, "To review")
    with sample.client() as client:
        document = next(d for d in client.get("/documents").json()["items"] if d["name"] == "handbook.pdf")
        query = {"q": "warranty", "document_id": document["id"]}
        found = client.get("/faqs", params={**query, "status": "draft", "limit": 200}).json()["items"]
    assert 0 < len(found) < waiting
    page.get_by_placeholder("Search", exact=True).fill("warranty")
    page.keyboard.press("Enter")
    settled(page)
    click(page, page.get_by_role("combobox", name="Document"))
    click(page, page.get_by_role("option", name="handbook.pdf"))
    _expect_count(page, "To review", len(found))
    for faq in found[:10]:
        expect(page.get_by_text(faq["question"], exact=True)).to_be_visible()
    other = open_browser(sample)
    open_page(other, page.url, "FAQ extraction")
    _expect_count(other, "To review", len(found))
    expect(other.get_by_placeholder("Search", exact=True)).to_have_value("warranty")
    page.get_by_placeholder("Search", exact=True).fill("")
    page.keyboard.press("Enter")
    settled(page)
    click(page, page.get_by_role("combobox", name="Document"))
    click(page, page.get_by_role("option", name="All documents"))
    _expect_count(page, "To review", waiting)


def test_the_approved_faqs_are_exported_in_each_form(page: Page, sample: Stack, tmp_path: Path) -> None:
    open_review(page)
    button(page, "Approve all confident").click()
    expect(page.get_by_text("confident drafts approved")).to_be_visible()
    settled(page)
    with sample.client() as client:
        approved = client.get("/faqs", params={"status": "approved", "limit": 200}).json()["items"]
    click(page, button(page, "Export"))
    lines = _download(page, "JSON Lines", tmp_path / "faqs.jsonl").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [faq["id"] for faq in approved]
    rows = list(csv.DictReader(io.StringIO(_download(page, "CSV", tmp_path / "faqs.csv"))))
    assert [row["question"] for row in rows] == [faq["question"] for faq in approved]
    text = _download(page, "Markdown", tmp_path / "faqs.md")
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [faq["question"] for faq in approved]


def _download(page: Page, label: str, target: Path) -> str:
    with page.expect_download() as waiting:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name=label).click()
    assert waiting.value.suggested_filename == target.name
    waiting.value.save_as(target)
    return target.read_text()


@pytest.mark.slow
def test_of_two_people_who_edit_one_faq_the_second_is_told_and_loses_nothing(
    page: Page, sample: Stack, open_browser: Callable[[Stack], Page]
) -> None:
    open_review(page)
    with sample.client() as client:
        faq = client.get("/faqs", params={"status": "draft", "limit": 1}).json()["items"][0]
        second = open_browser(sample)
        for tab in (page, second):
            open_page(tab, f"/FAQ_Extraction?faq={faq['id']}", "FAQ extraction")
            click(tab, tab.get_by_role("dialog").get_by_text("Edit", exact=True))
        _save_answer(page, "The first answer.")
        expect(page.get_by_role("dialog")).to_have_count(0)
        _save_answer(second, "The second answer.")
        dialog = second.get_by_role("dialog")
        expect(dialog.get_by_text("Somebody saved this FAQ while you edited it")).to_be_visible()
        expect(dialog.get_by_label("Answer")).to_have_value("The first answer.")
        expect(dialog.get_by_test_id("stCode")).to_contain_text("The second answer.")
        settled(second)
        _save_answer(second, "The first and the second answer.")
        expect(dialog).to_have_count(0)
        kept = client.get(f"/faqs/{faq['id']}/revisions").json()
    assert [one["answer"] for one in kept] == ["The first and the second answer.", "The first answer.", faq["answer"]]


def _save_answer(page: Page, text: str) -> None:
    page.get_by_role("dialog").get_by_label("Answer").fill(text)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
