"""What every FAQ extractor does, by rules or by a model."""

import pytest

from backend.faqs.base import FaqDraft, FaqExtractor
from backend.parsing.base import ParsedDocument
from tests.faqs.building import STEPS, numbered, section

FACT = "Orders above fifty euros are sent free of charge, and smaller ones cost five euros within the country."


def handbook() -> ParsedDocument:
    sections = numbered(
        [
            section("Introduction", "This handbook is for everybody who works with orders in one of our shops."),
            section(("Orders", "When is delivery free?"), FACT, page=3),
            section(("Orders", "Resetting your password"), STEPS, page=4),
            section(("Orders", "Empty")),
        ]
    )
    words = sum(len(one.text.split()) for one in sections)
    return ParsedDocument(title="Handbook", pages=4, section_count=len(sections), word_count=words, sections=sections)


def empty() -> ParsedDocument:
    return ParsedDocument(title="", pages=None, section_count=0, word_count=0, sections=[])


async def drafts_of(extractor: FaqExtractor, document: ParsedDocument) -> list[FaqDraft]:
    return [draft async for draft in extractor.extract(document)]


class FaqExtractorContract:
    """Inherit it and give the fixture `extractor`."""

    @pytest.fixture
    def extractor(self) -> FaqExtractor:
        raise NotImplementedError("an extractor's contract test gives this fixture")

    async def test_a_question_in_the_document_is_drafted_with_its_page(self, extractor: FaqExtractor) -> None:
        found = await drafts_of(extractor, handbook())
        delivery = next(draft for draft in found if draft.section == 1)

        assert "delivery free" in delivery.question
        assert delivery.page == 3

    async def test_drafts_come_in_the_order_of_the_document(self, extractor: FaqExtractor) -> None:
        sections = [draft.section for draft in await drafts_of(extractor, handbook())]

        assert sections == sorted(sections)
        assert len(sections) >= 2

    async def test_the_span_lies_in_its_section_and_holds_the_answer(self, extractor: FaqExtractor) -> None:
        document = handbook()
        texts = {one.ordinal: one.text for one in document.sections}
        for draft in await drafts_of(extractor, document):
            source = texts[draft.section][draft.start : draft.end]
            assert 0 <= draft.start < draft.end <= len(texts[draft.section])
            assert draft.answer.split()[0] in source

    async def test_every_draft_says_why(self, extractor: FaqExtractor) -> None:
        assert all(draft.reason and draft.question.endswith("?") for draft in await drafts_of(extractor, handbook()))

    async def test_a_document_may_be_extracted_again(self, extractor: FaqExtractor) -> None:
        document = handbook()

        assert await drafts_of(extractor, document) == await drafts_of(extractor, document)

    async def test_an_empty_document_has_no_drafts(self, extractor: FaqExtractor) -> None:
        assert await drafts_of(extractor, empty()) == []
