"""A page of the product in Chromium, for figures that need a person's browser."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, sync_playwright

from benchmarks.figures import Unavailable

ARGUMENTS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking")
RUN = '[data-testid="stApp"][data-test-script-state="notRunning"][data-test-connection-state="CONNECTED"]'
"""A Streamlit page whose script has run."""


@contextmanager
def opened(url: str) -> Iterator[Page]:
    """The page once its script has run. Raises `Unavailable` without Chromium."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise Unavailable("Chromium is missing; install the Debian package chromium, or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            page = browser.new_page()
            page.goto(url)
            page.locator(RUN).wait_for(timeout=60_000)
            yield page
        finally:
            browser.close()
