"""DOCX to sections, over files that python-docx writes."""

from pathlib import Path

import docx
import pytest
from docx.oxml import OxmlElement

from backend.errors import ArchiveTooLarge, Unparsable
from tests.fixtures import documents
from tests.parsing.reading import blocks, check_offsets, outline, read, words


def test_the_handbook_keeps_its_structure(tmp_path: Path) -> None:
    sections, facts = read("office", documents.write_docx(tmp_path / "a.docx"))
    check_offsets(sections)
    assert facts.title == "Lantern Desk handbook"
    assert outline(sections)[3] == ("Lantern Desk handbook", "Getting started", "Resetting your password")
    assert blocks(sections[3])[1:] == [
        ("ordered", "1. Open the sign-in page."),
        ("ordered", "2. Press Forgotten."),
        ("ordered", "3. Follow the link in the letter."),
    ]
    assert blocks(sections[4])[1:] == [("list", "- by letter"), ("list", "- by e-mail")]
    assert blocks(sections[5]) == [("table", "Plan | Price | Seats\nStarter | 29 | 5\nTeam | 99 | 25")]


def test_runs_links_quotes_and_cells_are_kept_in_order(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph().add_run("May I?").bold = True
    paragraph = document.add_paragraph("plain ")
    paragraph.add_run("bold").bold = True
    link, run, text = OxmlElement("w:hyperlink"), OxmlElement("w:r"), OxmlElement("w:t")
    text.text = " linked"
    run.append(text)
    link.append(run)
    paragraph._p.append(link)
    document.add_paragraph("said", style="Quote")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "left"
    table.cell(0, 1).text = "right"
    table.cell(0, 1).add_paragraph("below")
    document.sections[0].header.paragraphs[0].text = "running"
    document.save(str(tmp_path / "a.docx"))
    (section,), _ = read("office", tmp_path / "a.docx")
    assert blocks(section) == [
        ("bold", "May I?"),
        ("paragraph", "plain bold linked"),
        ("quote", "said"),
        ("table", "left | right below"),
    ]


def test_a_repetitive_text_is_no_bomb(tmp_path: Path) -> None:
    document = docx.Document()
    for _ in range(1500):
        document.add_paragraph("the same words again and again " * 40)
    document.save(str(tmp_path / "a.docx"))
    sections, _ = read("office", tmp_path / "a.docx")
    assert len(words(sections)) == 1500 * 40 * 6


@pytest.mark.fault("A15")
def test_a_bomb_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    with pytest.raises(ArchiveTooLarge, match="256 MiB"):
        read("office", documents.docx_bomb(tmp_path / "a.docx"))


@pytest.mark.fault("A17")
def test_a_body_with_entities_is_refused_and_no_file_is_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("CANARY")
    with pytest.raises(Unparsable, match="declares entities") as refused:
        read("office", documents.docx_with_entity(tmp_path / "a.docx", secret))
    assert "CANARY" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b"this is no XML at all",
        b"",
        b"<w:document",
        b"\xff\xfe\x00\x00\x80",
        b"<html><body><p>words</p></body></html>",
        b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p>',
    ],
    ids=["text", "nothing", "a torn tag", "noise", "another kind of XML", "cut off"],
)
def test_a_body_that_is_no_word_processing_xml_is_damaged_and_not_without_text(tmp_path: Path, body: bytes) -> None:
    plain = documents.write_docx(tmp_path / "plain.docx")
    damaged = documents.replace_part(plain, tmp_path / "a.docx", "word/document.xml", [body])
    with pytest.raises(Unparsable, match="damaged"):
        read("office", damaged)


@pytest.mark.parametrize("cut", [100, 5_000, -10])
def test_a_cut_off_file_is_refused(tmp_path: Path, cut: int) -> None:
    content = documents.write_docx(tmp_path / "whole.docx").read_bytes()
    (tmp_path / "a.docx").write_bytes(content[:cut])
    with pytest.raises(Unparsable):
        read("office", tmp_path / "a.docx")
