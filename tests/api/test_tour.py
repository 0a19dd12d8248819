"""The product in one test: a document becomes FAQs, the review decides, the answer cites."""

from typing import Any

import pytest

from backend.settings import Settings
from tests.support import Api


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"embedder": "native"})


async def opened(api: Api, citation: dict[str, Any]) -> str:
    """The words that a citation opens: of a FAQ's source, or of a passage."""
    of_faq = f"/faqs/{citation['faq_id']}/source"
    source = await api.get(of_faq if citation["faq_id"] else f"/passages/{citation['passage_id']}")
    return str(source["text"][source["start"] : source["end"]])


async def test_a_document_becomes_faqs_that_answer_with_citations(api: Api) -> None:
    await api.extracted()
    drafts = await api.faqs(status="draft")
    assert "How do I descale the machine?" in [faq["question"] for faq in drafts]
    await api.approve_all()

    answer = await api.asked("how do I get limescale out of the coffee machine?")

    assert answer["answered"] is True
    assert "descal" in answer["response"]
    assert "[1]" in answer["response"]
    assert "descaler" in await opened(api, answer["citations"][0])


async def test_before_the_review_only_the_documents_own_words_answer(api: Api) -> None:
    await api.extracted()

    answer = await api.asked("how do I get limescale out of the coffee machine?")

    assert answer["answered"] is True
    assert {citation["faq_id"] for citation in answer["retrieved"]} == {None}
    assert "descaler" in await opened(api, answer["citations"][0])


async def test_a_question_that_the_documents_do_not_answer_is_not_answered(api: Api) -> None:
    await api.extracted()
    await api.approve_all()

    answer = await api.asked("Who won the football world cup in 1998?")

    assert answer["answered"] is False
    assert answer["citations"] == []
