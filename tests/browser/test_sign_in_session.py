"""`NEXUS_AUTH=keys`: a sign-in is the browser's, for a refresh and a new tab, until it is ended."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Cookie, Page, expect

from tests.browser.driver import Stack, Theme, Watch, ask, button, click, field, open_page, settled
from tests.browser.test_pages import RULES, THEIRS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
QUESTION = "Is the sign-in kept?"
COOKIE = "nexus_session"


@pytest.fixture(scope="module")
def keys_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("sessions") / "data", {"NEXUS_AUTH": "keys"})
    try:
        yield stack.start("api", "ui")
        log = stack.log.read_text()
        assert "Traceback" not in log
        assert "nxk_" not in log
    finally:
        stack.stop()


@pytest.fixture(scope="module")
def key(keys_stack: Stack) -> str:
    return keys_stack.run("key", "create", "--role", "admin", "--workspace", "north")


def _sign_in(page: Page, key: str, title: str) -> Cookie:
    """Signs in on the page that is shown; the cookie that the browser has afterwards."""
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    settled(page)
    with page.expect_response("**/session") as exchange:
        field(page, "Key").fill(key)
        button(page, "Sign in").click()
        expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    assert exchange.value.status == 204
    settled(page)
    return next(cookie for cookie in page.context.cookies() if cookie.get("name") == COOKIE)


def _new_tab(page: Page, watch: Watch, path: str) -> Page:
    tab = page.context.new_page()
    watch.attach(tab)
    tab.goto(path)
    return tab


def _asked_again(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    expect(button(page, "Sign out")).to_have_count(0)
    settled(page)


def test_a_refresh_keeps_the_person_signed_in_and_their_conversation_open(
    keys_stack: Stack, open_browser: Callable[[Stack], Page], key: str
) -> None:
    page = open_browser(keys_stack)
    page.goto("/Chat")
    _sign_in(page, key, "Chat")
    ask(page, QUESTION)
    expect(page.get_by_text("Not answered")).to_be_visible()
    settled(page)
    assert "conversation=" in page.url
    page.reload()
    expect(page.get_by_role("heading", name="Chat", level=1)).to_be_visible()
    expect(page.get_by_test_id("stChatMessage").first).to_contain_text(QUESTION)
    expect(field(page, "Key")).to_have_count(0)
    settled(page)


@pytest.mark.slow
def test_a_new_tab_of_the_same_browser_is_signed_in_and_another_browser_is_not(
    keys_stack: Stack, open_browser: Callable[[Stack], Page], watch: Watch, key: str
) -> None:
    page = open_browser(keys_stack)
    page.goto("/")
    _sign_in(page, key, "Home")
    tab = _new_tab(page, watch, "/Settings")
    expect(tab.get_by_role("heading", name="Settings", level=1)).to_be_visible()
    settled(tab)
    stranger = open_browser(keys_stack)
    stranger.goto("/")
    _asked_again(stranger)


def test_the_cookie_is_a_random_id_that_scripts_cannot_read(
    keys_stack: Stack, open_browser: Callable[[Stack], Page], key: str
) -> None:
    page = open_browser(keys_stack)
    page.goto("/")
    cookie = _sign_in(page, key, "Home")
    assert (cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (True, "Strict", "/")
    value = cookie.get("value", "")
    assert len(value) >= 43
    assert key not in value
    readable = page.evaluate(
        "JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}]) + document.documentElement.outerHTML"
    )
    assert value not in readable
    assert key not in readable
    assert value not in keys_stack.log.read_text()


def test_signing_out_ends_the_sign_in_of_every_tab_and_of_the_cookie(
    keys_stack: Stack, open_browser: Callable[[Stack], Page], watch: Watch, key: str
) -> None:
    page = open_browser(keys_stack)
    page.goto("/")
    cookie = _sign_in(page, key, "Home")
    tab = _new_tab(page, watch, "/Chat")
    expect(tab.get_by_role("heading", name="Chat", level=1)).to_be_visible()
    settled(tab)
    with page.expect_response("**/session"):
        button(page, "Sign out").click()
    _asked_again(page)
    assert [item for item in page.context.cookies() if item.get("name") == COOKIE] == []
    click(tab, tab.get_by_role("button", name="New conversation"))
    _asked_again(tab)
    expect(tab.get_by_text("Your sign-in has ended")).to_be_visible()
    page.context.add_cookies([{"name": COOKIE, "value": cookie.get("value", ""), "url": keys_stack.ui}])
    page.reload()
    _asked_again(page)


@pytest.mark.slow
def test_who_signs_in_after_another_person_gets_a_new_id(
    keys_stack: Stack, open_browser: Callable[[Stack], Page], key: str
) -> None:
    page = open_browser(keys_stack)
    page.goto("/")
    page.context.add_cookies([{"name": COOKIE, "value": "chosen-by-somebody-else", "url": keys_stack.ui}])
    page.reload()
    first = _sign_in(page, key, "Home")
    button(page, "Sign out").click()
    _asked_again(page)
    second = _sign_in(page, key, "Home")
    assert len({"chosen-by-somebody-else", first.get("value"), second.get("value")}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("after", ["a click", "a refresh"])
def test_a_revoked_key_is_asked_for_again_and_the_page_says_why(
    keys_stack: Stack, open_browser: Callable[[Stack], Page], after: str
) -> None:
    page = open_browser(keys_stack)
    page.goto("/Chat")
    mine = keys_stack.run("key", "create", "--role", "admin", "--workspace", "south")
    _sign_in(page, mine, "Chat")
    with keys_stack.client(mine) as client:
        admin = client.post("/keys", json={"name": "other", "role": "admin"}).raise_for_status().json()["key"]
    with keys_stack.client(admin) as client:
        others = [item["id"] for item in client.get("/keys").json() if not admin.startswith(item["hint"])]
        assert others
        for record_id in others:
            client.delete(f"/keys/{record_id}").raise_for_status()
    if after == "a click":
        click(page, button(page, "New conversation"))
    else:
        page.reload()
    _asked_again(page)
    expect(page.get_by_text("Your key is no longer valid")).to_be_visible()
    _sign_in(page, admin, "Chat")


@pytest.mark.slow
def test_after_a_restart_of_the_pages_the_key_is_asked_for_where_the_person_was(
    keys_stack: Stack, open_browser: Callable[[Stack], Page], key: str
) -> None:
    page = open_browser(keys_stack)
    page.goto("/Chat")
    _sign_in(page, key, "Chat")
    page.goto("about:blank")
    keys_stack.stop("ui")
    keys_stack.start("ui")
    page.goto("/FAQ_Extraction?status=approved")
    _asked_again(page)
    expect(page.get_by_text("Your sign-in has ended")).to_be_visible()
    _sign_in(page, key, "FAQ extraction")
    assert "status=approved" in page.url
    open_page(page, "/Chat", "Chat")


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_on_the_sign_in_page_that_says_why_it_asks(
    keys_stack: Stack, open_browser: Callable[[Stack, int, Theme], Page], theme: Theme
) -> None:
    page = open_browser(keys_stack, 390, theme)
    page.context.add_cookies([{"name": COOKIE, "value": "chosen-by-somebody-else", "url": keys_stack.ui}])
    page.goto("/")
    expect(page.get_by_text("Your sign-in has ended")).to_be_visible()
    settled(page)
    answer = Axe().run(page, options=RULES)
    found = [rule["id"] for rule in answer.response["violations"] if rule["id"] not in THEIRS]
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
