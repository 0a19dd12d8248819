"""PDF to sections, over PDFs that fpdf2 writes."""

from pathlib import Path

import pytest
from fpdf import FPDF

from backend.errors import EncryptedPdf, Unparsable
from backend.parsing import pdf
from tests.fixtures import documents
from tests.fixtures.documents import HANDBOOK, Part
from tests.parsing.reading import blocks, check_offsets, outline, read, words


def handbook_words(times: int) -> list[str]:
    text = [
        " ".join(
            (part.title, *part.paragraphs, *part.steps, *part.bullets, *(cell for row in part.rows for cell in row))
        )
        for part in HANDBOOK
    ]
    return documents.letters(" ".join(text)) * times


@pytest.mark.parametrize("has_outline", [True, False])
def test_every_word_but_the_running_heads_is_kept_in_order(tmp_path: Path, has_outline: bool) -> None:
    path = documents.write_pdf(tmp_path / "a.pdf", outline=has_outline, repeat=5)
    sections, facts = read("pdf", path)
    check_offsets(sections)
    assert facts.title == "Lantern Desk handbook"
    assert facts.pages == 5
    assert words(sections) == handbook_words(5)


def test_the_outline_gives_levels_and_pages(tmp_path: Path) -> None:
    sections, _ = read("pdf", documents.write_pdf(tmp_path / "a.pdf", repeat=3))
    assert outline(sections)[3] == ("Lantern Desk handbook", "Getting started", "Resetting your password")
    assert [section.page for section in sections] == [1] * 7 + [2] * 7 + [3] * 7
    assert blocks(sections[3])[1:] == [
        ("ordered", "1. Open the sign-in page."),
        ("ordered", "2. Press Forgotten."),
        ("ordered", "3. Follow the link in the letter."),
    ]
    assert blocks(sections[4])[1:] == [("list", "- by letter"), ("list", "- by e-mail")]
    assert blocks(sections[5]) == [("table", "Plan | Price | Seats\nStarter | 29 | 5\nTeam | 99 | 25")]


def test_without_an_outline_font_sizes_give_the_headings(tmp_path: Path) -> None:
    sections, _ = read("pdf", documents.write_pdf(tmp_path / "a.pdf", outline=False, repeat=3))
    assert outline(sections)[:3] == [
        ("Lantern Desk handbook",),
        ("Lantern Desk handbook", "Getting started"),
        ("Lantern Desk handbook", "Billing"),
    ]
    assert ("bold", "How do I invite a colleague?") in blocks(sections[1])


def test_paragraphs_go_on_over_pages(tmp_path: Path) -> None:
    sentence = "this sentence has no end and goes on and on over the whole book, "
    parts = (Part(1, "Title", ("It starts here: " + sentence * 220 + "and here it ends.",)),)
    sections, facts = read("pdf", documents.write_pdf(tmp_path / "a.pdf", parts, repeat=1))
    assert facts.pages is not None
    assert facts.pages > 2
    assert [kind for kind, _ in blocks(sections[0])] == ["paragraph"]
    assert words(sections) == documents.letters("Title It starts here " + sentence * 220 + "and here it ends")


def page_of(path: Path, lines: list[tuple[float, float, str]], *, copies: int = 1) -> Path:
    """A page of lines at places in millimetres, in the order given."""
    book = FPDF()
    for _ in range(copies):
        book.add_page()
        book.set_font("Helvetica", "", 10)
        for left, top, text in lines:
            book.text(left, top, text)
    book.output(str(path))
    return path


def test_hyphens_at_line_ends_are_rejoined(tmp_path: Path) -> None:
    lines = [
        (20.0, 50.0, "The repre-"),
        (20.0, 55.0, "sentative of a well-"),
        (20.0, 60.0, "known firm is a well-known"),
        (20.0, 65.0, "man."),
    ]
    sections, _ = read("pdf", page_of(tmp_path / "a.pdf", lines))
    assert sections[0].text == "The representative of a well-known firm is a well-known man."


def test_two_columns_drawn_row_by_row_are_read_one_after_the_other(tmp_path: Path) -> None:
    lines = []
    for row in range(14):
        top = 40.0 + 5 * row
        lines += [(20.0, top, f"left words of line {row}"), (115.0, top, f"right words of line {row}")]
    sections, _ = read("pdf", page_of(tmp_path / "a.pdf", lines))
    text = " ".join(section.text for section in sections)
    assert text.index("left words of line 13") < text.index("right words of line 0")


def test_dotted_lines_of_a_table_of_contents_are_dropped(tmp_path: Path) -> None:
    lines = [(20.0, 40.0, "Refunds . . . . . . . . . . . 12"), (20.0, 50.0, "Real words stay.")]
    sections, _ = read("pdf", page_of(tmp_path / "a.pdf", lines))
    assert sections[0].text == "Real words stay."


def test_a_body_line_that_repeats_on_few_pages_is_kept(tmp_path: Path) -> None:
    book = FPDF()
    for page in range(20):
        book.add_page()
        book.set_font("Helvetica", "", 10)
        book.text(20, 20, "as said before" if page < 3 else f"another beginning {'abcdefghijklmnopqrst'[page] * 4}")
        book.text(20, 100, "words of the page")
    book.output(str(tmp_path / "a.pdf"))
    sections, _ = read("pdf", tmp_path / "a.pdf")
    assert " ".join(words(sections)).count("as said before") == 3


@pytest.mark.fault("A12")
def test_a_user_password_is_named(tmp_path: Path) -> None:
    path = documents.encrypted_pdf(tmp_path / "a.pdf", user="secret", owner="owner")
    with pytest.raises(EncryptedPdf, match="password"):
        read("pdf", path)


@pytest.mark.fault("A12")
def test_an_owner_password_alone_does_not_hinder(tmp_path: Path) -> None:
    sections, _ = read("pdf", documents.encrypted_pdf(tmp_path / "a.pdf", user="", owner="owner"))
    assert words(sections)[-len(handbook_words(1)) :] == handbook_words(1)


@pytest.mark.fault("A13")
@pytest.mark.parametrize("kind", ["a million pages", "a recursive cross-reference", "noise"])
def test_damaged_files_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(documents.UNPARSABLE_PDFS[kind]())
    with pytest.raises(Unparsable):
        read("pdf", path)


@pytest.mark.fault("A13")
def test_a_lying_size_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(documents.huge_size_pdf())
    assert words(read("pdf", path)[0]) == ["Hello", "world"]


def test_a_running_head_of_book_and_chapter_is_dropped() -> None:
    sections, _ = read("pdf", Path("docs/samples/handbook.pdf"))

    assert [s.title for s in sections if "Coldkeep Customer Handbook" in s.text] == []
    assert any("second-generation hub" in s.text for s in sections)


def test_the_last_page_is_not_yet_all_of_the_work(tmp_path: Path) -> None:
    """Its paragraphs come from pages that were read before: until then the document is not read."""
    path = documents.write_pdf(tmp_path / "long.pdf", HANDBOOK, repeat=20)
    told: list[tuple[int, int]] = []
    shares = [told[-1][0] / told[-1][1] for _ in pdf.read(path, lambda done, total: told.append((done, total or 0)))]
    assert shares[0] < 0.8
    assert told[-1][0] == told[-1][1]
    assert told == sorted(told)
    assert len({total for _, total in told}) == 1
