"""Pages in every state: empty, busy, refused, unreachable; in both themes and widths; and what axe says of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.driver import (
    Stack,
    Theme,
    Watch,
    ask,
    button,
    choose,
    open_page,
    open_review,
    rulebook,
    use_server,
)
from tests.mock_openai import MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
PAGES = {
    "/": "Home",
    "/FAQ_Extraction": "FAQ extraction",
    "/Chat": "Chat",
    "/Fine-tune": "Fine-tune",
    "/Compare": "Compare",
    "/Smart_agents": "Smart agents",
    "/Settings": "Settings",
}
LONG_TEXT = rulebook(4_000)
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}}
THEIRS = {
    "svg-img-alt": "Vega's marks inside a metric's chart; the figure is said in words above it",
    "region": "Streamlit's header and bottom bar lie outside its landmarks",
}
"""Rules that Streamlit's own frame breaks, with the reason; what is inside our blocks is still checked by hand."""
LOOKS = [
    (1440, "light"),
    pytest.param(390, "dark", marks=pytest.mark.slow),
    pytest.param(1440, "dark", marks=pytest.mark.slow),
    pytest.param(390, "light", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("path", list(PAGES))
def test_a_deep_link_opens_its_page_on_a_fresh_server(page: Page, path: str) -> None:
    open_page(page, path, PAGES[path])
    expect(page.get_by_text("All services running")).to_be_visible()


@pytest.fixture
def fresh_pages(stack: Stack) -> Iterator[Stack]:
    """The shared API with pages of the test's own, that nobody has opened yet."""
    pages = Stack(stack.data_dir, api_port=stack.api_port)
    try:
        yield pages.start("ui")
    finally:
        pages.stop()


def test_a_deep_link_may_be_the_first_thing_that_a_server_sees(
    fresh_pages: Stack, open_browser: Callable[[Stack], Page]
) -> None:
    page = open_browser(fresh_pages)
    open_page(page, "/FAQ_Extraction?status=approved", "FAQ extraction")
    expect(page.get_by_text("No questions yet")).to_be_visible()


def test_an_empty_workspace_says_what_will_be_here(page: Page) -> None:
    open_page(page, "/", "Home")
    expect(page.get_by_text("Three steps to the first answer")).to_be_visible()
    open_review(page)
    expect(page.get_by_text("No questions yet")).to_be_visible()
    expect(page.get_by_text("200MB per file")).to_be_visible()
    open_page(page, "/Chat", "Chat")
    expect(page.get_by_text("No approved FAQs yet")).to_be_visible()


@pytest.mark.slow
def test_a_refresh_goes_on_following_a_running_job(page: Page) -> None:
    open_review(page)
    _upload(page, "rules.md", LONG_TEXT.encode())
    expect(page.get_by_text("Reading 1 document")).to_be_visible()
    page.reload()
    expect(page.get_by_text("Reading 1 document")).to_be_visible()
    expect(page.get_by_text("1 document read")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("To review ·")).to_be_visible()


def test_a_bad_file_is_named_with_its_reason_and_the_good_one_is_taken(page: Page) -> None:
    open_review(page)
    empty: FilePayload = {"name": "empty.md", "mimeType": "text/markdown", "buffer": b""}
    good: FilePayload = {"name": "good.md", "mimeType": "text/markdown", "buffer": LONG_TEXT[:4000].encode()}
    page.locator('input[type="file"]').set_input_files([empty, good])
    button(page, "Draft questions from 2 files").click()
    expect(page.get_by_text("1 file was not taken")).to_be_visible()
    # The uploader may still show the names for a moment: the reason is in the notice.
    expect(page.get_by_test_id("stAlertContentError").get_by_text("empty.md")).to_be_visible()
    expect(page.get_by_text("1 document read")).to_be_visible(timeout=60_000)


def test_a_file_that_is_all_that_was_sent_and_bad_is_named(page: Page, watch: Watch) -> None:
    open_review(page)
    _upload(page, "fake.pdf", b"\x00\x01\x02 this is no PDF")
    expect(page.get_by_text("1 file was not taken")).to_be_visible()
    expect(page.get_by_test_id("stAlertContentError").get_by_text("fake.pdf")).to_be_visible()
    assert watch.problems == []


@pytest.fixture
def split_stack(tmp_path: Path) -> Iterator[Stack]:
    """API and pages as processes of their own, so that one can be stopped."""
    stack = Stack(tmp_path / "data")
    try:
        yield stack.start("api", "ui")
    finally:
        stack.stop()


@pytest.mark.slow
def test_pages_wait_for_a_server_that_is_away_and_go_on_when_it_is_back(
    split_stack: Stack, open_browser: Callable[[Stack], Page]
) -> None:
    split_stack.read_sample()
    page = open_browser(split_stack)
    open_review(page)
    page.get_by_placeholder("Search", exact=True).fill("warranty")
    split_stack.stop("api")
    choose(page, "Documents")
    expect(page.get_by_text("AI Nexus is not reachable")).to_be_visible()
    expect(page.get_by_text("No documents yet")).to_have_count(0)
    split_stack.start("api")
    expect(page.get_by_text("AI Nexus is not reachable")).to_have_count(0, timeout=30_000)
    expect(page.get_by_text("handbook.pdf").first).to_be_visible()


@pytest.mark.slow
def test_a_server_that_goes_away_within_an_answer_is_told_once_and_not_when_it_is_back(
    split_stack: Stack, open_browser: Callable[[Stack], Page]
) -> None:
    split_stack.read_sample()
    page = open_browser(split_stack)
    away = page.get_by_text("AI Nexus is not reachable")
    with MockServer() as server:
        use_server(page, server.base_url, model="drip")
        open_page(page, "/Chat", "Chat")
        ask(page, "What does the warranty cover?")
        expect(page.get_by_text("drip drip").first).to_be_visible()
        split_stack.kill("api")
        expect(away).to_have_count(1, timeout=30_000)
        expect(page.get_by_text("drip drip").first).to_be_visible()
        split_stack.start("api")
        expect(away).to_have_count(0, timeout=30_000)
        expect(button(page, "Try again")).to_be_visible()


@pytest.mark.slow
def test_a_question_typed_while_the_server_is_away_is_kept(
    split_stack: Stack, open_browser: Callable[[Stack], Page]
) -> None:
    page = open_browser(split_stack)
    open_page(page, "/Chat", "Chat")
    question = page.get_by_placeholder("Ask a question")
    question.fill("Is this kept?")
    split_stack.stop("api")
    question.press("Enter")
    expect(page.get_by_text("AI Nexus is not reachable").first).to_be_visible()
    expect(page.get_by_text("Is this kept?")).to_be_visible()
    split_stack.start("api")
    expect(button(page, "Try again")).to_be_visible()
    expect(page.get_by_text("Is this kept?")).to_be_visible()


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_axe_finds_nothing_of_ours_and_nothing_overflows(
    open_browser: Callable[[Stack, int, Theme], Page], sample: Stack, width: int, theme: Theme
) -> None:
    page = open_browser(sample, width, theme)
    found: list[str] = []
    for path, title in PAGES.items():
        open_page(page, path, title)
        found += [f"{path}: {line}" for line in violations(page)]
    assert found == []


def violations(page: Page) -> list[str]:
    """What axe says of the page as it is now; nothing may be wider than the window. Streamlit's toasts, which have no
    name, are waited for."""
    expect(page.get_by_test_id("stToast")).to_have_count(0)
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    answer = Axe().run(page, options=RULES)
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in answer.response["violations"]
        if violation["id"] not in THEIRS
        for node in violation["nodes"]
    ]


def _upload(page: Page, name: str, content: bytes) -> None:
    kind = "application/pdf" if name.endswith(".pdf") else "text/markdown"
    page.locator('input[type="file"]').set_input_files({"name": name, "mimeType": kind, "buffer": content})
    button(page, "Draft questions from 1 file").click()
