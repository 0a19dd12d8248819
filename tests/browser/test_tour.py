"""The way a newcomer goes: sample, review, question, passage."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import (
    Stack,
    approve_confident,
    ask,
    button,
    click,
    load_sample,
    open_chat,
    open_page,
    open_review,
    settled,
    take_tour,
    use_server,
)
from tests.mock_openai import MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
QUESTION = "What does the warranty cover?"


def test_from_the_first_start_to_a_citation_that_opens_its_passage(page: Page) -> None:
    open_page(page, "/", "Home")
    expect(page.get_by_text("Three steps to the first answer")).to_be_visible()
    take_tour(page)
    assert "conversation=" in page.url


@pytest.mark.usefixtures("sample")
def test_a_refresh_of_a_conversation_shows_it_again(page: Page) -> None:
    open_page(page, "/Chat", "Chat")
    ask(page, QUESTION)
    expect(page.get_by_text("Why this answer")).to_be_visible()
    settled(page)
    answer = page.get_by_test_id("stChatMessage").nth(1).inner_text()
    page.reload()
    expect(page.get_by_text("Why this answer")).to_be_visible()
    settled(page)
    assert page.get_by_test_id("stChatMessage").nth(1).inner_text() == answer


@pytest.mark.usefixtures("sample")
def test_what_the_documents_do_not_say_is_shown_as_not_answered(page: Page) -> None:
    open_page(page, "/Chat", "Chat")
    ask(page, "What is the capital of Peru?")
    expect(page.get_by_text("Not answered")).to_be_visible()


@pytest.mark.usefixtures("sample")
def test_a_decision_can_be_taken_back(page: Page) -> None:
    open_review(page)
    waiting = page.get_by_text("To review ·").inner_text()
    button(page, "Approve all confident").click()
    expect(page.get_by_text("confident drafts approved")).to_be_visible()
    expect(page.get_by_text(waiting, exact=True)).to_have_count(0)
    button(page, "Undo").click()
    expect(page.get_by_text(waiting, exact=True)).to_be_visible()


@pytest.mark.usefixtures("sample")
def test_the_keyboard_approves_the_current_card_and_goes_on(page: Page) -> None:
    open_review(page)
    current = page.locator(".st-key-faq_current strong").first
    first = current.inner_text()
    page.keyboard.press("a")
    expect(current).not_to_have_text(first)
    expect(page.get_by_text("Approved · 1", exact=True)).to_be_visible()


def test_an_edit_over_somebody_elses_shows_the_newer_text_and_keeps_ones_own(page: Page, sample: Stack) -> None:
    open_review(page)
    button(page, "Edit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Question")).to_be_visible()
    settled(page)
    with sample.client() as client:
        faq = client.get(f"/faqs/{page.url.split('faq=')[1]}").json()
        newer = {"revision": faq["revision"], "question": "Newer question?"}
        client.patch(f"/faqs/{faq['id']}", json=newer).raise_for_status()
    dialog.get_by_label("Question").fill("My own question?")
    button(page, "Save").click()
    expect(dialog.get_by_text("Somebody saved this FAQ while you edited it")).to_be_visible()
    expect(dialog.get_by_label("Question")).to_have_value("Newer question?")
    expect(dialog.get_by_test_id("stCode")).to_contain_text("My own question?")


@pytest.mark.usefixtures("sample")
def test_a_stopped_answer_keeps_what_was_written(page: Page) -> None:
    with MockServer() as server:
        use_server(page, server.base_url, model="drip")
        open_page(page, "/Chat", "Chat")
        ask(page, QUESTION)
        expect(page.get_by_text("drip drip")).to_be_visible()
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.get_by_text("Stopped")).to_be_visible()
        expect(page.get_by_text("drip drip")).to_be_visible()


@pytest.mark.slow  # the tour with the built-in provider stays in `make test`
def test_the_tour_works_with_an_openai_compatible_server(page: Page) -> None:
    load_sample(page)
    with MockServer() as server:
        use_server(page, server.base_url, model="ok")
        button(page, "Test connection").click()
        open_chat(page)
        ask(page, QUESTION)
        expect(page.get_by_text("Why this answer")).to_be_visible()
        expect(page.get_by_text("Answers by OpenAI-compatible server, model ok")).to_be_visible()
        expect(button(page, "[1]")).to_be_visible()
        settled(page)


@pytest.mark.parametrize("theme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_the_loop_works_on_a_phone(open_browser: Callable[..., Page], stack: Stack, theme: str) -> None:
    page = open_browser(stack, 390, theme)
    load_sample(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    approve_confident(page)
    open_page(page, "/Chat", "Chat")
    ask(page, QUESTION)
    expect(page.get_by_text("Why this answer")).to_be_visible()
    click(page, page.get_by_text("Why this answer"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
