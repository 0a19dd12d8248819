"""Agents in a browser: the one that was saved is asked."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import Stack, ask, button, click, field, open_page, settled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.mark.usefixtures("sample")
def test_a_new_agent_is_asked_next_and_another_can_be_chosen(page: Page, sample: Stack) -> None:
    open_page(page, "/Chat", "Chat")
    for name in ("Sales", "Support"):
        click(page, button(page, "New agent"))
        drawer = page.get_by_role("dialog")
        click(page, drawer.get_by_role("button", name="Save"))
        expect(drawer.get_by_text("Give the agent a name.")).to_be_visible()
        field(drawer, "Name").fill(name)
        click(page, drawer.get_by_role("button", name="Save"))
        expect(drawer).to_have_count(0)
        expect(_picker(page)).to_have_value(f"{name} (default)")
    click(page, _picker(page))
    click(page, page.get_by_role("option", name="Sales"))
    expect(_picker(page)).to_have_value("Sales (default)")
    ask(page, "What does the warranty cover?")
    expect(page.get_by_text("Why this answer")).to_be_visible()
    settled(page)
    with sample.client() as client:
        names = {agent["id"]: agent["name"] for agent in client.get("/agents").json()["items"]}
        asked = names[client.get("/conversations").json()["items"][0]["agent_id"]]
        for id in (id for id, name in names.items() if name != "default"):
            client.delete(f"/agents/{id}").raise_for_status()
    assert asked == "Sales"


def _picker(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Ask")
