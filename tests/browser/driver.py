"""The running product and a real Chromium in front of it."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright, Request, expect

from benchmarks.product import free_port

ROOT = Path(__file__).parents[2]
UNWANTED = (
    # The address bar's lists are pages too, drawn for each window though none is seen: measured, 0.9 s of a processor.
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,"
    # Of two `--disable-features` the last counts, so those of Playwright are said again.
    "AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,"
    "HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,MediaRouter,NetworkTimeServiceQuerying,"
    "OptimizationHints,PaintHolding,ThirdPartyStoragePartitioning"
)
ARGUMENTS = [
    f"--disable-features={UNWANTED}",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
SETTLED = """() => {
  const moving = document.getAnimations().some(one =>
    one.playState === "running" && Number.isFinite(one.effect?.getComputedTiming().endTime));
  const app = document.querySelector('[data-testid="stApp"]');
  const idle = app?.dataset.testScriptState === "notRunning" && app.dataset.testConnectionState === "CONNECTED"
    && !document.querySelector('[data-stale="true"], [data-testid="stSkeleton"]') && document.fonts.status === "loaded"
    && !moving;
  window.idleFrames = idle ? (window.idleFrames ?? 0) + 1 : 0;
  return window.idleFrames > %d;
}"""
IDLE_FRAMES = 8
"""Frames without work before a page counts as drawn: between a run and the one that its `st.rerun` asks for, Streamlit
says `notRunning` for a moment (measured: 20 to 40 ms), and what is clicked then may move before the button is up."""
INSIDE = ("http://127.0.0.1", "ws://127.0.0.1", "http://localhost", "ws://localhost", "data:", "blob:")
WIDTHS: dict[int, int] = {1440: 900, 390: 844}
Theme = Literal["light", "dark"]
START_SECONDS = 60.0
BUILTIN = {"provider": "builtin", "model": "builtin", "fallbacks": [], "parameters": {}}


def chromium_path() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Stack:
    """AI Nexus with a data directory of its own. `command`: `up` for both, or `api` and `ui` one by one."""

    data_dir: Path
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    api_port: int = dataclasses.field(default_factory=free_port)
    ui_port: int = dataclasses.field(default_factory=free_port)
    _processes: dict[str, subprocess.Popen[bytes]] = dataclasses.field(default_factory=dict)
    _sample: object = None

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def ui(self) -> str:
        return f"http://127.0.0.1:{self.ui_port}"

    @property
    def log(self) -> Path:
        return self.data_dir.parent / f"{self.data_dir.name}.log"

    def start(self, *commands: Literal["up", "api", "ui"]) -> Self:
        for command in commands:
            with self.log.open("ab") as log:
                self._processes[command] = subprocess.Popen(
                    [sys.executable, "-m", "backend.cli", command],
                    cwd=ROOT,
                    env=self._environment(),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
        for command in commands:
            if command != "ui":
                self._wait(f"{self.api}/health", command)
            if command != "api":
                self._wait(f"{self.ui}/_stcore/health", command)
        return self

    def stop(self, *commands: Literal["up", "api", "ui"]) -> None:
        for command in commands or ("ui", "api", "up"):
            process = self._processes.pop(command, None)
            if process is None:
                continue
            process.send_signal(signal.SIGTERM)
            process.wait(40)

    def kill(self, command: Literal["up", "api", "ui"]) -> None:
        """As a crash ends it: nothing is finished."""
        process = self._processes.pop(command)
        process.kill()
        process.wait(40)

    def run(self, *arguments: str) -> str:
        """The output of one `nexus` command on this data directory."""
        command = [sys.executable, "-m", "backend.cli", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment(), capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.strip().splitlines()[-1]

    def client(self, token: str = "") -> httpx.Client:
        token = token or (self.data_dir / "secrets" / "local_token").read_text().strip()
        return httpx.Client(base_url=self.api, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def read_sample(self) -> None:
        """The drafts of the sample handbook, without a page that asks for them."""
        with self.client() as client:
            for job in client.post("/samples").raise_for_status().json()["jobs"]:
                client.get(f"/jobs/{job['id']}/events").raise_for_status()  # ends with the job
            self._sample = _knowledge(client)

    def clear(self, *, but_the_sample: bool = False) -> None:
        """An empty workspace again, answered by the built-in provider.

        `but_the_sample` leaves what `read_sample` made when nothing of it was changed and nothing came to it.
        """
        with self.client() as client:
            if not (but_the_sample and self.has_sample and self._sample == _knowledge(client)):
                self._sample = None
                _delete(client, "documents", query="?faqs=delete")
            _delete(client, "conversations")
            _delete(client, "contests")
            for alias in client.get("/aliases").json():
                client.delete(f"/aliases/{alias['name']}").raise_for_status()
            for archived in ("false", "true"):
                for agent in client.get("/agents", params={"archived": archived}).json()["items"]:
                    if not agent["is_default"]:
                        client.delete(f"/agents/{agent['id']}").raise_for_status()
            [agent] = client.get("/agents").json()["items"]
            client.patch(f"/agents/{agent['id']}", json=BUILTIN).raise_for_status()
            _delete(client, "models")
            _delete(client, "datasets")
            for collection in client.get("/collections").json()["items"]:
                if collection["id"] != agent["collection_id"]:
                    client.delete(f"/collections/{collection['id']}").raise_for_status()
            client.delete("/providers/openai-compatible").raise_for_status()

    @property
    def has_sample(self) -> bool:
        return self._sample is not None

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("NEXUS_", "STREAMLIT_"))}
        own = {
            "NEXUS_DATA_DIR": str(self.data_dir),
            "NEXUS_API_PORT": str(self.api_port),
            "NEXUS_UI_PORT": str(self.ui_port),
            "NEXUS_LOG_FORMAT": "json",
        }
        return {**clean, **own, **self.environment}

    def _wait(self, url: str, command: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self._processes[command].poll() is not None:
                raise RuntimeError(f"`nexus {command}` ended: {self.log.read_text()[-2000:]}")
            try:
                if httpx.get(url, timeout=1).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise TimeoutError(f"{url} did not answer in {START_SECONDS} s: {self.log.read_text()[-2000:]}")


def _knowledge(client: httpx.Client) -> object:
    """All documents and FAQs, with everything that a decision changes."""
    return [client.get(f"/{kind}", params={"limit": 200}).json()["items"] for kind in ("documents", "faqs")]


def _delete(client: httpx.Client, kind: str, *, query: str = "") -> None:
    for item in client.get(f"/{kind}", params={"limit": 200}).json()["items"]:
        client.delete(f"/{kind}/{item['id']}{query}").raise_for_status()


@contextmanager
def running(data_dir: Path, **environment: str) -> Iterator[Stack]:
    """`nexus up`, and nothing left of it afterwards."""
    stack = Stack(data_dir, environment)
    try:
        yield stack.start("up")
    finally:
        stack.stop()


@dataclass
class Watch:
    """What must not happen in a page. `allowed` are texts of console errors that a test provokes."""

    problems: list[str] = dataclasses.field(default_factory=list)
    allowed: list[str] = dataclasses.field(default_factory=list)

    def attach(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        page.on("console", self._console)
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        """A deep link makes Streamlit probe `/Page/_stcore/...` first; those 404 are its own."""
        is_probe = "/_stcore/" in message.location.get("url", "")
        if message.type == "error" and not is_probe and not any(text in message.text for text in self.allowed):
            self.problems.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith(INSIDE):
            self.problems.append(f"outside request: {request.url}")


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)


def new_page(
    browser: Browser, stack: Stack, watch: Watch, *, width: int = 1440, height: int = 0, theme: Theme = "light"
) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": height or WIDTHS[width]},
        color_scheme=theme,
        reduced_motion="reduce",
        locale="en-GB",
        base_url=stack.ui,
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    watch.attach(page)
    return page


def settled(page: Page) -> None:
    """The script is idle and stays so, and nothing on the page moves, is stale or still to be loaded, fonts included.

    An expander opens for half a second, in which what is below the pointer changes and a click can be lost. Spinners,
    which turn for ever, are not waited for.

    The websocket never idles: no `networkidle`. A tab behind another one draws nothing, so it comes to the front.
    """
    page.bring_to_front()
    page.evaluate("window.idleFrames = 0")
    page.wait_for_function(SETTLED % IDLE_FRAMES, polling="raf")
    expect(page.get_by_test_id("stException")).to_have_count(0)


def open_page(page: Page, path: str, title: str, *, settles: bool = True) -> None:
    """A page that looks again and again by itself need not settle where the machine is slow."""
    page.goto(path)
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    if settles:
        settled(page)


def click(page: Page, target: Locator) -> None:
    target.click()
    settled(page)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name).first


def field(area: Page | Locator, label: str) -> Locator:
    """A text field by its exact label; by role it would miss passwords, by label it would find the help button."""
    return area.locator(f'input[aria-label="{label}"]')


def choose(page: Page, option: str) -> None:
    """An option of a segmented control, by the beginning of its label."""
    click(page, page.locator('[data-testid="stButtonGroup"]').get_by_text(option).first)


def open_review(page: Page) -> None:
    open_page(page, "/FAQ_Extraction", "FAQ extraction")


def load_sample(page: Page) -> None:
    """From an empty Home to the drafts of the sample handbook, as a newcomer goes."""
    open_page(page, "/", "Home")
    button(page, "Load the sample handbook").click()
    expect(page.get_by_role("heading", name="FAQ extraction", level=1)).to_be_visible()
    expect(page.get_by_text("3 documents read")).to_be_visible(timeout=60_000)
    settled(page)


def ask(page: Page, question: str) -> None:
    page.get_by_placeholder("Ask a question").fill(question)
    page.keyboard.press("Enter")


def approve_confident(page: Page) -> None:
    button(page, "Approve all confident").click()
    expect(page.get_by_text("confident drafts approved")).to_be_visible()
    settled(page)


def open_chat(page: Page) -> None:
    """The chat, once what was approved is in its index."""
    open_page(page, "/Chat", "Chat")
    expect(page.get_by_text("being indexed")).to_have_count(0)
    settled(page)


def rulebook(parts: int) -> str:
    """Markdown with a question in each of its parts: enough of them take a while to read."""
    return "".join(
        f"# Part {n}\n\n## What is rule {n}?\n\nRule {n} is a rule that holds for every part with that number. "
        f"It applies from the day of delivery and ends {n} days later.\n\n"
        for n in range(parts)
    )


def open_citation(page: Page) -> None:
    """The passage of the last answer's first source, its quote marked."""
    button(page, "[1]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("the text that is quoted")).to_be_visible()
    expect(dialog.locator(".st-key-passage_cited")).to_contain_text("Hubs are covered for three years")


def take_tour(page: Page) -> None:
    """From an empty Home to the passage behind the first answer."""
    load_sample(page)
    approve_confident(page)
    open_chat(page)
    ask(page, "What does the warranty cover?")
    expect(page.get_by_text("Why this answer")).to_be_visible()
    settled(page)
    open_citation(page)


def use_server(page: Page, base_url: str, *, model: str) -> None:
    """Sets an OpenAI-compatible server up as a person does: address, key, model, save, use."""
    open_page(page, "/Settings", "Settings")
    card = page.locator(".st-key-provider_openai-compatible")
    card.locator("summary").click()
    field(card, "Base URL").fill(base_url)
    field(card, "API key").fill("sk-mock-key-1234")
    field(card, "Model").fill(model)
    settled(page)
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_text("· key ending in 1234")).to_be_visible()
    card.get_by_role("button", name="Use for answers").click()
    expect(card.get_by_text("Used for answers")).to_be_visible()
    settled(page)
