"""The rules keep the contract in this process and in a limited child, and so does a model."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backend.agents.providers.base import Capabilities, Done, Event, GenerationRequest, Structured, Usage
from backend.embeddings.hashing import HashingEmbedder
from backend.errors import UnknownStrategy
from backend.faqs import EXTRACTORS
from backend.faqs.base import FaqExtractor
from backend.faqs.drafted import DraftedFaq, DraftedFaqs
from backend.faqs.extractor import InlineRulesExtractor, RulesExtractor
from backend.faqs.llm import ModelExtractor
from backend.jobs.children import ChildLimits, ChildProgress, Children, LimitReached, Spool
from backend.parsing.base import ParsedDocument, Section
from backend.retrieval.verification import Verifier
from tests.contracts.faq_extractor import FaqExtractorContract, drafts_of, handbook


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    running = Children(at_once=1, spool=tmp_path)
    yield running
    running.close()


class TestInlineRules(FaqExtractorContract):
    @pytest.fixture
    def extractor(self) -> FaqExtractor:
        return InlineRulesExtractor()


class TestRulesInAChild(FaqExtractorContract):
    @pytest.fixture
    def extractor(self, children: Children) -> FaqExtractor:
        return EXTRACTORS.get("rules")(children)


async def test_a_child_drafts_what_this_process_drafts(children: Children) -> None:
    document = handbook()

    assert await drafts_of(RulesExtractor(children), document) == await drafts_of(InlineRulesExtractor(), document)


async def test_a_spooled_document_is_read_from_its_own_file(children: Children, tmp_path: Path) -> None:
    plain = handbook()
    path = tmp_path / "Section.jsonl"
    path.write_text("".join(one.model_dump_json() + "\n" for one in plain.sections), encoding="utf-8")
    spooled = ParsedDocument(
        title=plain.title,
        pages=plain.pages,
        section_count=plain.section_count,
        word_count=plain.word_count,
        sections=Spool(path, Section),
    )

    assert await drafts_of(RulesExtractor(children), spooled) == await drafts_of(InlineRulesExtractor(), plain)


async def test_progress_ends_at_the_number_of_sections(children: Children) -> None:
    seen: list[ChildProgress] = []

    await drafts_of(RulesExtractor(children, on_progress=seen.append), handbook())

    assert seen[-1] == ChildProgress(4, 4)


async def test_a_child_over_its_limit_is_told(children: Children) -> None:
    extractor = RulesExtractor(children, limits=ChildLimits(output_bytes=100))

    with pytest.raises(LimitReached):
        await drafts_of(extractor, handbook())


def test_an_unknown_extractor_is_refused_with_the_known_names() -> None:
    with pytest.raises(UnknownStrategy, match="rules"):
        EXTRACTORS.get("magic")


class Writer:
    """A model that drafts each sentence of the passage: the question is its heading, or asks for the sentence."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(structured_output=True)

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        found = re.search(r'title="(?:.* > )?(.*?)">\n(.*)\n</passage>', request.messages[-1].content, re.DOTALL)
        assert found is not None
        title, text = found.groups()
        faqs = [DraftedFaq(question=f"{title.rstrip('?')}?", answer=text, quote=text)]
        yield Structured(DraftedFaqs(faqs=faqs))
        yield Done(Usage(10, 10), "stop", "writer")

    async def aclose(self) -> None:
        return None


class TestAModel(FaqExtractorContract):
    @pytest.fixture
    def extractor(self) -> FaqExtractor:
        return ModelExtractor(Writer(), "writer", Verifier(HashingEmbedder()))
