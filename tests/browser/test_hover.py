"""What the pointer rests on stays readable: WCAG 2.2 AA for every option of a segmented control, in both themes."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Locator, Page, expect

from tests.browser.driver import Stack, Theme, open_review

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
ENDED = "Promise.allSettled(document.getAnimations().map(animation => animation.finished))"


def _too_faint(page: Page, option: Locator) -> list[str]:
    """What axe says of the option under the pointer, once its colours have changed."""
    option.hover()
    page.evaluate(ENDED)
    found = Axe().run(page, context='[data-testid="stButtonGroup"]', options=CONTRAST).response
    assert found["passes"] or found["violations"], "axe looked at nothing"
    return [node["any"][0]["message"] for rule in found["violations"] for node in rule["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_option_under_the_pointer_is_readable(
    open_browser: Callable[[Stack, int, Theme], Page], sample: Stack, theme: Theme
) -> None:
    page = open_browser(sample, 1440, theme)
    open_review(page)
    options = page.locator('[data-testid="stButtonGroup"] button')
    expect(options.first).to_be_visible()
    found = {option.inner_text(): _too_faint(page, option) for option in options.all()}
    assert len(found) >= 5
    assert {option: problems for option, problems in found.items() if problems} == {}
