"""Pictures of every page and state for the documentation: `python -m tests.browser.screens`.

Writes `docs/screens/<page>-<state>-<width>-<theme>.png`. A state is made once through the API; each picture is then
taken in a fresh browser context, in both widths and themes.
"""

import argparse
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from contracts.chat import CLIENT_HEADER, PAGES
from tests.browser.driver import (
    ROOT,
    Stack,
    Watch,
    ask,
    button,
    choose,
    launch,
    new_page,
    open_page,
    running,
)
from tests.browser.driver import settled as idle
from tests.browser.screens_compare import COMPARE, comparing
from tests.browser.studio import Screen, Studio, drawn
from tests.browser.tuning import SLOW_TRAINING, cancel_trainings, train, train_model
from tests.mock_openai import MockOpenAI, MockServer

OUT = ROOT / "docs" / "screens"
QUESTIONS = ("What does the warranty cover?", "What is the capital of Peru?")


# --- the states --------------------------------------------------------------
def _wait_for_jobs(client: httpx.Client, page: Page) -> None:
    """Until nothing runs and nothing waits for the index."""
    for _ in range(600):
        jobs = client.get("/jobs", params={"limit": 100}).json()["items"]
        waits = sum(item["pending_changes"] for item in client.get("/collections").json()["items"])
        if not waits and all(job["status"] not in ("pending", "running") for job in jobs):
            return
        page.wait_for_timeout(200)
    raise TimeoutError("jobs still run")


def _sample(client: httpx.Client, page: Page) -> None:
    client.post("/samples", headers={"Idempotency-Key": "screens-sample"}).raise_for_status()
    _wait_for_jobs(client, page)


def _approve(client: httpx.Client, page: Page) -> None:
    items = client.get("/faqs", params={"status": "draft", "sort": "confidence", "limit": 200}).json()["items"]
    ids = [faq["id"] for faq in items if faq["confidence"] >= 0.8]
    client.post("/faqs/approve", json={"ids": ids}).raise_for_status()
    _wait_for_jobs(client, page)


def _conversation(client: httpx.Client) -> str:
    body: dict[str, Any] = {"agent_id": client.get("/agents").json()["items"][0]["id"]}
    for question in QUESTIONS:
        answer = client.post("/chat", json={**body, "message": question}, headers={CLIENT_HEADER: PAGES}).json()
        body["conversation_id"] = answer["conversation_id"]
    return str(body["conversation_id"])


# --- what is done on a page before its picture -------------------------------
def _open_source(page: Page) -> None:
    page.locator('[class*="st-key-source_"] button').nth(2).click()
    expect(page.get_by_text("the text that is quoted")).to_be_visible()
    idle(page)


def _open_editor(page: Page) -> None:
    button(page, "Edit").click()
    expect(page.get_by_role("dialog").get_by_text("Tags")).to_be_visible()
    idle(page)


def _open_history(page: Page) -> None:
    _open_editor(page)
    page.get_by_role("dialog").get_by_text("History").click()
    expect(page.get_by_text("Revision 1")).to_be_visible()
    idle(page)


def _open_similar(page: Page) -> None:
    page.get_by_role("button", name="similar").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    idle(page)


def _table(page: Page) -> None:
    choose(page, "Table")
    page.locator('[data-testid="stDataFrame"] canvas').first.wait_for()


def _select(page: Page) -> None:
    button(page, "Select all").click()
    expect(page.get_by_text("FAQs selected")).to_be_visible()
    idle(page)


def _undo(page: Page) -> None:
    page.locator('[class*="st-key-reject_"]:not(.st-key-reject_unsure) button').nth(1).click()
    expect(page.get_by_text("1 FAQ rejected")).to_be_visible()
    idle(page)


def _take_back(page: Page) -> None:
    _undo(page)
    drawn(page)


def _add(page: Page) -> None:
    button(page, "Add documents").click()
    expect(page.get_by_text("Upload").first).to_be_visible()
    page.locator(".st-key-larger_files summary").click()
    idle(page)


def _refused(page: Page) -> None:
    page.locator('input[type="file"]').set_input_files(
        {"name": "scan.pdf", "mimeType": "application/pdf", "buffer": b"x"}
    )
    button(page, "Draft questions from 1 file").click()
    expect(page.get_by_text("1 file was not taken")).to_be_visible()
    idle(page)


