"""One running product for the module's tests, a page that fails on any error, a screenshot of each test's end."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.driver import Stack, Theme, Watch, chromium_path, launch, new_page, running

expect.set_options(timeout=60_000)
Opener = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        reason = "Chromium is missing: install the Debian package chromium, or set CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shots")


@pytest.fixture(scope="session")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("nexus") / "data") as stack:
        yield stack
        assert "Traceback" not in stack.log.read_text()


@pytest.fixture
def stack(shared_stack: Stack, request: pytest.FixtureRequest) -> Stack:
    """The shared product with an empty workspace."""
    shared_stack.clear(but_the_sample="sample" in request.fixturenames)
    return shared_stack


@pytest.fixture
def sample(stack: Stack) -> Stack:
    """The shared product with the drafts of the sample handbook, read anew when a test has changed them."""
    if not stack.has_sample:
        stack.read_sample()
    return stack


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def open_browser(
    browser: Browser, watch: Watch, shots: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[Stack, int, Theme], Page]]:
    """Opens pages of a stack; at the end each is photographed, and what went wrong in it fails the test."""
    pages: list[Page] = []

    def open_(stack: Stack, width: int = 1440, theme: Theme = "light") -> Page:
        pages.append(new_page(browser, stack, watch, width=width, theme=theme))
        return pages[-1]

    yield open_
    for number, page in enumerate(pages):
        page.screenshot(path=shots / f"{request.node.name}-{number}.png")
        page.context.close()
    assert not watch.problems, watch.problems


@pytest.fixture
def page(open_browser: Callable[[Stack], Page], stack: Stack) -> Page:
    return open_browser(stack)
