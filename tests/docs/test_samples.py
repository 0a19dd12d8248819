"""The sample documents are what their sources say, rebuild to the same bytes, and hold what the tour shows."""

import io
import json
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import pytest
from docx import Document
from pypdf import PdfReader
from pypdf.generic import Destination, DictionaryObject, PdfObject, StreamObject

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
NAMES = ("handbook.pdf", "product-guide.docx", "support-faq.md")


def _build(target: Path) -> dict[str, bytes]:
    subprocess.run([sys.executable, "-W", "error", str(SAMPLES / "build.py"), str(target)], check=True, timeout=60)
    return _files(target)


def _files(target: Path) -> dict[str, bytes]:
    return {name: (target / name).read_bytes() for name in NAMES}


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("samples")
    _build(target)
    return target


def _pdf_objects(path: Path) -> list[bytes]:
    """Every object of the file with its streams inflated, so that another zlib compares as equal."""
    reader = PdfReader(path)
    return [_written(reader.get_object(number)) for number in sorted(reader.xref[0])]


def _written(item: PdfObject | None) -> bytes:
    assert item is not None
    out = io.BytesIO()
    if isinstance(item, StreamObject):
        DictionaryObject({key: item.raw_get(key) for key in item if key != "/Length"}).write_to_stream(out)
        out.write(item.get_data())
    else:
        item.write_to_stream(out)
    return out.getvalue()


def _docx_members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@cache
def _outline() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The handbook's chapters and its sections, from the PDF outline."""
    chapters: list[str] = []
    sections: list[str] = []
    for entry in PdfReader(SAMPLES / "handbook.pdf").outline:
        if isinstance(entry, Destination):
            chapters.append(str(entry.title))
        else:
            sections += [str(section.title) for section in entry if isinstance(section, Destination)]
    return tuple(chapters), tuple(sections)


def _headings(document: str) -> list[str]:
    if document.endswith(".pdf"):
        return list(_outline()[1])
    if document.endswith(".docx"):
        paragraphs = Document(str(SAMPLES / document)).paragraphs
        return [p.text for p in paragraphs if p.style is not None and str(p.style.name).startswith("Heading")]
    lines = (SAMPLES / document).read_text(encoding="utf-8").splitlines()
    return [line.lstrip("# ") for line in lines if line.startswith("#")]


def test_two_builds_give_the_same_bytes(rebuilt: Path, tmp_path: Path) -> None:
    assert _build(tmp_path / "again") == _files(rebuilt)


def test_the_committed_handbook_is_what_its_source_builds(rebuilt: Path) -> None:
    assert _pdf_objects(SAMPLES / "handbook.pdf") == _pdf_objects(rebuilt / "handbook.pdf")


def test_the_committed_guide_is_what_its_source_builds(rebuilt: Path) -> None:
    assert _docx_members(SAMPLES / "product-guide.docx") == _docx_members(rebuilt / "product-guide.docx")


def test_the_committed_faq_is_its_source(rebuilt: Path) -> None:
    assert (SAMPLES / "support-faq.md").read_bytes() == (rebuilt / "support-faq.md").read_bytes()


def test_the_handbook_has_ten_to_fifteen_pages_each_with_header_and_page_number() -> None:
    pages = [page.extract_text() for page in PdfReader(SAMPLES / "handbook.pdf").pages]
    assert 10 <= len(pages) <= 15
    for number, text in enumerate(pages[2:], start=3):
        assert f"Page {number} of {len(pages)}" in text
        assert "Coldkeep Customer Handbook" in text


def test_every_heading_of_the_handbook_is_in_its_outline() -> None:
    lines = (SAMPLES / "source" / "handbook.md").read_text(encoding="utf-8").splitlines()
    chapters, sections = _outline()
    assert list(chapters) == [line[2:] for line in lines if line.startswith("# ")]
    assert list(sections) == [line[3:] for line in lines if line.startswith("## ")]


def test_the_handbook_shows_questions_how_to_headings_and_comparisons() -> None:
    _, sections = _outline()
    assert sum(title.endswith("?") for title in sections) >= 20
    assert sum(title.split()[0].endswith("ing") for title in sections) >= 12
    assert sum(" vs " in title for title in sections) >= 4


def test_each_numbered_list_of_the_guide_starts_at_one() -> None:
    document = Document(str(SAMPLES / "product-guide.docx"))
    lists = [p for p in document.paragraphs if p.style is not None and p.style.name == "List Number"]
    assert len(lists) == 4
    assert document.tables


QUESTIONS: list[dict[str, str | None]] = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "case", [case for case in QUESTIONS if case["kind"] == "answerable"], ids=lambda case: str(case["question"])
)
def test_an_answerable_question_names_a_section_that_exists(case: dict[str, str | None]) -> None:
    assert case["section"] in _headings(str(case["document"]))


def test_the_questions_are_ten_answerable_and_five_not() -> None:
    kinds = [case["kind"] for case in QUESTIONS]
    assert (kinds.count("answerable"), kinds.count("near"), kinds.count("far")) == (10, 3, 2)
    assert all(case["section"] is None for case in QUESTIONS if case["kind"] != "answerable")
