"""What a file is, by its content."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.errors import ArchiveTooLarge, EmptyFile, TypeMismatch, Unparsable, UnsupportedType
from backend.parsing import READERS
from backend.parsing.sniff import DOCX, HTML, MARKDOWN, MEDIA_TYPES, NAME_LENGTH, PDF, TEXT, clean_name, sniff
from tests.fixtures import documents

PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010806000000") + bytes(50)
EXE = b"MZ\x90\x00\x03" + bytes(200) + b"This program cannot be run in DOS mode"


def given_file(folder: Path, content: bytes) -> Path:
    path = folder / "0b0c"
    path.write_bytes(content)
    return path


def samples(folder: Path) -> dict[str, bytes]:
    return {
        "pdf": documents.write_pdf(folder / "s.pdf", repeat=1).read_bytes(),
        "docx": documents.write_docx(folder / "s.docx").read_bytes(),
        "png": PNG,
        "exe": EXE,
        "html": documents.html().encode(),
        "text": b"plain words",
    }


def test_every_media_type_has_a_reader() -> None:
    assert set(MEDIA_TYPES) == set(READERS.names)


@pytest.mark.parametrize(
    ("kind", "name", "media_type"),
    [
        ("pdf", "a.pdf", PDF),
        ("pdf", "A.PDF", PDF),
        ("docx", "a.docx", DOCX),
        ("html", "a.html", HTML),
        ("html", "a.htm", HTML),
        ("text", "a.html", HTML),
        ("text", "a.md", MARKDOWN),
        ("text", "a.txt", TEXT),
        ("text", "a.rst", TEXT),
    ],
)
def test_content_that_fits_its_name_is_accepted(tmp_path: Path, kind: str, name: str, media_type: str) -> None:
    assert sniff(given_file(tmp_path, samples(tmp_path)[kind]), name) == media_type


@pytest.mark.fault("A11")
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("png", "a.pdf"),
        ("png", "a.md"),
        ("html", "a.txt"),
        ("html", "a.md"),
        ("exe", "a.md"),
        ("exe", "a.html"),
        ("pdf", "a.docx"),
        ("pdf", "a.txt"),
        ("pdf", "report"),
        ("docx", "a.pdf"),
        ("docx", "a.xlsx"),
        ("text", "a.pdf"),
        ("text", "a.docx"),
    ],
)
def test_content_that_contradicts_its_name_is_refused(tmp_path: Path, kind: str, name: str) -> None:
    with pytest.raises(TypeMismatch, match="its name") as refused:
        sniff(given_file(tmp_path, samples(tmp_path)[kind]), name)
    assert str(tmp_path) not in str(refused.value)


@pytest.mark.fault("A11")
@pytest.mark.parametrize("name", ["a.csv", "a.exe", "a", "a.svg", ".pdf.sh"])
def test_other_kinds_are_unsupported(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsupportedType) as refused:
        sniff(given_file(tmp_path, b"a,b\n1,2\n"), name)
    assert not isinstance(refused.value, TypeMismatch)


@pytest.mark.fault("A11")
@pytest.mark.parametrize("name", ["a.docx", "a.txt"])
def test_a_zip_that_is_no_docx_is_refused(tmp_path: Path, name: str) -> None:
    plain = documents.write_docx(tmp_path / "a.docx")
    other = documents.renamed_part(plain, tmp_path / "b.zip", "word/document.xml", "xl/workbook.xml")
    with pytest.raises(TypeMismatch, match="zip archive"):
        sniff(other, name)


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EmptyFile, match=r"'a\.pdf' is empty"):
        sniff(given_file(tmp_path, b""), "a.pdf")


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_text_with_a_nul_is_refused_wherever_it_is(tmp_path: Path, name: str) -> None:
    with pytest.raises(TypeMismatch, match="binary"):
        sniff(given_file(tmp_path, b"words " * 500_000 + b"\0 more"), name)


@pytest.mark.parametrize(
    "content",
    [
        "Gebühr – naïve “quoted”".encode("cp1252"),
        "Gebühr".encode("utf-16"),
        "Gebühr".encode("utf-8-sig"),
        "日本語の説明".encode(),
        ("x" * 8191 + "é").encode(),
        b"BM is no picture here",
        b"GIF89a is the sign of a picture",
        b"II* note",
        b"<div align='center'>Markdown with tags</div>",
    ],
)
def test_text_in_any_encoding_is_text(tmp_path: Path, content: bytes) -> None:
    assert sniff(given_file(tmp_path, content), "a.txt") == TEXT


@pytest.mark.fault("A15")
def test_a_bomb_is_refused_at_the_door(tmp_path: Path) -> None:
    with pytest.raises(ArchiveTooLarge):
        sniff(documents.docx_bomb(tmp_path / "bomb.docx"), "a.docx")


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["a.pdf", "a.docx", "a.txt", "a.md", "a.html", "a.bin"]))
def test_any_bytes_get_an_answer(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    with suppress(UnsupportedType, Unparsable):
        assert sniff(path, name) in MEDIA_TYPES


@pytest.mark.fault("A10")
@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("../../etc/x.pdf", "x.pdf"),
        ("..\\..\\x", "x"),
        ("/abs", "abs"),
        ("C:\\x.md", "x.md"),
        ("C:x.md", "x.md"),
        ("a\0b.pdf", "a b.pdf"),
        ("a\r\nb.pdf", "a b.pdf"),
        ("CON", "CON_"),
        ("con.pdf", "con_.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("a\u2066b\u200f.md", "ab.md"),
        ("launch \U0001f680.md", "launch \U0001f680.md"),
        ("e\u0301.pdf", "é.pdf"),
        ("", "document"),
        ("..", "document"),
        (".pdf", "document.pdf"),
        ("/", "document"),
        ("\ud800x.md", "?x.md"),
    ],
)
def test_names_are_cleaned_for_display(raw: str, shown: str) -> None:
    assert clean_name(raw) == shown


@pytest.mark.fault("A10")
@given(st.text(max_size=400))
@example("x" * 300 + ".pdf")
@example("a." + "b" * 300)
def test_any_name_becomes_one_short_printable_component(raw: str) -> None:
    name = clean_name(raw)
    assert 0 < len(name) <= NAME_LENGTH
    assert not set(name) & set("/\\\0\r\n\u202e")
    assert name not in (".", "..")
    assert clean_name(name) == name
