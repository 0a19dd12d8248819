"""`NEXUS_AUTH=keys`: signing in by pasting a key, two workspaces that do not see each other, roles."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import (
    Stack,
    ask,
    button,
    field,
    open_chat,
    open_page,
    settled,
    take_tour,
    use_server,
)
from tests.mock_openai import MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
QUESTION = "What does the warranty cover?"


@pytest.fixture(scope="module")
def keys_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = {"NEXUS_AUTH": "keys", "NEXUS_OUTBOUND_ALLOW": "127.0.0.1"}  # where the mock model server listens
    stack = Stack(tmp_path_factory.mktemp("keys") / "data", settings)
    try:
        yield stack.start("up")
        assert "Traceback" not in stack.log.read_text()
    finally:
        stack.stop()


def _sign_in(page: Page, key: str, *, accepted: bool = True) -> None:
    field(page, "Key").fill(key)
    button(page, "Sign in").click()
    if accepted:
        expect(button(page, "Sign in")).to_have_count(0)
    settled(page)  # what is typed or clicked while the page is being drawn is lost


@pytest.mark.slow  # the tour of one, and tests/api/test_isolation.py, stay in `make test`
def test_the_tour_works_in_two_workspaces_that_do_not_see_each_other(
    keys_stack: Stack, open_browser: Callable[[Stack], Page]
) -> None:
    """One answers with a server of its own, the other with the built-in provider."""
    north = keys_stack.run("key", "create", "--role", "admin", "--workspace", "north")
    south = keys_stack.run("key", "create", "--role", "analyst", "--workspace", "south")
    first, second = open_browser(keys_stack), open_browser(keys_stack)
    first.goto("/")
    _sign_in(first, north)
    with MockServer() as server:
        take_tour(first)
        use_server(first, server.base_url, model="ok")
        open_chat(first)
        ask(first, QUESTION)
        expect(first.get_by_text("Answers by OpenAI-compatible server, model ok")).to_be_visible()
        expect(button(first, "[1]")).to_be_visible()
        settled(first)
    second.goto("/FAQ_Extraction")
    _sign_in(second, south)
    expect(second.get_by_text("No questions yet")).to_be_visible()
    expect(second.get_by_text("south")).to_be_visible()
    open_page(second, "/Chat", "Chat")
    expect(second.get_by_text(QUESTION)).to_have_count(0)
    ask(second, QUESTION)
    expect(second.get_by_text("Not answered")).to_be_visible()
    settled(second)
    take_tour(second)


def test_a_wrong_key_is_said_to_be_unknown(keys_stack: Stack, open_browser: Callable[[Stack], Page]) -> None:
    page = open_browser(keys_stack)
    page.goto("/")
    _sign_in(page, "nxk_this-key-was-never-made", accepted=False)
    expect(page.get_by_text("This key is not known")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()


@pytest.mark.slow
def test_signing_out_shows_the_sign_in_page_again(keys_stack: Stack, open_browser: Callable[[Stack], Page]) -> None:
    page = open_browser(keys_stack)
    page.goto("/")
    _sign_in(page, keys_stack.run("key", "create", "--role", "admin", "--workspace", "out"))
    button(page, "Sign out").click()
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()


def test_a_role_that_only_reads_is_not_offered_what_it_may_not_do(
    keys_stack: Stack, open_browser: Callable[[Stack], Page]
) -> None:
    page = open_browser(keys_stack)
    page.goto("/FAQ_Extraction")
    _sign_in(page, keys_stack.run("key", "create", "--role", "sales", "--workspace", "readers"))
    expect(page.get_by_text("Nobody has uploaded a document yet")).to_be_visible()
    expect(page.locator('input[type="file"]')).to_have_count(0)
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    expect(page.locator(".st-key-section_keys")).to_have_count(0)
    expect(page.get_by_role("button", name="Use for answers")).to_have_count(0)


@pytest.mark.slow
def test_a_key_is_shown_once_and_can_be_revoked(keys_stack: Stack, open_browser: Callable[[Stack], Page]) -> None:
    page = open_browser(keys_stack)
    page.goto("/Settings")
    _sign_in(page, keys_stack.run("key", "create", "--role", "admin", "--workspace", "keyring"))
    page.locator(".st-key-create_key summary").click()
    field(page, "Name").fill("Website")
    settled(page)
    button(page, "Create key").dblclick()
    expect(page.get_by_text("it is shown this once")).to_be_visible()
    expect(page.get_by_text("Give the key a name")).to_have_count(0)
    expect(page.locator('[class*="st-key-key_"]').filter(has_text="Website")).to_have_count(1)
    expect(page.locator(".st-key-created_key").get_by_test_id("stCode")).to_contain_text("nxk_")
    button(page, "I have copied it").click()
    expect(page.get_by_text("it is shown this once")).to_have_count(0)
    expect(page.get_by_text("Website")).to_be_visible()
    page.locator('[class*="st-key-key_"]').filter(has_text="Website").get_by_role("button", name="Revoke").click()
    button(page, "Revoke key").click()
    expect(page.get_by_text("Website", exact=True)).to_have_count(0)
