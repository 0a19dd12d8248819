"""What a file is, by its content; its name only says which kind of text it is, and must not contradict."""

import re
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import puremagic

from backend.errors import EmptyFile, TypeMismatch, UnsupportedType
from backend.parsing.archive import check_archive

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML = "text/html"
MARKDOWN = "text/markdown"
TEXT = "text/plain"

EXTENSIONS = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".html": HTML,
    ".htm": HTML,
    ".xhtml": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": TEXT,
    ".text": TEXT,
    ".rst": TEXT,
}
MEDIA_TYPES = tuple(dict.fromkeys(EXTENSIONS.values()))
NAME_LENGTH = 180

_KINDS = {PDF: "a PDF", DOCX: "a DOCX", HTML: "HTML", MARKDOWN: "Markdown", TEXT: "text"}
_HEAD = 8 * 1024
_BLOCK = 1 << 20
_PDF_SIGN = b"%PDF-"
_PDF_SIGN_WITHIN = 1024
_MARKS = (b"\xff\xfe", b"\xfe\xff")
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)[\s>]", re.I | re.DOTALL
)
_CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_PROGRAMS = ((b"MZ", "a Windows program"), (b"\x7fELF", "a program"))
_RTF = b"{\\rtf"
_MAIN_PART = "word/document.xml"
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
_SPOOFING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c\u200b\u2060\ufeff\ufff9-\ufffb]")


@dataclass(frozen=True, slots=True)
class _Content:
    """What the bytes say: a supported binary type, text, or neither with the name of what it seems to be."""

    media_type: str | None
    seems: str


def sniff(path: Path, name: str) -> str:
    """The media type of an upload with the display name `name`.

    Raises `EmptyFile`, `UnsupportedType`, `TypeMismatch`, and for a DOCX `ArchiveTooLarge` or `Unparsable`. Reads
    text files once, since a NUL anywhere means that it is none.
    """
    if path.stat().st_size == 0:
        raise EmptyFile(f"{clean_name(name)!r} is empty; choose the file again")
    extension = PureWindowsPath(clean_name(name)).suffix.casefold()
    expected = EXTENSIONS.get(extension)
    content = _content(path)
    if expected is None and (content.media_type is None or content.media_type == TEXT):
        raise UnsupportedType(
            f"{clean_name(name)!r} is not of a kind that can be read; known: {', '.join(sorted(EXTENSIONS))}"
        )
    if expected is None or not _fits(expected, content.media_type):
        claimed = f"its name says {_KINDS[expected]}" if expected else "its name does not say so"
        raise TypeMismatch(f"{clean_name(name)!r} is {content.seems}, but {claimed}; rename it or export it again")
    if expected == DOCX:
        check_archive(path)
    return expected


def _fits(expected: str, found: str | None) -> bool:
    if expected == MARKDOWN:
        return found == TEXT
    if expected == HTML:
        return found in (HTML, TEXT)
    return found == expected


def _content(path: Path) -> _Content:
    with path.open("rb") as source:
        head = source.read(_HEAD)
    if _PDF_SIGN in head[:_PDF_SIGN_WITHIN] and (head.startswith(_PDF_SIGN) or b"\0" in head or b"obj" in head):
        return _Content(PDF, _KINDS[PDF])
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        is_docx = _has_main_part(path)
        return _Content(DOCX if is_docx else None, "a DOCX" if is_docx else "a zip archive")
    if seems := _binary(path, head):
        return _Content(None, seems)
    if _HTML.match(head) or (head.startswith(_MARKS) and _HTML.match(head.replace(b"\0", b"")[2:])):
        return _Content(HTML, "an HTML page")
    return _Content(TEXT, "text")


def _has_main_part(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return _MAIN_PART in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # A cut-off file has lost its directory; the first part's name still tells what it was.
        with path.open("rb") as source:
            return b"word/" in source.read(_BLOCK)


def _binary(path: Path, head: bytes) -> str | None:
    """The name of a binary kind, or None for text."""
    if head.startswith(_MARKS):
        return None
    if head.startswith(_RTF):
        return "an RTF document"
    if b"\0" in head:
        for sign, program in _PROGRAMS:
            if head.startswith(sign):
                return program
    if known := _known_sign(head):
        return known
    with path.open("rb") as source:
        while block := source.read(_BLOCK):
            if b"\0" in block:
                return "a binary file"
    return "a binary file" if len(_CONTROLS.findall(head)) > 0.02 * len(head) else None


def _known_sign(head: bytes) -> str | None:
    """A kind that `puremagic` knows by a sign that is no text."""
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return None
    for match in found:
        sign = match.byte_match
        is_binary = any(byte < 9 or byte > 126 for byte in sign)
        if is_binary and len(sign) >= 2 and not _is_utf8_text(head):
            return f"a {(match.extension or match.name).lstrip('.').upper()} file"
    return None


def _is_utf8_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return False
        text = head[: error.start].decode("utf-8")
    return "\0" not in text and len(_CONTROLS.findall(head)) == 0


def clean_name(raw: str) -> str:
    """A display name: one path component in NFC without control and direction signs. Never part of a path."""
    text = unicodedata.normalize("NFC", raw.encode("utf-8", "replace").decode("utf-8"))
    text = _SPOOFING.sub("", text)
    text = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text)
    text = re.split(r"[/\\]", text.rstrip("/\\ "))[-1]
    text = " ".join(re.sub(r"^[A-Za-z]:", "", text).split()).rstrip(". ")
    stem, dot, suffix = text.rpartition(".")
    if not dot or len(suffix) > 10:
        stem, dot, suffix = text, "", ""
    stem = stem[: NAME_LENGTH - len(dot) - len(suffix)].rstrip(". ") or "document"
    if stem.casefold() in _DEVICES:
        stem = f"{stem}_"
    return f"{stem}{dot}{suffix}"
