"""Bytes of a text file to text: UTF-8, UTF-16 with a mark, a declared HTML charset, else Windows-1252 or Latin-1."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_NOT_IN_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_UNSAFE = frozenset({"utf-7", "utf-16", "utf-32", "idna", "punycode", "undefined"})
_BLOCK = 1 << 20
_HEAD = 4_096


def detect_encoding(path: Path, *, html: bool = False) -> str:
    """The name of the codec. Reads the file once unless it starts with a mark."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    fallback = "cp1252"
    is_utf8 = True
    with path.open("rb") as source:
        head = source.read(_HEAD)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name
        source.seek(0)
        while block := source.read(_BLOCK):
            if is_utf8:
                is_utf8 = _accepts(decoder, block)
            if not is_utf8 and _NOT_IN_CP1252.search(block):
                fallback = "latin-1"
    if is_utf8 and _accepts(decoder, b"", final=True):
        return "utf-8"
    return (_declared(head) if html else None) or fallback


def read_text(path: Path, *, size: int, html: bool = False) -> Iterator[str]:
    """The text in pieces of about `size` characters, line ends as `\\n`. Bytes that do not fit become U+FFFD."""
    encoding = detect_encoding(path, html=html)
    with path.open(encoding=encoding, errors="replace") as source:
        while piece := source.read(size):
            yield piece


def read_lines(path: Path, *, longest: int) -> Iterator[str]:
    """The lines without their ends; a line over `longest` characters comes in parts, cut at white space if it can."""
    encoding = detect_encoding(path)
    rest = ""
    with path.open(encoding=encoding, errors="replace") as source:
        while line := source.readline(longest):
            line = rest + line
            rest = ""
            if not line.endswith("\n") and len(line) >= longest:
                cut = line.rfind(" ", longest // 2) + 1 or len(line)
                line, rest = line[:cut], line[cut:]
            yield line.removesuffix("\n")
    if rest:
        yield rest


def _accepts(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def _declared(head: bytes) -> str | None:
    found = _META.search(head)
    if found is None:
        return None
    try:
        info = codecs.lookup(found[1].decode("ascii"))
    except LookupError:
        return None
    is_text = getattr(info, "_is_text_encoding", True)
    return info.name if is_text and info.name not in _UNSAFE else None
