"""The fine-tune page: the newcomer's way from approved FAQs to a model that is asked, and the page in every look."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Page, expect

from tests.browser.driver import (
    Stack,
    Theme,
    approve_confident,
    ask,
    button,
    choose,
    click,
    field,
    load_sample,
    open_chat,
    open_page,
    settled,
)
from tests.browser.test_pages import LOOKS, RULES, THEIRS
from tests.browser.tuning import SLOW_TRAINING, approve, make_dataset, train, train_model

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
TUNE = "/Fine-tune"
QUESTION = "What does the warranty cover?"


@pytest.fixture
def approved(sample: Stack) -> Stack:
    with sample.client() as client:
        approve(client)
    return sample


@pytest.mark.slow
def test_from_the_sample_handbook_to_a_model_that_is_asked(page: Page) -> None:
    load_sample(page)
    approve_confident(page)
    train_by_clicks(page)
    button(page, "Ask it").click()
    expect(page.get_by_text("Searches with Support v1 tuned retrieval")).to_be_visible()
    settled(page)
    ask(page, QUESTION)
    expect(page.get_by_text("Why this answer")).to_be_visible()
    settled(page)
    click(page, page.get_by_text("Why this answer"))
    expect(page.get_by_text("tuned by “Support v1 tuned retrieval”").first).to_be_visible()
    page.reload()
    expect(page.get_by_text("Searches with Support v1 tuned retrieval")).to_be_visible()


def train_by_clicks(page: Page) -> None:
    """From approved FAQs to the page of the model."""
    open_chat(page)
    open_page(page, TUNE, "Fine-tune")
    click(page, button(page, "Make a dataset"))
    button(page, "Make the dataset").click()
    expect(page.get_by_text("Ready")).to_be_visible()
    settled(page)
    click(page, button(page, "Train on it"))
    button(page, "Start training").click()
    expect(page.get_by_text("held-out questions")).to_be_visible()
    settled(page)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2)
    click(page, button(page, "Open the model"))
    expect(page.get_by_text("Right answer first (hit@1)")).to_be_visible()
    settled(page)


@pytest.mark.slow
def test_curves_are_drawn_while_a_training_goes_on_and_it_can_be_cancelled(page: Page, approved: Stack) -> None:
    with approved.client() as client:
        job = train(client, make_dataset(client), parameters=SLOW_TRAINING)
    open_page(page, f"{TUNE}?training={job['id']}", "Fine-tune", settles=False)
    expect(page.get_by_text("of 500 epochs")).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    button(page, "Cancel").click()
    expect(page.get_by_text("It was cancelled before it was done")).to_be_visible()
    expect(button(page, "Retry")).to_be_visible()


@pytest.mark.slow
def test_a_dataset_is_downloaded_imported_and_deleted(page: Page, approved: Stack, tmp_path: Path) -> None:
    with approved.client() as client:
        dataset = make_dataset(client)
    open_page(page, f"{TUNE}?dataset={dataset['id']}", "Fine-tune")
    button(page, "Download").click()
    with page.expect_download() as download:
        page.locator(".st-key-download_csv button").click()
    file = tmp_path / "dataset.csv"
    download.value.save_as(file)
    choose(page, "Models")
    expect(page.get_by_text("No model yet")).to_be_visible()
    choose(page, "Datasets")
    click(page, button(page, "Import a file"))
    field(page, "Name").fill("Copy")
    page.locator('input[type="file"]').set_input_files(file)
    settled(page)
    page.get_by_role("dialog").get_by_role("button", name="Import", exact=True).click()
    copy = page.locator('[class*="st-key-dataset_"]').filter(has_text="Copy, version 1")
    expect(copy.get_by_text("Ready")).to_be_visible()
    settled(page)
    click(page, copy.get_by_role("button", name="Delete"))
    click(page, button(page, "Delete dataset"))
    expect(copy).to_have_count(0)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_axe_finds_nothing_of_ours_and_nothing_overflows_in_any_view(
    open_browser: Callable[[Stack, int, Theme], Page], approved: Stack, width: int, theme: Theme
) -> None:
    with approved.client() as client:
        training = train_model(client)
    views = ["?view=datasets", "?view=train", "?view=models", f"?dataset={training['dataset_id']}"]
    views += [f"?training={training['id']}", f"?model={training['model_id']}"]
    page = open_browser(approved, width, theme)
    found = [f"{view}: {line}" for view in views for line in violations(page, TUNE + view, "Fine-tune")]
    assert found == []


def violations(page: Page, path: str, title: str) -> list[str]:
    """What axe finds there, with everything opened; there is one h1, and nothing overflows."""
    open_page(page, path, title)
    for closed in page.locator('[data-testid="stExpander"] summary').all():
        click(page, closed)
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    answer = Axe().run(page, options=RULES)
    return [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in answer.response["violations"]
        if violation["id"] not in THEIRS
        for node in violation["nodes"]
    ]
