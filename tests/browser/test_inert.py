"""What people, documents and models write is text on every page: it runs nowhere and loads nothing."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import Stack, ask, button, choose, click, open_chat, open_page, open_review, settled
from tests.mock_openai import MockOpenAI, MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.fault("E13")]
RAN = "window.ran = true"
HOSTILE = (
    f"<script>{RAN}</script><img src=hostile.png onerror='{RAN}'><svg onload='{RAN}'></svg>"
    f"<iframe srcdoc='<script>parent.ran = true</script>'></iframe> [link](javascript:{RAN})"
)
DOCUMENT = """# Rules

## What does the hostile rule say?

The hostile rule says a lot and nothing else. It applies to every order that is placed after May.
"""


def _reviewed(stack: Stack) -> None:
    """A document whose name is hostile; of its draft somebody wrote all words anew and approved them."""
    with stack.client() as client:
        name = f"<img src=hostile.png onerror='{RAN}'>.md"
        sent = client.post("/faq/upload", files={"files": (name, DOCUMENT.encode(), "text/markdown")})
        [job] = sent.raise_for_status().json()["jobs"]
        client.get(f"/jobs/{job['id']}/events").raise_for_status()  # ends with the job
        [faq] = client.get("/faqs").json()["items"]
        words = {"question": f"What does the hostile rule say? {HOSTILE}", "answer": f"It says {HOSTILE}."}
        edit = {"revision": faq["revision"], "tags": ["<b>bold</b>"], **words}
        client.patch(f"/faqs/{faq['id']}", json=edit).raise_for_status()
        client.post("/faqs/approve", json={"ids": [faq["id"]]}).raise_for_status()


def _is_inert(page: Page) -> None:
    settled(page)
    assert page.evaluate("window.ran") is None, page.url
    assert not any(frame.evaluate("window.ran") for frame in page.frames), page.url
    for mark in ("img[src*='hostile']", "svg[onload]", "iframe[srcdoc]", "a[href^='javascript']"):
        expect(page.locator(mark)).to_have_count(0)


def test_what_documents_and_models_say_runs_on_no_page(page: Page, stack: Stack) -> None:
    """The model repeats the passage that it was given."""
    _reviewed(stack)
    with MockServer(MockOpenAI()) as server, stack.client() as client:
        settings = {"base_url": server.base_url, "api_key": "sk-mock-key-1234", "model": "ok"}
        client.put("/providers/openai-compatible", json=settings).raise_for_status()
        [default] = client.get("/agents").json()["items"]
        edit = {"provider": "openai-compatible", "model": "ok", "parameters": {"instructions": HOSTILE}}
        client.patch(f"/agents/{default['id']}", json=edit).raise_for_status()
        new = {"name": HOSTILE[:200], "provider": "openai-compatible", "model": "ok"}
        agent = client.post("/agents", json=new).raise_for_status().json()["id"]
        try:
            _every_page(page)
        finally:
            client.delete(f"/agents/{agent}").raise_for_status()


def _every_page(page: Page) -> None:
    open_page(page, "/", "Home")
    _is_inert(page)
    open_review(page)
    choose(page, "All")
    expect(page.get_by_text(RAN).first).to_be_visible()
    _is_inert(page)
    open_chat(page)
    ask(page, f"What does the hostile rule say? {HOSTILE}")
    expect(page.get_by_text("Why this answer").last).to_be_visible()
    expect(page.get_by_test_id("stChatMessage").last.get_by_text(RAN).first).to_be_visible()
    _is_inert(page)
    click(page, page.get_by_text("Why this answer").last)
    _is_inert(page)
    click(page, button(page, "[1]").first)
    expect(page.get_by_role("dialog")).to_be_visible()
    _is_inert(page)
    open_page(page, "/Settings", "Settings")
    _is_inert(page)


def test_every_page_says_what_it_may_load(stack: Stack) -> None:
    policy = httpx.get(stack.ui).headers["content-security-policy"]
    assert "default-src 'self'" in policy or "default-src 'none'" in policy
    assert "object-src 'none'" in policy or "default-src 'none'" in policy
