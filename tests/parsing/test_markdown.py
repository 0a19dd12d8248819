"""Markdown to sections."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures import documents
from tests.parsing.reading import blocks, check_offsets, outline, read, read_text, words

WORD = st.text("abcdefghij", min_size=2, max_size=8)
WORDS = st.lists(WORD, min_size=1, max_size=8)
LINE = WORDS.map(" ".join)
BLOCK = st.one_of(
    st.builds(lambda level, line: f"{'#' * level} {line}", st.integers(1, 6), LINE),
    LINE,
    LINE.map(lambda line: f"**{line}**"),
    LINE.map(lambda line: f"> {line}"),
    st.lists(LINE, min_size=1, max_size=3).map(lambda lines: "\n".join(f"- {line}" for line in lines)),
    st.lists(LINE, min_size=1, max_size=3).map(lambda lines: "\n".join(f"1. {line}" for line in lines)),
    st.lists(LINE, min_size=1, max_size=3).map(lambda lines: "```\n" + "\n".join(lines) + "\n```"),
    st.tuples(LINE, LINE).map(lambda row: f"| {row[0]} |\n|---|\n| {row[1]} |"),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(BLOCK, max_size=12))
def test_every_word_is_kept_in_order(tmp_path: Path, parts: list[str]) -> None:
    source = "\n\n".join(parts)
    sections = read_text("markdown", source, tmp_path)
    check_offsets(sections)
    plain = "".join(sign if sign.isalpha() else " " for sign in source)
    assert words(sections) == plain.split()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=300))
def test_any_text_is_read(tmp_path: Path, source: str) -> None:
    check_offsets(read_text("markdown", source.encode("utf-8", "replace"), tmp_path))


def test_the_handbook_keeps_its_structure(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(documents.markdown())
    sections, facts = read("markdown", path)
    assert facts.title == "Lantern Desk handbook"
    assert outline(sections)[3] == ("Lantern Desk handbook", "Getting started", "Resetting your password")
    assert blocks(sections[3]) == [
        ("paragraph", "A forgotten password can be replaced at any time."),
        ("ordered", "1. Open the sign-in page."),
        ("ordered", "2. Press Forgotten."),
        ("ordered", "3. Follow the link in the letter."),
    ]
    assert blocks(sections[4])[1:] == [("list", "- by letter"), ("list", "- by e-mail")]
    assert blocks(sections[5]) == [("table", "Plan | Price | Seats\nStarter | 29 | 5\nTeam | 99 | 25")]


def test_setext_headings_anchors_and_front_matter(tmp_path: Path) -> None:
    source = '---\ntitle: "Rules"\n---\nTop\n===\n\n<a id="low"></a>\n\nLow\n---\n\n### Named {#name}\n\ntext\n'
    path = tmp_path / "a.md"
    path.write_text(source)
    sections, facts = read("markdown", path)
    assert facts.title == "Rules"
    assert outline(sections) == [("Top",), ("Top", "Low"), ("Top", "Low", "Named")]
    assert [section.anchor for section in sections] == [None, "low", "name"]


def test_a_rule_at_the_top_is_no_front_matter(tmp_path: Path) -> None:
    assert words(read_text("markdown", "---\n\nplain words here\n\n---\n\nmore", tmp_path)) == [
        "plain",
        "words",
        "here",
        "more",
    ]


def test_bold_lines_code_and_questions_are_told_apart(tmp_path: Path) -> None:
    source = "**May I?**\n\nyes **no** yes\n\n```py\nif x:\n    # no heading\n```\n\nQ: Why?\nA: So.\n"
    (section,) = read_text("markdown", source, tmp_path)
    assert blocks(section) == [
        ("bold", "May I?"),
        ("paragraph", "yes no yes"),
        ("code", "if x:\n    # no heading"),
        ("bold", "Q: Why?"),
        ("paragraph", "A: So."),
    ]


def test_a_large_file_is_read_in_parts_without_losing_a_word(tmp_path: Path) -> None:
    part = "# Head\n\nsome words\n\n```\n# inside a fence\n```\n\n"
    sections = read_text("markdown", part * 8_000, tmp_path)
    assert len(sections) == 8_000
    assert {section.text for section in sections} == {"some words\n\n# inside a fence"}


def test_deep_nesting_loses_no_word(tmp_path: Path) -> None:
    assert words(read_text("markdown", "> " * 5_000 + "x", tmp_path)) == ["x"]
    nested = "".join("  " * depth + "- x\n" for depth in range(200))
    assert words(read_text("markdown", nested, tmp_path)) == ["x"] * 200
