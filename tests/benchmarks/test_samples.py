import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader

from benchmarks.samples import asked, faqs, text_pieces, write_docx, write_pdf


def test_ten_thousand_faqs_have_ten_thousand_questions() -> None:
    made = faqs(10_000)

    assert len({faq["question"] for faq in made}) == 10_000
    assert made == faqs(10_000)


def test_more_faqs_than_there_are_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="different questions"):
        faqs(20_000)


def test_no_question_asked_is_one_that_was_ingested() -> None:
    assert not set(asked(220)) & {faq["question"] for faq in faqs(10_000)}


def test_the_text_has_exactly_the_size_asked_for() -> None:
    pieces = list(text_pieces(100_000))

    assert sum(map(len, pieces)) == 100_000
    assert len(pieces) > 50


def test_every_page_of_the_pdf_has_text(tmp_path: Path) -> None:
    words = write_pdf(tmp_path / "a.pdf", pages=3)

    texts = [page.extract_text() for page in PdfReader(tmp_path / "a.pdf").pages]
    assert len(texts) == 3
    assert sum(len(text.split()) for text in texts) == words


def test_the_docx_is_read_by_our_parser(tmp_path: Path) -> None:
    from backend.parsing.base import Section
    from backend.parsing.chunking import PASSAGE_TOKENS
    from backend.parsing.work import Arguments, main

    write_docx(tmp_path / "a.docx", sections=4)

    assert zipfile.is_zipfile(tmp_path / "a.docx")
    media_type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    arguments = Arguments(path=tmp_path / "a.docx", media_type=media_type, passage_tokens=PASSAGE_TOKENS)
    sections = [one for one in main(arguments, lambda _done, _total: None) if isinstance(one, Section)]
    assert sum(section.title.startswith("How do I") for section in sections) == 4
