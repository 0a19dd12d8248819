"""Bounds for zip containers, checked before any parser opens one."""

import struct
import zipfile
import zlib
from pathlib import Path

from backend.errors import ArchiveTooLarge, Unparsable

ENTRIES = 5_000
UNPACKED_BYTES = 256 * 1024 * 1024
UNPACKED_RATIO = 200
# Small files may be very repetitive without harm.
RATIO_FREE_BYTES = 16 * 1024 * 1024
_BLOCK = 256 * 1024
_DIRECTORY_BYTES = ENTRIES * 1024
_END_SIGN = b"PK\x05\x06"
_END_LENGTH = 22
_COMMENT_LENGTH = 65_535
_ENCRYPTED = 0x1


def check_archive(path: Path) -> None:
    """First by what the central directory says, then by counting what really comes out.

    Raises `ArchiveTooLarge`, or `Unparsable` when it is no sound archive.
    """
    packed = max(1, path.stat().st_size)
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > ENTRIES:
                raise ArchiveTooLarge(f"the file holds {len(entries)} parts, at most {ENTRIES} are opened")
            _check_sum(sum(entry.file_size for entry in entries), packed)
            _count(archive, entries, packed)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise Unparsable("the file is a damaged archive; save it again and upload that") from error


def _check_directory(path: Path) -> None:
    """Before `zipfile`, which keeps an object for every entry, reads a directory of any length."""
    with path.open("rb") as source:
        source.seek(max(0, path.stat().st_size - _END_LENGTH - _COMMENT_LENGTH))
        tail = source.read()
    at = tail.rfind(_END_SIGN)
    if at < 0 or len(tail) - at < _END_LENGTH:
        raise Unparsable("the file is cut off or damaged; save it again and upload that")
    entries, length = struct.unpack_from("<HI", tail, at + 10)
    if entries > ENTRIES or length > _DIRECTORY_BYTES:
        raise ArchiveTooLarge(f"the file holds too many parts, at most {ENTRIES} are opened")


def _check_sum(unpacked: int, packed: int) -> None:
    if unpacked > UNPACKED_BYTES:
        raise ArchiveTooLarge(
            f"the file unpacks to more than {UNPACKED_BYTES // 2**20} MiB; split it or remove large pictures"
        )
    if unpacked > RATIO_FREE_BYTES and unpacked > UNPACKED_RATIO * packed:
        raise ArchiveTooLarge(f"the file unpacks to more than {UNPACKED_RATIO} times its size; save it again")


def _count(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], packed: int) -> None:
    unpacked = 0
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED:
            raise Unparsable("the file is protected by a password; save a copy without one and upload that")
        # The directory's size bounds what zipfile hands out, so a lying one is lifted to our own bound.
        entry.file_size = UNPACKED_BYTES + 1
        with archive.open(entry) as part:
            # A part that is shorter than said fails its checksum only at the end, which a lie never reaches.
            while block := part.read(_BLOCK):
                unpacked += len(block)
                _check_sum(unpacked, packed)
