"""Passages: everything covered, in order, within the limit."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.parsing.base import Section
from backend.parsing.chunking import (
    CRUMB_LENGTH,
    PASSAGE_TOKENS,
    CountTokens,
    breadcrumb,
    chunk,
    embedded_text,
    minilm_tokens,
)
from backend.parsing.sections import Heading, Piece, build_sections


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


@pytest.fixture(scope="module")
def minilm() -> CountTokens:
    return minilm_tokens()


WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1, max_size=12)
TEXT = st.lists(
    st.one_of(WORD, st.sampled_from(["the", "refund.", "pays?", "一二三", "naïve", "한국어", "🚀"])), max_size=400
)
PIECE = st.builds(Piece, st.sampled_from(["paragraph", "bold", "list", "code", "table"]), TEXT.map(" ".join))
EVENTS = st.lists(st.one_of(st.builds(Heading, st.integers(1, 4), TEXT.map(" ".join)), PIECE), max_size=8)


def check(sections: list[Section], count: CountTokens, limit: int) -> None:
    by_section: dict[int, list[tuple[int, int]]] = {section.ordinal: [] for section in sections}
    before = (0, -1)
    for passage in chunk(sections, count, limit=limit):
        assert (passage.section, passage.start) > before
        before = (passage.section, passage.start)
        by_section[passage.section].append((passage.start, passage.end))
        section = sections[passage.section]
        body = section.text[passage.start : passage.end]
        assert body.strip()
        assert count([embedded_text(section.title_path, body)])[0] <= limit
    for section in sections:
        end = 0
        for start, stop in by_section[section.ordinal]:
            assert section.text[end:start].strip() == ""
            end = stop
        assert section.text[end:].strip() == ""


@settings(deadline=None)
@given(EVENTS, st.integers(200, 300))
def test_passages_cover_all_text_in_order_within_the_limit(
    minilm: CountTokens, events: list[Heading | Piece], limit: int
) -> None:
    check(list(build_sections(events)), minilm, limit)


@given(EVENTS, st.integers(200, 300))
def test_the_same_holds_for_another_count(events: list[Heading | Piece], limit: int) -> None:
    check(list(build_sections(events)), count_words, limit)


def sections_of(*events: Heading | Piece) -> list[Section]:
    return list(build_sections(events))


def test_whole_blocks_are_packed_together() -> None:
    sections = sections_of(Heading(1, "A"), *(Piece("paragraph", "word " * 60, page=at) for at in range(1, 6)))
    passages = list(chunk(sections, count_words, limit=200))
    assert [(passage.page, passage.end - passage.start) for passage in passages] == [(1, 3 * 299 + 4), (4, 2 * 299 + 2)]


def test_a_bold_line_stays_with_what_follows() -> None:
    sections = sections_of(
        Piece("paragraph", "word " * 190), Piece("bold", "May I leave?"), Piece("paragraph", "yes " * 50)
    )
    first, second = chunk(sections, count_words, limit=200)
    assert sections[0].text[first.start : first.end].split() == ["word"] * 190
    assert sections[0].text[second.start : second.end].startswith("May I leave?")


def test_long_blocks_are_cut_after_sentences() -> None:
    sentences = " ".join(f"This is the sentence of number {at}." for at in range(120))
    sections = sections_of(Piece("paragraph", sentences))
    texts = [sections[0].text[passage.start : passage.end] for passage in chunk(sections, count_words, limit=200)]
    assert len(texts) > 3
    assert all(text.endswith(".") and text.startswith("This") for text in texts)


def test_long_code_is_cut_between_lines() -> None:
    code = "\n".join(f"call_number_{at} (first, second)" for at in range(300))
    sections = sections_of(Piece("code", code))
    texts = [sections[0].text[passage.start : passage.end] for passage in chunk(sections, count_words, limit=200)]
    assert all(line.endswith("second)") for text in texts for line in text.split("\n"))


def test_no_passage_spans_sections() -> None:
    sections = sections_of(Heading(1, "A"), Piece("paragraph", "one"), Heading(1, "B"), Piece("paragraph", "two"))
    assert [passage.section for passage in chunk(sections, count_words)] == [0, 1]


def test_a_heading_alone_gives_no_passage() -> None:
    assert list(chunk(sections_of(Heading(1, "A"), Heading(2, "B")), count_words)) == []


def test_the_breadcrumb_keeps_the_innermost_titles() -> None:
    assert breadcrumb(()) == ""
    assert breadcrumb(("A", "B", "C")) == "A > B > C"
    assert breadcrumb(("outer " * 40, "inner")) == "inner"
    assert len(breadcrumb(("long " * 200,))) <= CRUMB_LENGTH
    assert embedded_text(("A", "B"), "body") == "A > B\nbody"
    assert embedded_text((), "body") == "body"


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="limit of 50 tokens"):
        list(chunk([], count_words, limit=50))


def test_the_tokenizer_does_not_truncate(minilm: CountTokens) -> None:
    assert minilm(["hello world", "", "word " * 1000]) == [2, 0, 1000]
    assert PASSAGE_TOKENS == 254


def test_white_space_costs_nothing(minilm: CountTokens) -> None:
    texts = ["First block, here.", "| a | b |\n| 1 | 2 |", "- third (block)"]
    assert minilm(["\n\n".join(texts)])[0] == sum(minilm(texts))
    assert re.search(r"\s", "\n\n".join(texts))
