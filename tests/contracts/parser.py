"""What every `Parser` does; an implementation gives the fixture `parser`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.errors import ArchiveTooLarge, EncryptedPdf, NoText, Unparsable, UnsupportedType
from backend.parsing.base import ParsedDocument, Parser
from backend.parsing.sniff import DOCX, HTML, MARKDOWN, PDF, TEXT
from tests.fixtures import documents

PATHS = [
    ("Lantern Desk handbook",),
    ("Lantern Desk handbook", "Getting started"),
    ("Lantern Desk handbook", "Getting started", "How do I invite a colleague?"),
    ("Lantern Desk handbook", "Getting started", "Resetting your password"),
    ("Lantern Desk handbook", "Billing"),
    ("Lantern Desk handbook", "Billing", "Plans"),
    ("Lantern Desk handbook", "Billing", "Refunds"),
]

WRITERS: dict[str, Callable[[Path], object]] = {
    PDF: lambda path: documents.write_pdf(path, repeat=1),
    DOCX: documents.write_docx,
    HTML: lambda path: path.write_text(documents.html()),
    MARKDOWN: lambda path: path.write_text(documents.markdown()),
    TEXT: lambda path: path.write_text(documents.text()),
}

LONG = dict.fromkeys(("a stream of a gigabyte", "drawings of drawings"), pytest.mark.slow)
"""Five seconds each until a limit ends them. `tests/process/test_damaged_files` reads them beside the others."""


class ParserContract:
    @pytest.mark.parametrize("media_type", WRITERS)
    async def test_a_document_becomes_sections_and_passages(
        self, parser: Parser, media_type: str, tmp_path: Path
    ) -> None:
        WRITERS[media_type](tmp_path / "upload")
        with await parser.parse(tmp_path / "upload", media_type) as parsed:
            self.check(parsed, media_type)

    def check(self, parsed: ParsedDocument, media_type: str) -> None:
        sections = [section for section in parsed.sections if section.title_path]
        assert [section.title_path for section in sections] == PATHS
        assert parsed.title.startswith("Lantern Desk")
        assert parsed.pages == (1 if media_type == PDF else None)
        everything = list(parsed.sections)
        assert len(everything) == parsed.section_count
        assert [section.ordinal for section in everything] == list(range(len(everything)))
        assert parsed.word_count == sum(len(section.text.split()) for section in everything)
        assert "fourteen days" in sections[-1].text
        passages = list(parsed.passages)
        assert {passage.section for passage in passages} == {entry.ordinal for entry in everything if entry.text}
        assert list(parsed.passages) == passages

    async def test_an_unknown_media_type_is_unsupported(self, parser: Parser, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("x")
        with pytest.raises(UnsupportedType, match="image/png"):
            await parser.parse(tmp_path / "a", "image/png")

    @pytest.mark.fault("A2")
    @pytest.mark.parametrize(
        ("content", "media_type"),
        [
            (documents.blank_pdf(), PDF),
            (documents.image_pdf(), PDF),
            (b" \n\t\n", TEXT),
            (b"<p> </p>", HTML),
            (b"\n", MARKDOWN),
        ],
    )
    async def test_a_document_without_text_is_named(
        self, parser: Parser, content: bytes, media_type: str, tmp_path: Path
    ) -> None:
        (tmp_path / "a").write_bytes(content)
        with pytest.raises(NoText, match="OCR is not available"):
            await parser.parse(tmp_path / "a", media_type)

    @pytest.mark.fault("A12")
    async def test_a_user_password_is_named_and_an_owner_password_is_no_hindrance(
        self, parser: Parser, tmp_path: Path
    ) -> None:
        with pytest.raises(EncryptedPdf):
            await parser.parse(documents.encrypted_pdf(tmp_path / "u.pdf", user="a", owner="b"), PDF)
        with await parser.parse(documents.encrypted_pdf(tmp_path / "o.pdf", user="", owner="b"), PDF) as parsed:
            assert parsed.section_count >= len(PATHS)

    @pytest.mark.fault("A13")
    @pytest.mark.parametrize(
        "kind", [pytest.param(kind, marks=LONG.get(kind, ())) for kind in documents.UNPARSABLE_PDFS]
    )
    async def test_a_damaged_or_hostile_pdf_is_unparsable(self, parser: Parser, kind: str, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(documents.UNPARSABLE_PDFS[kind]())
        with pytest.raises(Unparsable) as refused:
            await parser.parse(tmp_path / "a", PDF)
        assert str(tmp_path) not in str(refused.value)

    @pytest.mark.fault("A13")
    @pytest.mark.parametrize("seed", range(8))
    async def test_a_bit_flipped_pdf_is_read_or_refused(self, parser: Parser, seed: int, tmp_path: Path) -> None:
        content = documents.write_pdf(tmp_path / "whole.pdf").read_bytes()
        (tmp_path / "a").write_bytes(documents.flipped(content, seed))
        try:
            parsed = await parser.parse(tmp_path / "a", PDF)
        except (Unparsable, NoText, EncryptedPdf):
            return
        with parsed:
            assert parsed.word_count > 0

    @pytest.mark.fault("A13")
    @pytest.mark.parametrize("media_type", [PDF, DOCX])
    async def test_a_truncated_file_is_unparsable(self, parser: Parser, media_type: str, tmp_path: Path) -> None:
        WRITERS[media_type](tmp_path / "whole")
        content = (tmp_path / "whole").read_bytes()
        (tmp_path / "a").write_bytes(content[: len(content) // 2])
        with pytest.raises(Unparsable):
            await parser.parse(tmp_path / "a", media_type)

    @pytest.mark.fault("A15")
    async def test_an_archive_bomb_is_refused(self, parser: Parser, tmp_path: Path) -> None:
        with pytest.raises(ArchiveTooLarge):
            await parser.parse(documents.docx_bomb(tmp_path / "a.docx"), DOCX)

    @pytest.mark.fault("A17")
    async def test_a_document_with_entities_is_unparsable_and_no_file_is_read(
        self, parser: Parser, tmp_path: Path
    ) -> None:
        (tmp_path / "secret").write_text("CANARY")
        path = documents.docx_with_entity(tmp_path / "a.docx", tmp_path / "secret")
        with pytest.raises(Unparsable) as refused:
            await parser.parse(path, DOCX)
        assert "CANARY" not in str(refused.value)
