"""HTML to sections."""

from html import escape
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures import documents
from tests.parsing.reading import blocks, check_offsets, outline, read, read_text, words

LINE = st.lists(st.text("abcdefghij&<é", min_size=2, max_size=8), min_size=1, max_size=6).map(" ".join)
WRAP = st.sampled_from(
    [
        "p",
        "h1",
        "h2",
        "h3",
        "div",
        "li",
        "blockquote",
        "pre",
        "td",
        "dt",
        "dd",
        "section",
        "article",
        "span",
        "b",
        "figcaption",
        "summary",
    ]
)
TREE = st.recursive(
    LINE.map(escape),
    lambda inner: st.builds(
        lambda tag, parts: f"<{tag}>{' '.join(parts)}</{tag}>", WRAP, st.lists(inner, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREE, LINE)
def test_every_word_is_kept_in_order(tmp_path: Path, source: str, last: str) -> None:
    sections = read_text("html", f"<html><body>{source} {escape(last)}</body></html>", tmp_path)
    check_offsets(sections)
    text = source + " " + escape(last)
    plain = documents.without_tags(text)
    assert words(sections) == documents.letters(plain)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("<>/!-abp\"'= \n&;", max_size=200))
def test_any_markup_is_read(tmp_path: Path, source: str) -> None:
    check_offsets(read_text("html", source, tmp_path))


def test_the_handbook_keeps_its_structure(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(documents.html())
    sections, facts = read("html", path)
    assert facts.title == "Lantern Desk"
    assert outline(sections)[3] == ("Lantern Desk handbook", "Getting started", "Resetting your password")
    assert [section.anchor for section in sections] == [f"part-{at}" for at in range(7)]
    assert [kind for kind, _ in blocks(sections[3])] == ["paragraph", "ordered", "ordered", "ordered"]
    assert blocks(sections[4])[1:] == [("list", "- by letter"), ("list", "- by e-mail")]
    assert blocks(sections[5]) == [("table", "Plan | Price | Seats\nStarter | 29 | 5\nTeam | 99 | 25")]
    assert not {"Start", "rights", "var"} & set(words(sections))


def test_bold_lines_terms_quotes_and_code(tmp_path: Path) -> None:
    source = (
        "<p><b>May I?</b></p><p>yes <b>no</b></p><dl><dt>fee<dd>what you pay</dl>"
        "<blockquote><p>said</p></blockquote><pre>if x:\n    y</pre>"
    )
    (section,) = read_text("html", source, tmp_path)
    assert blocks(section) == [
        ("bold", "May I?"),
        ("paragraph", "yes no"),
        ("bold", "fee"),
        ("paragraph", "what you pay"),
        ("quote", "said"),
        ("code", "if x:\n    y"),
    ]


def test_missing_end_tags_are_implied(tmp_path: Path) -> None:
    (section,) = read_text("html", "<ul><li>one<li>two<ul><li>inner</ul><li>three</ul><p>a<p>b", tmp_path)
    assert blocks(section) == [
        ("list", "- one"),
        ("list", "- two"),
        ("list", "- inner"),
        ("list", "- three"),
        ("paragraph", "a"),
        ("paragraph", "b"),
    ]


def test_an_anchor_before_the_heading_is_its_anchor(tmp_path: Path) -> None:
    source = (
        '<section id="s"><a name="n"></a><h1>A<a class="headerlink" href="#s">¶</a></h1><p>x</p><h2>B</h2></section>'
    )
    sections = read_text("html", source, tmp_path)
    assert [(section.title, section.anchor) for section in sections] == [("A", "n"), ("B", None)]


def test_headings_inside_a_layout_table_are_headings(tmp_path: Path) -> None:
    source = "<table><tr><td>menu</td></tr><tr><td><h1>A</h1><p>text</p></td></tr></table>"
    assert outline(read_text("html", source, tmp_path)) == [(), ("A",)]


def test_a_declared_charset_is_used(tmp_path: Path) -> None:
    source = b'<html><head><meta charset="iso-8859-2"></head><body><p>' + "Łódź".encode("iso-8859-2")
    assert words(read_text("html", source, tmp_path)) == ["Łódź"]


def test_hostile_markup_ends_and_keeps_its_text(tmp_path: Path) -> None:
    assert words(read_text("html", "<div>" * 100_000 + "x" + "</div>" * 100_000, tmp_path)) == ["x"]
    assert words(read_text("html", "<p>first</p>" + '<a href="' * 50_000 + " last", tmp_path))[0] == "first"
    assert words(read_text("html", "<body>x " + "<!-" * 200_000, tmp_path)) == ["x"]
