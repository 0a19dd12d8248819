"""The product in one test: a document becomes FAQs, the review decides, the answer cites."""

import pytest

from backend.settings import Settings
from tests.support import Api


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"embedder": "native"})


async def test_a_document_becomes_faqs_that_answer_with_citations(api: Api) -> None:
    await api.extracted()
    drafts = await api.faqs(status="draft")
    assert "How do I descale the machine?" in [faq["question"] for faq in drafts]
    await api.approve_all()

    answer = (await api.ask("how do I get limescale out of the coffee machine?")).json()

    assert answer["answered"] is True
    assert "descal" in answer["response"]
    assert "[1]" in answer["response"]
    cited = answer["citations"][0]
    source = (await api.client.get(f"/faqs/{cited['faq_id']}/source")).json()
    assert "descaler" in source["text"][source["start"] : source["end"]]


async def test_a_question_that_the_documents_do_not_answer_is_not_answered(api: Api) -> None:
    await api.extracted()
    await api.approve_all()

    answer = (await api.ask("Who won the football world cup in 1998?")).json()

    assert answer["answered"] is False
    assert answer["citations"] == []
