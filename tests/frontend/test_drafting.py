"""Drafting with a model from the page: the offer, what it would take, what came of it."""

import re
from collections.abc import Callable
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from contracts.drafting import DraftingResult, NewDrafting
from contracts.providers import ProviderSettings
from frontend.api_client import Api
from frontend.components.drafting_jobs import dollars, result_text
from tests.api.drafting import rules
from tests.frontend.conftest import Pages
from tests.frontend.looking import field, keys, press, words
from tests.mock_openai import MockServer
from tests.support import MARKDOWN

FAQ = "pages/1_FAQ_Extraction.py"
SERVER = "openai-compatible"


@pytest.fixture
def read(pages: Pages) -> Pages:
    pages.upload("machine.md", MARKDOWN.encode())
    return pages


@pytest.fixture
def connect(read: Pages, mock: MockServer) -> Callable[[str], None]:
    def set_up(model: str = "ok") -> None:
        settings = ProviderSettings(base_url=mock.base_url, api_key=SecretStr("sk-mock-key-1234"), model=model)
        read.api.save_provider(SERVER, settings)

    return set_up


def offered(pages: Pages) -> AppTest:
    """The dialog of the only document."""
    page = pages.open(FAQ, view="documents")
    [document] = pages.api.all_documents()
    return press(page, f"draft_{document.id}")


def document_of(pages: Pages) -> UUID:
    return pages.api.all_documents()[0].id


def test_without_a_model_the_dialog_says_where_to_set_one_up(read: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    none = [one.model_copy(update={"configured": not one.generates}) for one in read.api.providers()]
    monkeypatch.setattr(Api, "providers", lambda _: none)
    assert "No model is set up" in words(offered(read))


def test_the_sample_model_that_nobody_chose_is_offered_last(
    read: Pages, connect: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("ok")
    told = [one.model_copy(update={"configured": True}) if one.serves_files else one for one in read.api.providers()]
    monkeypatch.setattr(Api, "providers", lambda _: told)
    box = field(offered(read).selectbox, "drafting_provider")
    assert (box.value, box.options[-1]) == (SERVER, "Local model")


def test_the_dialog_says_what_it_takes_and_starts(read: Pages, connect: Callable[[str], None]) -> None:
    connect("ok")
    page = offered(read)
    figures = {str(metric.label): str(metric.value) for metric in page.metric}
    assert (figures["Sections left"], figures["Calls"], figures["Cost"]) == ("3", "3", "Not known")
    page = press(page, "drafting_start")
    read.drain()
    page = page.run()
    said = words(page)
    assert "Drafted with a model" in said
    assert "drafts" in said
    assert any(faq.drafted_by == "ok" for faq in read.api.faqs(limit=200).items)
    assert "Drafted by a model" in words(read.open(FAQ))


def test_the_time_is_told_when_it_is_known(read: Pages, connect: Callable[[str], None]) -> None:
    connect("ok")
    assert "Time" not in {metric.label for metric in offered(read).metric}
    assert "How long it takes is told once this model has drafted" in words(offered(read))
    read.api.draft(document_of(read), NewDrafting(provider=SERVER, model="ok", sections=1))
    read.drain()
    page = offered(read)
    assert {str(metric.label): str(metric.value) for metric in page.metric}["Time"].startswith("About ")
    assert "How long it takes" not in words(page)


def test_a_model_on_this_machine_may_take_minutes(
    read: Pages, connect: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("ok")
    told = [one.model_copy(update={"serves_files": one.name == SERVER}) for one in read.api.providers()]
    monkeypatch.setattr(Api, "providers", lambda _: told)
    assert "may take minutes for each section" in words(offered(read))


def test_a_budget_stops_it_and_the_page_goes_on(pages: Pages, mock: MockServer) -> None:
    pages.upload("rules.md", rules(12))
    settings = ProviderSettings(base_url=mock.base_url, api_key=SecretStr("sk-mock-key-1234"), model="ok")
    pages.api.save_provider(SERVER, settings)
    page = offered(pages)
    field(page.number_input, "drafting_tokens").set_value(10).run()
    page = press(page, "drafting_start")
    assert "are too few for the first section" in words(page)
    field(page.number_input, "drafting_tokens").set_value(4_000).run()
    page = press(page, "drafting_start")
    pages.drain()
    page = page.run()
    said = words(page)
    assert "stopped at the budget" in said
    done = re.search(r"(\d+) of 12 sections done", said)
    assert done is not None, said
    [job] = keys(page, "go_on_")
    page = press(page, f"go_on_{job}")
    assert next(str(metric.value) for metric in page.metric) == str(12 - int(done[1]))
    page = press(page, "drafting_start")
    pages.drain()
    page = page.run()
    assert "stopped" not in words(page)
    assert keys(page, "go_on_") == []


def test_drafted_sections_are_asked_about_again_only_on_request(read: Pages, connect: Callable[[str], None]) -> None:
    connect("ok")
    read.api.draft(document_of(read), NewDrafting(provider=SERVER, model="ok"))
    read.drain()
    page = offered(read)
    assert field(page.button, "drafting_start").disabled
    page = field(page.checkbox, "drafting_again").check().run()
    assert not field(page.button, "drafting_start").disabled


def test_a_document_without_enough_text_says_so(pages: Pages, mock: MockServer) -> None:
    settings = ProviderSettings(base_url=mock.base_url, api_key=SecretStr("sk-mock-key-1234"), model="ok")
    pages.api.save_provider(SERVER, settings)
    pages.post("/embed_and_store", {"document_id": "ext-1", "chunks": ["The zebra machine weighs 12 kg."]})
    page = offered(pages)
    assert "No section has enough text to ask about." in words(page)
    assert field(page.button, "drafting_start").disabled


def test_a_job_that_failed_says_why_and_can_be_tried_again(read: Pages, connect: Callable[[str], None]) -> None:
    connect("status-401")
    page = press(offered(read), "drafting_start")
    read.drain()
    page = page.run()
    assert "The model provider refused the key" in words(page)
    assert keys(page, "retry_drafting_")


def test_a_result_is_told_in_words() -> None:
    result = DraftingResult(
        document_id=uuid4(),
        provider="openai",
        model="m",
        sections=120,
        done=41,
        left=79,
        calls=42,
        failed=1,
        drafts=60,
        dropped={"not_quoted": 3, "repeated": 1},
        input_tokens=12_000,
        output_tokens=300,
        cost_usd=Decimal("0.0123"),
        stopped="budget",
    )
    assert result_text(result) == (
        "60 drafts · dropped 3 with a quote that is not in the text, 1 asked already · 1 call without a readable answer"
        " · 12,300 tokens · $0.012 · stopped at the budget: 41 of 120 sections done"
    )


@pytest.mark.parametrize(
    ("value", "text"), [("0", "$0.00"), ("0.00012345", "$0.00012"), ("0.5", "$0.50"), ("12.345", "$12.34")]
)
def test_dollars_are_short(value: str, text: str) -> None:
    assert dollars(Decimal(value)) == text
