"""Several conversations, answers that are interrupted, and long ones."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import Stack, Theme, ask, button, click, open_page, settled
from tests.mock_openai import MockOpenAI, MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
WARRANTY, PAIRING = "What does the warranty cover?", "How do I pair a new probe?"


@contextmanager
def _answered_by(stack: Stack, app: MockOpenAI, model: str) -> Iterator[None]:
    """The default agent answers with a mock provider."""
    with MockServer(app) as server, stack.client() as client:
        settings = {"base_url": server.base_url, "api_key": "sk-mock-key-1234", "model": model}
        client.put("/providers/openai-compatible", json=settings).raise_for_status()
        agent = client.get("/agents").json()["items"][0]["id"]
        edit = {"provider": "openai-compatible", "model": model}
        client.patch(f"/agents/{agent}", json=edit).raise_for_status()
        yield


def _answered(page: Page, question: str) -> None:
    ask(page, question)
    expect(page.get_by_text("Why this answer").last).to_be_visible()
    settled(page)


def _messages(page: Page) -> Locator:
    return page.get_by_test_id("stChatMessage")


@pytest.mark.usefixtures("sample")
def test_several_conversations_are_kept_apart_and_can_be_switched(page: Page) -> None:
    open_page(page, "/Chat", "Chat")
    _answered(page, WARRANTY)
    first = page.url
    click(page, button(page, "New conversation"))
    assert "conversation=" not in page.url
    expect(_messages(page)).to_have_count(0)
    _answered(page, PAIRING)
    assert page.url not in (first, f"{first.partition('?')[0]}")
    expect(_messages(page)).to_have_count(2)
    listed = page.locator(".st-key-conversations")
    click(page, listed.get_by_role("button", name=WARRANTY))
    assert page.url == first
    expect(_messages(page).first).to_contain_text(WARRANTY)
    expect(listed.get_by_role("button").locator("strong")).to_have_text(WARRANTY)
    _answered(page, PAIRING)
    expect(_messages(page)).to_have_count(4)
    click(page, listed.get_by_role("button", name=PAIRING))
    expect(_messages(page)).to_have_count(2)
    expect(listed.get_by_role("button").locator("strong")).to_have_text(PAIRING)


@pytest.mark.usefixtures("sample")
def test_a_deleted_conversation_is_gone_and_the_others_stay(page: Page) -> None:
    open_page(page, "/Chat", "Chat")
    _answered(page, WARRANTY)
    click(page, button(page, "New conversation"))
    _answered(page, PAIRING)
    click(page, button(page, "Delete"))
    button(page, "Delete conversation").click()
    expect(page.get_by_text("Conversation deleted")).to_be_visible()
    expect(_messages(page)).to_have_count(0)
    listed = page.locator(".st-key-conversations")
    expect(listed.get_by_role("button", name=PAIRING)).to_have_count(0)
    expect(listed.get_by_role("button", name=WARRANTY)).to_be_visible()


def test_a_refresh_in_the_middle_of_the_first_answer_keeps_what_was_written(page: Page, sample: Stack) -> None:
    with _answered_by(sample, MockOpenAI(), "drip"):
        open_page(page, "/Chat", "Chat")
        ask(page, WARRANTY)
        expect(page.get_by_text("drip drip")).to_be_visible()
        page.wait_for_url("**conversation=*")
        page.reload()
        expect(_messages(page).first).to_contain_text(WARRANTY)
        expect(page.get_by_text("Stopped")).to_be_visible()
        expect(_messages(page).last).to_contain_text("drip drip")
        expect(button(page, "Try again")).to_be_visible()


@pytest.mark.slow
def test_a_refresh_in_the_middle_of_a_later_answer_keeps_the_conversation(page: Page, sample: Stack) -> None:
    open_page(page, "/Chat", "Chat")
    _answered(page, WARRANTY)
    with _answered_by(sample, MockOpenAI(), "drip"):
        ask(page, PAIRING)
        expect(page.get_by_text("drip drip")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Stopped")).to_be_visible()
        expect(_messages(page)).to_have_count(4)
        expect(_messages(page).last).to_contain_text("drip drip")


def test_another_conversation_can_be_opened_while_an_answer_is_written(page: Page, sample: Stack) -> None:
    open_page(page, "/Chat", "Chat")
    _answered(page, WARRANTY)
    with _answered_by(sample, MockOpenAI(), "drip"):
        click(page, button(page, "New conversation"))
        ask(page, PAIRING)
        expect(page.get_by_text("drip drip")).to_be_visible()
        page.locator(".st-key-conversations").get_by_role("button", name=WARRANTY).click()
        expect(page.get_by_text("Why this answer")).to_be_visible()
        expect(page.get_by_text("drip drip")).to_have_count(0)
        settled(page)
        page.locator(".st-key-conversations").get_by_role("button", name=PAIRING).click()
        expect(page.get_by_text("Stopped")).to_be_visible()
        expect(_messages(page).last).to_contain_text("drip drip")


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_a_long_answer_fits_a_phone_its_end_is_in_view_and_stop_in_reach(
    open_browser: Callable[[Stack, int, Theme], Page], sample: Stack, theme: Theme
) -> None:
    page = open_browser(sample, 390, theme)
    with _answered_by(sample, MockOpenAI(), "drip"):
        open_page(page, "/Chat", "Chat")
        ask(page, WARRANTY)
        expect(page.get_by_text("drip " * 200)).to_be_visible()
        stop = page.get_by_test_id("stBottom").get_by_role("button", name="Stop", exact=True)
        expect(stop).to_be_in_viewport()
        click(page, stop)
        expect(page.get_by_text("Stopped")).to_be_visible()
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(button(page, "Try again")).to_be_in_viewport()
    expect(page.get_by_placeholder("Ask a question")).to_be_in_viewport()


@contextmanager
def _waiting_for_a_silent_model(page: Page, sample: Stack) -> Iterator[MockOpenAI]:
    mock = MockOpenAI()
    with _answered_by(sample, mock, "hang"):
        open_page(page, "/Chat", "Chat")
        ask(page, WARRANTY)
        page.wait_for_url("**conversation=*")
        assert mock.started.wait(20)
        yield mock


def test_a_model_that_is_silent_after_the_search_is_said_to_be_waited_for(page: Page, sample: Stack) -> None:
    with _waiting_for_a_silent_model(page, sample):
        expect(page.get_by_text("Waiting for the model's first words")).to_be_visible()
        click(page, page.get_by_role("button", name="Stop", exact=True))


def test_a_silent_model_is_stopped_at_once_and_a_refresh_says_so(page: Page, sample: Stack) -> None:
    with _waiting_for_a_silent_model(page, sample) as mock:
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text("Stopped")).to_be_visible()
        assert mock.disconnected.wait(10), "the request to the model goes on"
        settled(page)
        page.reload()
        expect(page.get_by_text("Stopped")).to_be_visible()
        expect(_messages(page).first).to_contain_text(WARRANTY)
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(button(page, "Try again")).to_be_visible()


@pytest.mark.slow
def test_leaving_a_silent_model_stops_it_too(page: Page, sample: Stack) -> None:
    with _waiting_for_a_silent_model(page, sample) as mock:
        page.reload()
        assert mock.disconnected.wait(10), "the request to the model goes on"
        expect(page.get_by_text("Stopped")).to_be_visible()


@pytest.mark.parametrize("way", [pytest.param("mouse", marks=pytest.mark.slow), "keyboard"])
@pytest.mark.usefixtures("sample")
def test_a_mark_in_the_answer_opens_its_passage(page: Page, way: str) -> None:
    open_page(page, "/Chat", "Chat")
    _answered(page, WARRANTY)
    mark = _messages(page).last.get_by_role("link", name="[1]").first
    if way == "mouse":
        mark.click()
    else:
        mark.focus()
        page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("the text that is quoted")).to_be_visible()
    assert "#" not in page.url
