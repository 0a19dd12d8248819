"""The compare page: the newcomer's way from the sample handbook to a promotion and back, lanes that fail or stream."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.comparing import compare, default, of_model, set_up, vote_for
from tests.browser.driver import Stack, Theme, approve_confident, button, click, field, load_sample, open_page, settled
from tests.browser.test_finetune import train_by_clicks, violations
from tests.browser.test_pages import LOOKS
from tests.browser.tuning import approve
from tests.mock_openai import MockOpenAI, MockServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
COMPARE = "/Compare"
QUESTION = "What does the warranty cover?"


@pytest.fixture
def mock() -> Iterator[MockServer]:
    """Writes some words a second: slow enough to be seen, and stopped."""
    with MockServer(MockOpenAI(delta_seconds=0.1)) as server:
        yield server


@pytest.fixture
def two(sample: Stack, mock: MockServer) -> Stack:
    """The default agent over approved FAQs, and a model of a provider."""
    with sample.client() as client:
        approve(client)
        set_up(client, mock.base_url)
    return sample


def test_from_the_sample_handbook_to_a_promotion_and_back(page: Page, stack: Stack) -> None:
    """By clicks alone, as in the two minutes of a newcomer."""
    load_sample(page)
    approve_confident(page)
    train_by_clicks(page)
    page.locator(".st-key-compare_model button").click()
    expect(page.get_by_text("Ask several the same question")).to_be_visible()
    settled(page)
    field(page, "Question").fill(QUESTION)
    page.keyboard.press("Tab")
    settled(page)
    page.locator(".st-key-compare_now button").click()
    expect(page.get_by_text("Who wrote which is told after your vote.")).to_be_visible()
    settled(page)
    expect(page.locator(".st-key-lanes").get_by_text("default")).to_have_count(0)
    page.keyboard.press("1")
    expect(page.get_by_text("It counts in the verdict.")).to_be_visible()
    settled(page)
    expect(page.locator(".st-key-lanes").get_by_text("Support v1 tuned retrieval", exact=True)).to_be_visible()
    expect(page.get_by_text("Why this answer")).to_have_count(2)
    page.reload()
    expect(page.get_by_text("It counts in the verdict.")).to_be_visible()
    settled(page)
    click(page, button(page, "What the votes say"))
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()
    _promote(page, "default", "It finds more")
    expect(page.locator(".st-key-alias_support-default").get_by_text("By a reason").first).to_be_visible()
    settled(page)
    _promote(page, "Support v1 tuned retrieval", "It is the other one")
    click(page, page.locator(".st-key-roll_back_support-default button"))
    expect(page.get_by_role("dialog").get_by_text("It returns to")).to_be_visible()
    click(page, page.locator(".st-key-roll_back_confirm button"))
    expect(page.locator(".st-key-roll_back_support-default")).to_have_count(0)
    with stack.client() as client:
        alias = client.get("/aliases/support-default").json()
    assert (alias["current"]["reason"], alias["history"]) == ("It finds more", [])


def _promote(page: Page, name: str, reason: str) -> None:
    page.locator(".st-key-promote button").scroll_into_view_if_needed()
    settled(page)  # a list closes when the page scrolls
    click(page, page.get_by_test_id("stSelectbox").filter(has_text="What it is to mean").locator("input"))
    click(page, page.get_by_role("option", name=name))
    field(page, "Promote it all the same, because").fill(reason)
    # At once, as people do: what the field shows goes with the click.
    click(page, page.locator(".st-key-promote button"))


@pytest.mark.slow
def test_a_lane_that_fails_says_why_and_the_others_are_voted_on(page: Page, two: Stack) -> None:
    with two.client() as client:
        compared = compare(client, [default(client), of_model("status-400"), of_model("ok")])
    open_page(page, f"{COMPARE}?comparison={compared['id']}", "Compare")
    expect(page.get_by_text("why is told with the names", exact=False).first).to_be_visible()
    expect(page.get_by_role("button", name="is best")).to_have_count(2)
    click(page, button(page, "All bad"))
    expect(page.get_by_text("check the model's name")).to_be_visible()
    expect(page.get_by_text("It counts in the verdict.")).to_be_visible()


def test_lanes_are_streamed_side_by_side_and_stopped(page: Page, two: Stack, mock: MockServer) -> None:
    open_page(page, COMPARE, "Compare")
    click(page, page.get_by_text("Blind", exact=True))
    field(page, "Question").fill(QUESTION)
    page.keyboard.press("Tab")
    settled(page)
    page.locator(".st-key-compare_now button").click()
    expect(page.locator('[class*="st-key-race_"]').get_by_text("Hubs are covered").first).to_be_visible()
    expect(page.locator(".st-key-compare_form")).to_have_count(0)
    expect(page.get_by_text("does not count in the verdict")).to_be_visible()
    settled(page)
    expect(page.get_by_text("Built-in, from default")).to_be_visible()
    mock.app.delta_seconds = 5
    click(page, button(page, "Ask them another question"))
    field(page, "Question").fill(QUESTION)
    page.keyboard.press("Tab")
    settled(page)
    page.locator(".st-key-compare_now button").click()
    button(page, "Stop").click()
    expect(page.get_by_text("is not kept")).to_be_visible()
    expect(button(page, "Try again")).to_be_visible()
    with two.client() as client:
        assert len(client.get("/comparisons").json()["items"]) == 1


@pytest.mark.slow
def test_what_the_field_shows_is_asked_though_it_was_changed_a_moment_ago(page: Page, two: Stack) -> None:
    open_page(page, COMPARE, "Compare")
    field(page, "Question").fill("What is in the box?")
    page.keyboard.press("Tab")
    settled(page)
    field(page, "Question").fill(QUESTION)
    page.locator(".st-key-compare_now button").click()
    expect(page.get_by_text("Who wrote which is told after your vote.")).to_be_visible()
    with two.client() as client:
        assert [one["question"] for one in client.get("/comparisons").json()["items"]] == [QUESTION]


def test_a_batch_is_started_and_read_and_its_questions_wait_for_votes(page: Page, two: Stack) -> None:
    with two.client() as client:
        dataset = client.post("/datasets", json={"name": "Support", "paraphrases": 1}).raise_for_status().json()
        client.get(f"/jobs/{dataset['job']['id']}/events").raise_for_status()  # ends with the job
    open_page(page, f"{COMPARE}?view=batches", "Compare")
    click(page, page.get_by_test_id("stSelectbox").filter(has_text="Second").locator("input"))
    click(page, page.get_by_role("option", name="ok"))
    click(page, page.locator(".st-key-start_batch button"))
    expect(page.get_by_text("What was measured")).to_be_visible()
    expect(page.get_by_text("Right to answer or refuse").first).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()
    click(page, button(page, "What the votes say"))
    expect(page.get_by_text("No votes yet.")).to_be_visible()
    click(page, button(page, "Vote on the next one"))
    expect(page.get_by_text("Who wrote which is told after your vote.")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_axe_finds_nothing_of_ours_and_nothing_overflows_in_any_view(
    open_browser: Callable[[Stack, int, Theme], Page], two: Stack, width: int, theme: Theme
) -> None:
    with two.client() as client:
        voted = compare(client, [default(client), of_model("ok")])
        vote_for(client, voted, "Hubs are covered")
        waiting = compare(client, [default(client), of_model("ok")])
        key = client.get("/contests").json()["items"][0]["contestants"][0]["key"]
        promotion = {"contest_id": voted["contest_id"], "key": key, "reason": "It is cheaper"}
        client.post("/aliases/support-cheap/promote", json=promotion).raise_for_status()
        dataset = client.post("/datasets", json={"name": "Support", "paraphrases": 1}).raise_for_status().json()
        client.get(f"/jobs/{dataset['job']['id']}/events").raise_for_status()  # ends with the job
        asked = {"dataset_id": dataset["dataset"]["id"], "lanes": [default(client), of_model("ok")], "limit": 3}
        batch = client.post("/comparisons/batch", json=asked).raise_for_status().json()["id"]
        client.get(f"/jobs/{batch}/events").raise_for_status()
    views = ["?view=ask", f"?comparison={waiting['id']}", f"?comparison={voted['id']}", "?view=votes"]
    views += [f"?contest={voted['contest_id']}", "?view=promoted", "?view=batches", f"?batch={batch}"]
    page = open_browser(two, width, theme)
    found = [f"{view}: {line}" for view in views for line in violations(page, COMPARE + view, "Compare")]
    assert found == []
