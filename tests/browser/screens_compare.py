"""Pictures of the compare page: its states are made over the API."""

import re

import httpx
from playwright.sync_api import Page, expect

from tests.browser.comparing import QUESTIONS, compare, default, of_model, set_up, vote_for
from tests.browser.driver import Stack, button, field
from tests.browser.driver import settled as idle
from tests.browser.studio import Screen, Studio
from tests.browser.tuning import make_dataset
from tests.mock_openai import MockOpenAI, MockServer

COMPARE = ("/Compare", "Compare")


def comparing(studio: Studio, stack: Stack, client: httpx.Client) -> None:
    path, title = COMPARE
    with MockServer(MockOpenAI(delta_seconds=0.02)) as server:
        set_up(client, server.base_url)
        lanes = [default(client), of_model("ok")]
        made = [compare(client, lanes, question=question) for question in QUESTIONS * 4]
        for compared in made[:-2]:
            vote_for(client, compared, "Related:")
        contest = f"{path}?contest={made[0]['contest_id']}"
        failing = compare(client, [*lanes, of_model("status-400"), of_model("badcite")])
        vote_for(client, failing, "moon")
        blind, voted = f"{path}?comparison={made[-1]['id']}", f"{path}?comparison={made[0]['id']}"
        batch = f"{path}?batch={_batch(client, lanes)}"
        screens = [Screen("compare-batches", f"{path}?view=batches", title), Screen("compare-batch", batch, title)]
        screens += [Screen("compare-ask", *COMPARE), Screen("compare-blind", blind, title)]
        screens += [Screen("compare-voted", voted, title), Screen("compare-votes", f"{path}?view=votes", title)]
        screens += [Screen("compare-failing", f"{path}?comparison={failing['id']}", title, height=1100)]
        screens += [Screen("compare-contest", contest, title, height=1500)]
        studio.take(stack, screens)
        for key in client.get("/contests").json()["items"][-1]["verdict"]["order"][::-1]:
            promotion = {"contest_id": made[0]["contest_id"], "key": key, "reason": "It is cheaper"}
            client.post("/aliases/support-default/promote", json=promotion).raise_for_status()
        studio.take(stack, [Screen("compare-promoted", f"{path}?view=promoted", title, _history)])
        studio.take(stack, [Screen("compare-roll-back", f"{path}?view=promoted", title, _roll_back)])
    with MockServer(MockOpenAI(delta_seconds=0.25)) as server:
        set_up(client, server.base_url)
        studio.take(stack, [Screen("compare-streaming", *COMPARE, _race)])


def _history(page: Page) -> None:
    page.get_by_text("What it meant before").click()
    idle(page)


def _roll_back(page: Page) -> None:
    button(page, "Roll back").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    idle(page)


def _race(page: Page) -> None:
    page.get_by_text("Blind", exact=True).click()
    idle(page)
    page.get_by_test_id("stSelectbox").filter(has_text="Second").locator("input").click()
    page.get_by_role("option", name="ok (OpenAI-compatible server)").click()
    field(page, "Question").fill(QUESTIONS[0])
    page.keyboard.press("Tab")
    idle(page)
    page.locator(".st-key-compare_now button").click()
    expect(page.locator(".st-key-race_lanes")).to_contain_text(re.compile(r"(\w+\W+){45}"))


def _batch(client: httpx.Client, lanes: list[dict[str, object]]) -> str:
    """The held-out questions of a dataset to the lanes, done."""
    dataset = make_dataset(client)
    body = {"dataset_id": dataset["id"], "lanes": lanes, "off_topic": ["Who won the world cup in 1998?"]}
    batch: str = client.post("/comparisons/batch", json=body).raise_for_status().json()["id"]
    client.get(f"/jobs/{batch}/events").raise_for_status()  # ends with the job
    return batch
