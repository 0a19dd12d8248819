"""From events to sections: offsets, sizes and cleaning."""

from hypothesis import given
from hypothesis import strategies as st

from backend.parsing.sections import (
    PIECE_LENGTH,
    SECTION_LENGTH,
    Event,
    Heading,
    Piece,
    build_sections,
    clean,
    keep_lines,
    one_line,
)
from tests.parsing.reading import blocks, check_offsets, words

WORD = st.text("abcdefghij", min_size=1, max_size=8)
PIECES = st.builds(
    Piece,
    st.sampled_from(["paragraph", "bold", "list", "ordered", "code", "table", "quote"]),
    st.lists(WORD, max_size=12).map(" \n".join),
)
EVENTS = st.lists(st.one_of(st.builds(Heading, st.integers(1, 6), st.lists(WORD, max_size=4).map(" ".join)), PIECES))


@given(EVENTS)
def test_every_word_is_kept_in_order_and_offsets_hold(events: list[Heading | Piece]) -> None:
    sections = list(build_sections(events))
    check_offsets(sections)
    assert words(sections) == [word for event in events for word in event.text.split()]


@given(st.text(max_size=400))
def test_any_text_gives_valid_sections(text: str) -> None:
    sections = list(build_sections([Heading(1, text), Piece("paragraph", text), Piece("code", text)]))
    check_offsets(sections)
    assert all("\x00" not in section.text for section in sections)


def test_headings_nest_by_level() -> None:
    events: list[Heading | Piece] = [Heading(1, "A"), Heading(3, "B"), Heading(2, "C"), Heading(1, "D")]
    paths = [section.title_path for section in build_sections(events)]
    assert paths == [("A",), ("A", "B"), ("A", "C"), ("D",)]


def test_a_long_section_is_continued_under_the_same_heading() -> None:
    events: list[Heading | Piece] = [Heading(1, "A", page=3)]
    events += [Piece("paragraph", "word " * 2000, page=4) for _ in range(50)]
    sections = list(build_sections(events))
    assert len(sections) > 2
    assert {section.title_path for section in sections} == {("A",)}
    assert all(len(section.text) <= SECTION_LENGTH for section in sections)
    assert [section.page for section in sections] == [3, 4, 4]
    assert sum(len(section.text.split()) for section in sections) == 100_000


def test_a_text_without_white_space_is_cut_by_length() -> None:
    sections = list(build_sections([Piece("paragraph", "x" * (3 * PIECE_LENGTH + 5))]))
    assert sum(section.text.count("x") for section in sections) == 3 * PIECE_LENGTH + 5
    assert all(len(text) <= PIECE_LENGTH for section in sections for _, text in blocks(section))


def test_a_long_table_is_cut_between_its_rows() -> None:
    rows = [f"row {at} | value {at}" for at in range(3000)]
    (section,) = build_sections([Piece("table", "\n".join(rows))])
    assert [line for _, text in blocks(section) for line in text.split("\n")] == rows


def test_ligatures_soft_hyphens_and_control_signs_are_normalised() -> None:
    assert clean("e\u0301 e\ufb03cient co\u00adoperate\x00\ufeff") == "é efficient cooperate"
    assert one_line("a\u00a0b\r\n\tc") == "a b c"
    assert keep_lines("\n\n\tif x:  \n\n  y\n\n") == "    if x:\n\n  y"


def test_a_question_line_stands_out() -> None:
    events: list[Event] = [Piece("paragraph", "Q: May I?"), Piece("paragraph", "A: You may.")]
    (section,) = build_sections([event for event in events if isinstance(event, Piece)])
    assert blocks(section) == [("bold", "Q: May I?"), ("paragraph", "A: You may.")]
