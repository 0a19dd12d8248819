"""Bounds for zip containers."""

import struct
import zipfile
from pathlib import Path

import pytest

from backend.errors import ArchiveTooLarge, Unparsable
from backend.parsing.archive import ENTRIES, check_archive
from tests.fixtures import documents

MIB = 1024 * 1024
pytestmark = pytest.mark.fault("A15")


def archive(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in parts.items():
            out.writestr(name, content)
    return path


def test_an_ordinary_document_passes(tmp_path: Path) -> None:
    check_archive(documents.write_docx(tmp_path / "a.docx"))


def test_the_sum_of_the_directory_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(ArchiveTooLarge, match="256 MiB"):
        check_archive(documents.docx_bomb(tmp_path / "a.docx"))


def test_the_ratio_is_bounded_for_what_is_not_small(tmp_path: Path) -> None:
    check_archive(archive(tmp_path / "small.zip", {"a": bytes(8 * MIB)}))
    with pytest.raises(ArchiveTooLarge, match="200 times"):
        check_archive(archive(tmp_path / "large.zip", {"a": bytes(20 * MIB)}))


def test_a_directory_that_lies_is_caught_by_counting(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a": bytes(20 * MIB)})
    content = path.read_bytes()
    size = struct.pack("<I", 20 * MIB)
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, struct.pack("<I", 1000)))
    with zipfile.ZipFile(path) as lying:
        assert lying.infolist()[0].file_size == 1000
    with pytest.raises(ArchiveTooLarge, match="200 times"):
        check_archive(path)


def test_the_number_of_parts_is_bounded(tmp_path: Path) -> None:
    with pytest.raises(ArchiveTooLarge, match="parts"):
        check_archive(archive(tmp_path / "a.zip", {f"{at}": b"" for at in range(ENTRIES + 1)}))


def test_a_directory_of_unsaid_length_is_not_loaded(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a": b"x"})
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rfind(b"PK\x05\x06") + 12, 2**31)
    path.write_bytes(content)
    with pytest.raises(ArchiveTooLarge, match="parts"):
        check_archive(path)


def test_a_damaged_part_is_unparsable(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", {"a": b"some words " * 100})
    content = bytearray(path.read_bytes())
    content[35] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(Unparsable, match="damaged"):
        check_archive(path)
