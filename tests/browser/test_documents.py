"""Documents and their jobs: cancelling, trying again, deleting with and without the FAQs."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import Stack, button, choose, click, open_page, open_review, rulebook, running, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
LONG_TEXT = rulebook(3_000)


@pytest.fixture(scope="module")
def kept_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A product of the module's own: a workspace cannot be cleared of the FAQs that a deleted document left."""
    with running(tmp_path_factory.mktemp("kept") / "data") as stack:
        yield stack
        assert "Traceback" not in stack.log.read_text()


@pytest.fixture
def kept_sample(kept_stack: Stack) -> Stack:
    kept_stack.clear()
    kept_stack.read_sample()
    return kept_stack


def _row(page: Page, name: str) -> Locator:
    return page.locator('[class*="st-key-document_"]').filter(has_text=name)


def _status(client: httpx.Client, name: str) -> str:
    documents = client.get("/documents").json()["items"]
    return next((str(document["status"]) for document in documents if document["name"] == name), "gone")


@pytest.mark.slow
def test_a_job_that_was_cancelled_can_be_tried_again(page: Page, stack: Stack) -> None:
    open_review(page)
    rules = {"name": "rules.md", "mimeType": "text/markdown", "buffer": LONG_TEXT.encode()}
    page.locator('input[type="file"]').set_input_files(rules)  # type: ignore[arg-type]  # a FilePayload
    button(page, "Draft questions from 1 file").click()
    progress = page.locator(".st-key-progress")
    progress.get_by_role("button", name="Cancel").click()
    expect(progress.get_by_text("Cancelled").first).to_be_visible()
    with stack.client() as client:
        assert _status(client, "rules.md") == "cancelled"
        choose(page, "Documents")
        expect(_row(page, "rules.md").get_by_text("Cancelled")).to_be_visible()
        progress.get_by_role("button", name="Retry").click()
        expect(page.get_by_text("1 document read")).to_be_visible(timeout=90_000)
        expect(_row(page, "rules.md").get_by_text("Ready")).to_be_visible()
        assert _status(client, "rules.md") == "ready"


def test_a_document_that_cannot_be_read_says_why_and_can_be_tried_again(page: Page, stack: Stack) -> None:
    with stack.client() as client:
        files = {"files": ("broken.pdf", b"%PDF-1.7\n" + b"0" * 2000)}
        client.post("/faq/upload", files=files).raise_for_status()
        open_page(page, "/FAQ_Extraction?view=documents", "FAQ extraction")
        row = _row(page, "broken.pdf")
        expect(row.get_by_text("Failed")).to_be_visible()
        settled(page)
        before = len(client.get("/jobs").json()["items"])
        click(page, row.get_by_role("button", name="Retry"))
        expect(page.locator(".st-key-progress").get_by_text("1 failed")).to_be_visible()
        expect(row.get_by_text("Failed")).to_be_visible()
        expect(page.locator(".st-key-progress").get_by_role("button", name="Retry")).to_be_visible()
        assert len(client.get("/jobs").json()["items"]) >= before


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["Keep its approved FAQs", "Delete all its FAQs"])
def test_a_deleted_document_leaves_its_faqs_or_takes_them_along(
    kept_sample: Stack, open_browser: Callable[[Stack], Page], choice: str
) -> None:
    page = open_browser(kept_sample)
    open_review(page)
    button(page, "Approve all confident").click()
    expect(page.get_by_text("confident drafts approved")).to_be_visible()
    settled(page)
    choose(page, "Documents")
    with kept_sample.client() as client:
        document = next(d for d in client.get("/documents").json()["items"] if d["name"] == "handbook.pdf")
        own = client.get("/faqs", params={"document_id": document["id"], "limit": 200}).json()["items"]
        every = sum(client.get("/faqs/counts").json().values())
        click(page, _row(page, "handbook.pdf").get_by_role("button", name="Delete"))
        dialog = page.get_by_role("dialog")
        click(page, dialog.get_by_text(choice))
        dialog.get_by_role("button", name="Delete document").click()
        expect(page.get_by_text("handbook.pdf deleted")).to_be_visible()
        expect(dialog).to_have_count(0)
        expect(_row(page, "handbook.pdf")).to_have_count(0)
        kept = sum(faq["status"] == "approved" for faq in own) if choice == "Keep its approved FAQs" else 0
        left = every - len(own) + kept
        assert sum(client.get("/faqs/counts").json().values()) == left
    settled(page)
    choose(page, "Review")
    choose(page, "All")
    expect(page.get_by_text(f"All · {left}", exact=True)).to_be_visible()


def test_a_kept_faq_still_shows_what_it_was_drafted_from(
    kept_sample: Stack, open_browser: Callable[[Stack], Page]
) -> None:
    with kept_sample.client() as client:
        document = next(d for d in client.get("/documents").json()["items"] if d["name"] == "handbook.pdf")
        faq = client.get("/faqs", params={"document_id": document["id"], "limit": 1}).json()["items"][0]
        client.post("/faqs/approve", json={"ids": [faq["id"]]}).raise_for_status()
        client.delete(f"/documents/{document['id']}", params={"faqs": "keep"}).raise_for_status()
    page = open_browser(kept_sample)
    open_page(page, f"/FAQ_Extraction?faq={faq['id']}", "FAQ extraction")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("The source is no longer here")).to_be_visible()
    expect(dialog.locator('[class*="st-key-passage_"]')).to_contain_text(faq["source"]["quote"].split("\n")[0][:60])