def _delete(page: Page) -> None:
    button(page, "Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    idle(page)


def _why(page: Page) -> None:
    page.get_by_text("Why this answer").first.click()
    page.wait_for_timeout(400)


def _citation(page: Page) -> None:
    button(page, "[1]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".st-key-passage_cited")).to_be_visible()
    idle(page)


def _stream(page: Page) -> None:
    ask(page, "What does the warranty cover?")
    answer = page.get_by_test_id("stChatMessage").nth(1).get_by_test_id("stMarkdown")
    expect(answer).to_contain_text(re.compile(r"(\w+\W+){12}"))


def _set_up(page: Page) -> None:
    page.locator(".st-key-provider_openai-compatible summary").click()
    page.wait_for_timeout(400)


def _agent(page: Page) -> None:
    page.locator(".st-key-edit_agent button").click()
    expect(page.get_by_role("dialog").get_by_text("Steps in when it fails").first).to_be_visible()
    idle(page)


def _models(page: Page) -> None:
    page.locator(".st-key-search_models").scroll_into_view_if_needed()
    idle(page)


def _draft(page: Page) -> None:
    page.get_by_role("button", name="Draft with a model").first.click()
    expect(page.get_by_role("dialog").get_by_text("Sections left")).to_be_visible()
    idle(page)


def _check(page: Page) -> None:
    button(page, "Test connection").click()
    expect(page.get_by_text("answered in")).to_be_visible()
    idle(page)


def _new_dataset(page: Page) -> None:
    button(page, "Make a dataset").click()
    expect(page.get_by_role("dialog").get_by_text("Documents")).to_be_visible()
    idle(page)


FAQ = ("/FAQ_Extraction", "FAQ extraction")
TUNE = ("/Fine-tune", "Fine-tune")
EMPTY = [
    Screen("home-new", "/", "Home", height=1000),
    Screen("faq-empty", *FAQ),
    Screen("faq-refused", *FAQ, _refused),
    Screen("chat-empty", "/Chat", "Chat"),
    Screen("tune-empty", *TUNE),
    Screen("compare-empty", *COMPARE),
]
DRAFTS = [
    Screen("home-drafts", "/", "Home", height=1200),
    Screen("faq-cards", *FAQ, height=1100),
    Screen("faq-selected", *FAQ, _select),
    Screen("faq-table", *FAQ, _table),
    Screen("faq-source", *FAQ, _open_source),
    Screen("faq-edit", *FAQ, _open_editor),
    Screen("faq-history", *FAQ, _open_history),
    Screen("faq-similar", *FAQ, _open_similar),
    Screen("faq-add", *FAQ, _add),
    Screen("faq-nothing", "/FAQ_Extraction?q=xylophone", FAQ[1]),
    Screen("faq-documents", "/FAQ_Extraction?view=documents", FAQ[1]),
    Screen("faq-delete", "/FAQ_Extraction?view=documents", FAQ[1], _delete),
    Screen("faq-undo", *FAQ, _take_back),
]
SETTINGS = [
    Screen("settings-providers", "/Settings", "Settings", height=1100),
    Screen("settings-set-up", "/Settings", "Settings", _set_up, height=1300),
    Screen("settings-check", "/Settings", "Settings", _check),
    Screen("settings-models", "/Settings", "Settings", _models),
]


def _answers(conversation: str) -> list[Screen]:
    path = f"/Chat?conversation={conversation}"
    return [
        Screen("home-busy", "/", "Home", height=1100),
        Screen("chat-new", "/Chat", "Chat"),
        Screen("chat-answer", path, "Chat"),
        Screen("chat-why", path, "Chat", _why, height=1060),
        Screen("chat-citation", path, "Chat", _citation),
        Screen("chat-agent", "/Chat", "Chat", _agent),
    ]


def _local(studio: Studio, browser: Browser, directory: Path) -> None:
    with running(directory / "local") as stack, stack.client() as client:
        waiter = new_page(browser, stack, Watch())
        studio.take(stack, EMPTY)
        _sample(client, waiter)
        studio.take(stack, DRAFTS)
        _approve(client, waiter)
        studio.take(stack, _answers(_conversation(client)))
        studio.take(stack, SETTINGS)
        _tuning(studio, stack, client)
        comparing(studio, stack, client)
        with MockServer(MockOpenAI(delta_seconds=0.25)) as server:
            _use(client, server.base_url, "ok")
            studio.take(stack, [Screen("chat-streaming", "/Chat", "Chat", _stream)])
            studio.take(stack, [Screen("faq-model", "/FAQ_Extraction?view=documents", FAQ[1], _draft)])
        _running(studio, stack, client)
        waiter.context.close()


def _tuning(studio: Studio, stack: Stack, client: httpx.Client) -> None:
    path, title = TUNE
    studio.take(stack, [Screen("tune-first", *TUNE), Screen("tune-new", *TUNE, _new_dataset)])
    made = train_model(client)

    def training(page: Page) -> None:
        cancel_trainings(client)
        job = train(client, {"id": made["dataset_id"]}, name=None, parameters=SLOW_TRAINING)
        open_page(page, f"{path}?training={job['id']}", title)
        expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)

    dataset, model = f"{path}?dataset={made['dataset_id']}", f"{path}?model={made['model_id']}"
    screens = [Screen("tune-datasets", *TUNE), Screen("tune-dataset", dataset, title, height=1200)]
    screens += [Screen("tune-train", f"{path}?view=train", title), Screen("tune-model", model, title, height=1100)]
    studio.take(stack, [*screens, Screen("tune-training", *TUNE, training)])


def _use(client: httpx.Client, url: str, model: str) -> None:
    settings = {"base_url": url, "api_key": "sk-mock-1234", "model": model}
    client.put("/providers/openai-compatible", json=settings).raise_for_status()
    agent = client.get("/agents").json()["items"][0]["id"]
    client.patch(f"/agents/{agent}", json={"provider": "openai-compatible", "model": model}).raise_for_status()


def _running(studio: Studio, stack: Stack, client: httpx.Client) -> None:
    """Jobs that run while the pictures are taken, then a document that failed."""
    part = "## What is rule {0}?\n\nRule {0} is a rule that holds for every part with that number.\n\n"
    for number in range(4):
        text = f"# Catalogue {number}\n\n" + "".join(part.format(f"{number}-{n}") for n in range(15_000))
        client.post("/faq/upload", files={"files": (f"catalogue-{number}.md", text)}).raise_for_status()
    studio.take(stack, [Screen("faq-progress", *FAQ)])
    for job in client.get("/jobs", params={"limit": 20}).json()["items"]:
        if job["status"] in ("pending", "running"):
            client.post(f"/jobs/{job['id']}/cancel")
    client.post("/faq/upload", files={"files": ("broken.pdf", b"%PDF-1.7\n" + b"0" * 2000)})
    studio.take(stack, [Screen("faq-failed", "/FAQ_Extraction?view=documents", FAQ[1])])


def _keys(studio: Studio, directory: Path) -> None:
    with running(directory / "keys", NEXUS_AUTH="keys") as stack:
        admin = stack.run("key", "create", "--role", "admin", "--workspace", "north", "--name", "Mara Lindqvist")
        reader = stack.run("key", "create", "--role", "sales", "--workspace", "north", "--name", "Jonas Weber")
        studio.take(stack, [Screen("sign-in", "/", "Sign in")])
        studio.take(stack, [Screen("settings-keys", "/Settings", "Settings", height=1400)], sign_in=admin)
        studio.take(stack, [Screen("faq-reader", *FAQ)], sign_in=reader)


def _unreachable(studio: Studio, directory: Path) -> None:
    stack = Stack(directory / "away")
    try:
        stack.start("ui")
        studio.take(stack, [Screen("home-unreachable", "/", "Home")])
    finally:
        stack.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a part of the names to take")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    expect.set_options(timeout=30_000)
    directory = Path(tempfile.mkdtemp(prefix="nexus-screens-"))
    arguments.out.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as playwright:
            browser = launch(playwright)
            studio = Studio(browser, arguments.out, only=arguments.only)
            _local(studio, browser, directory)
            _keys(studio, directory)
            _unreachable(studio, directory)
            browser.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    if studio.watch.problems:
        raise SystemExit("\n".join(studio.watch.problems))


if __name__ == "__main__":
    main()
