"""A browser that photographs screens, in every width and theme."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from playwright.sync_api import Browser, Page, expect

from tests.browser.driver import WIDTHS, Stack, Theme, Watch, button, field, new_page, open_page
from tests.browser.driver import settled as idle

Step = Callable[[Page], None]


@dataclass(frozen=True)
class Screen:
    """One picture: where it is, what is done there, and for `height` how much of the page it shows."""

    name: str
    path: str
    title: str
    step: Step | None = None
    height: int = 0


class Studio:
    """A browser over a stack; takes each screen in every width and theme."""

    def __init__(self, browser: Browser, out: Path, *, only: str = "") -> None:
        self._browser = browser
        self._out = out
        self._only = only
        self.watch = Watch()

    def take(self, stack: Stack, screens: Sequence[Screen], *, sign_in: str = "") -> None:
        for screen in screens:
            if self._only not in screen.name:
                continue
            for width in WIDTHS:
                for theme in get_args(Theme):
                    self._one(stack, screen, width, theme, sign_in)

    def _one(self, stack: Stack, screen: Screen, width: int, theme: Theme, sign_in: str) -> None:
        height = screen.height if width > 500 else screen.height and round(screen.height * 1.6)
        page = new_page(self._browser, stack, self.watch, width=width, height=height, theme=theme)
        try:
            if sign_in:
                page.goto(screen.path)
                field(page, "Key").fill(sign_in)
                button(page, "Sign in").click()
                expect(page.get_by_role("heading", name=screen.title, level=1)).to_be_visible()
                idle(page)
            else:
                open_page(page, screen.path, screen.title)
            if screen.step is not None:
                screen.step(page)
            drawn(page)
            page.screenshot(path=self._out / f"{screen.name}-{width}-{theme}.png")
        finally:
            page.context.close()


def drawn(page: Page) -> None:
    """Charts and tables draw after the script is done; fonts may still load."""
    page.evaluate("document.fonts.ready")
    expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0)
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)
