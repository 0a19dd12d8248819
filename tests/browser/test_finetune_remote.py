"""A model is trained at a provider: what to set up first, where the rows go, and asking what came out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driver import Stack, ask, button, click, field, open_page, settled
from tests.browser.tuning import approve, make_dataset
from tests.mock_tuning.app import MockTuning
from tests.mock_tuning.server import TuningServer

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]
TUNE = "/Fine-tune?view=train"
METHOD = "Model fine-tuned by a provider"


@pytest.fixture
def server() -> Iterator[TuningServer]:
    with TuningServer(MockTuning(statuses=("running", "succeeded"))) as server:
        yield server


def test_from_an_unset_provider_to_a_model_that_is_asked_there(page: Page, sample: Stack, server: TuningServer) -> None:
    with sample.client() as client:
        approve(client)
        make_dataset(client)
        open_page(page, TUNE, "Fine-tune")
        click(page, page.get_by_text(METHOD).first)
        expect(page.get_by_text("Set up a provider that trains under Settings").first).to_be_visible()
        expect(button(page, "Start training")).to_be_disabled()

        settings = {"base_url": server.base_url, "api_key": "sk-mock-key-1234", "model": "ok"}
        client.put("/providers/openai-compatible", json=settings).raise_for_status()
    page.reload()
    settled(page)
    click(page, page.get_by_text(METHOD).first)
    expect(page.get_by_text("held-out rows stay here")).to_be_visible()
    base = field(page, "Base model")
    base.fill("small-1")
    base.press("Tab")
    settled(page)
    button(page, "Start training").click()
    click(page, button(page, "Open the model"))
    expect(page.get_by_text("rows went to")).to_be_visible()
    button(page, "Ask it").click()
    expect(page.get_by_text("Answers by Support v1 fine-tuned model")).to_be_visible()
    settled(page)
    ask(page, "What does the warranty cover?")
    expect(page.get_by_text("Why this answer")).to_be_visible()
    assert {request.model for request in server.app.requests} == {"ft:ok"}
