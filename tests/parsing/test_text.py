"""Plain text to sections."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures import documents
from tests.parsing.reading import blocks, check_offsets, outline, read, read_text, words

LINE = st.lists(st.text("abcdefghij", min_size=2, max_size=8), min_size=1, max_size=8).map(" ".join)
PARAGRAPH = st.one_of(
    st.lists(LINE, min_size=1, max_size=4).map("\n".join),
    LINE.map(lambda line: f"{line}\n{'=' * len(line)}"),
    LINE.map(lambda line: f"1.2 {line.capitalize()}"),
    LINE.map(str.upper),
    LINE.map(lambda line: f"{line}?"),
    st.lists(LINE, min_size=1, max_size=4).map(lambda lines: "\n".join(f"* {line}" for line in lines)),
    st.lists(LINE, min_size=1, max_size=4).map(lambda lines: "\n".join(f"    {line}" for line in lines)),
    st.tuples(LINE, LINE).map(lambda pair: f"Q: {pair[0]}\nA: {pair[1]}"),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PARAGRAPH, max_size=10))
def test_every_word_is_kept_in_order(tmp_path: Path, paragraphs: list[str]) -> None:
    source = "\n\n".join(paragraphs)
    sections = read_text("text", source, tmp_path)
    check_offsets(sections)
    assert words(sections) == documents.letters(source)


def test_the_handbook_keeps_its_structure(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(documents.text())
    sections, facts = read("text", path)
    assert facts.title == "Lantern Desk handbook"
    assert outline(sections)[3] == ("Lantern Desk handbook", "Getting started", "Resetting your password")
    assert [kind for kind, _ in blocks(sections[3])] == ["paragraph", "ordered", "ordered", "ordered"]
    assert blocks(sections[5]) == [("table", "Plan | Price | Seats\nStarter | 29 | 5\nTeam | 99 | 25")]


def test_numbered_capital_and_question_headings(tmp_path: Path) -> None:
    source = (
        "THE RULES\n\n1. Scope\n\nText of the scope.\n\n1.1 Who is bound\n\nAll are.\n\n"
        "May I leave?\n\nYou may.\n\n2. Open the door. Then leave it open.\n"
    )
    sections = read_text("text", source, tmp_path)
    assert outline(sections) == [
        ("THE RULES",),
        ("1. Scope",),
        ("1. Scope", "1.1 Who is bound"),
        ("1. Scope", "1.1 Who is bound", "May I leave?"),
    ]
    assert blocks(sections[-1])[-1] == ("ordered", "2. Open the door. Then leave it open.")


def test_underlines_get_their_level_from_their_order(tmp_path: Path) -> None:
    source = "====\nBook\n====\n\nOne\n***\n\nTwo\n+++\n\nThree\n***\ntext right below\n"
    sections = read_text("text", source, tmp_path)
    assert outline(sections) == [("Book",), ("Book", "One"), ("Book", "One", "Two"), ("Book", "Three")]
    assert sections[-1].text == "text right below"


def test_questions_and_answers_are_blocks_of_their_own(tmp_path: Path) -> None:
    (section,) = read_text("text", "Q: Is it\nfree?\nA: It is.\n\nQ2: Why?\nA2: So.", tmp_path)
    assert blocks(section) == [
        ("bold", "Q: Is it free?"),
        ("paragraph", "A: It is."),
        ("bold", "Q2: Why?"),
        ("paragraph", "A2: So."),
    ]


def test_a_wrapped_dash_is_no_list_item(tmp_path: Path) -> None:
    (section,) = read_text("text", "The price is ten\n- or twelve with tax.", tmp_path)
    assert blocks(section) == [("paragraph", "The price is ten - or twelve with tax.")]


def test_indented_code_keeps_its_lines(tmp_path: Path) -> None:
    (section,) = read_text("text", "Run this:\n\n    cd /srv; make\n    ./start --now=1\n\nDone.", tmp_path)
    assert blocks(section)[1] == ("code", "    cd /srv; make\n    ./start --now=1")


@pytest.mark.parametrize(
    "encoded",
    [
        "Gebühr naïve".encode(),
        "Gebühr naïve".encode("utf-8-sig"),
        "Gebühr naïve".encode("utf-16"),
        b"\xfe\xff" + "Gebühr naïve".encode("utf-16-be"),
        "Gebühr naïve".encode("cp1252"),
    ],
)
def test_encodings_are_recognised(tmp_path: Path, encoded: bytes) -> None:
    assert words(read_text("text", encoded, tmp_path)) == ["Gebühr", "naïve"]


def test_every_line_end_is_one(tmp_path: Path) -> None:
    (section,) = read_text("text", b"one\r\ntwo\r\rthree", tmp_path)
    assert blocks(section) == [("paragraph", "one two"), ("paragraph", "three")]


def test_a_line_of_megabytes_is_read_in_parts(tmp_path: Path) -> None:
    sections = read_text("text", "word " * 400_000, tmp_path)
    assert sum(section.text.count("word") for section in sections) == 400_000
    check_offsets(sections)
