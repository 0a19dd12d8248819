"""Plain text to events: underlined, numbered, capital and question headings, lists, and Q:/A: pairs."""

import re
from collections.abc import Iterator
from pathlib import Path

from backend.jobs.child_main import Report
from backend.parsing.decoding import read_lines
from backend.parsing.sections import PIECE_LENGTH, Event, Facts, Heading, Piece

_LINE = 16 * 1024
_UNDERLINE = re.compile(r"\s*([=\-~^\"'*#+:.`_])\1{2,}\s*")
_NUMBERED = re.compile(
    r"(?:(?:chapter|section|part|appendix)\s+)?(\d{1,3}(?:\.\d{1,3})*)([.)]?)\s+(?=\S*[^\W\d_])", re.I
)
_NAMED = re.compile(r"(?:chapter|part|appendix)\s+[\dA-Z]{1,4}\b[.:]?", re.I)
_ITEM = re.compile(r"\s*(?:([-*•‣◦–+o])|(\(?\d{1,3}[.)]|\(?[a-z][.)]))\s+(?=\S)")
_ASKED = re.compile(r"\s*(?:Q|Question)\s*\d*\s*[:.)]\s+\S")
_ANSWERED = re.compile(r"\s*(?:A|Answer)\s*\d*\s*[:.)]\s+\S")
_SPEECH = re.compile(r"[.!?]\s+\S")
_TABLE_GAP = re.compile(r"\S(?:\s{2,}|\t|\s\|\s)\S")
_COLUMN_GAP = re.compile(r"\s{2,}|\t+")
_HEADING_LENGTH = 120
_PARAGRAPH_LINES = 400


def read(path: Path, report: Report) -> Iterator[Event]:
    size = max(1, path.stat().st_size)
    done = 0
    reader = _Reader()
    title = ""
    for paragraph in _paragraphs(path):
        done = min(size, done + sum(len(line) + 1 for line in paragraph))
        report(done, size)
        for event in reader.read(paragraph):
            if not title and isinstance(event, Heading):
                title = event.text.strip()
                yield Facts(title=title)
            yield event


def _paragraphs(path: Path) -> Iterator[list[str]]:
    """Runs of lines between blank ones; a run that never ends is cut."""
    lines: list[str] = []
    length = 0
    for line in read_lines(path, longest=_LINE):
        line = line.replace("\f", "")
        if line.strip():
            lines.append(line)
            length += len(line)
        if lines and (not line.strip() or len(lines) >= _PARAGRAPH_LINES or length > PIECE_LENGTH):
            yield lines
            lines, length = [], 0
    if lines:
        yield lines


class _Reader:
    """Remembers which underlines were seen: their order of appearance is their level."""

    def __init__(self) -> None:
        self._styles: list[str] = []
        self._listing = False

    def read(self, lines: list[str]) -> Iterator[Event]:
        lines, heading = self._underlined(lines)
        if heading is not None:
            self._listing = False
            yield heading
            if lines:
                yield from self.read(lines)
            return
        heading = self._plain_heading(lines)
        if heading is not None:
            self._listing = False
            yield heading
            return
        yield from self._body(lines)

    def _underlined(self, lines: list[str]) -> tuple[list[str], Heading | None]:
        """A title between or over a line of signs, and what follows it."""
        over = len(lines) >= 3 and _is_rule(lines[0]) and not _is_rule(lines[1]) and _is_rule(lines[2])
        title_at = 1 if over else 0
        if len(lines) < title_at + 2 or _is_rule(lines[title_at]) or not _is_rule(lines[title_at + 1]):
            return lines, None
        title, rule = lines[title_at].strip(), lines[title_at + 1].strip()
        if len(rule) < 0.6 * len(title) or len(title) > _HEADING_LENGTH or _TABLE_GAP.search(title):
            return lines, None
        style = rule[0] * (2 if over else 1)
        if style not in self._styles:
            self._styles.append(style)
        return lines[title_at + 2 :], Heading(self._styles.index(style) + 1, title)

    def _plain_heading(self, lines: list[str]) -> Heading | None:
        """A short flush-left paragraph that is numbered, in capitals or a question."""
        if len(lines) > 2 or lines[0][:1].isspace():
            return None
        text = " ".join(line.strip() for line in lines)
        if len(text) > _HEADING_LENGTH or _ASKED.match(text) or _ANSWERED.match(text):
            return None
        base = len(self._styles)
        numbered = _NUMBERED.match(text)
        if numbered and self._is_numbered_heading(text[numbered.end() :], numbered):
            return Heading(base + numbered[1].count(".") + 1, text)
        if len(lines) > 1:
            return None
        if _NAMED.match(text) and not text.endswith((".", ",", ";")):
            return Heading(base + 1, text)
        if text.endswith("?") and not _SPEECH.search(text[:-1]) and not _ITEM.match(text):
            return Heading(base + 3, text)
        letters = [sign for sign in text if sign.isalpha()]
        if len(letters) >= 4 and text.upper() == text and text.lower() != text and not text.endswith((".", ",", ";")):
            return Heading(base + 1, text)
        return None

    def _is_numbered_heading(self, title: str, number: re.Match[str]) -> bool:
        """`1.2 Title` is one; `1. Text` is one unless it reads like an item of a list."""
        if title.endswith((".", ",", ";", ":")) or self._listing:
            return False
        if number[2] == ")":
            return False
        return "." in number[1] or (title[:1].isupper() and not _SPEECH.search(title) and len(title) <= 80)

    def _body(self, lines: list[str]) -> Iterator[Event]:
        self._listing = False
        if _is_table(lines):
            yield Piece("table", "\n".join(_COLUMN_GAP.sub(" | ", line.strip()) for line in lines))
            return
        for part in _parts(lines):
            item = _ITEM.match(part[0])
            text = "\n".join(part)
            if item:
                self._listing = True
                yield _item(item, text)
            elif len(part) > 1 and all(line.startswith(("    ", "\t")) for line in part) and _looks_like_code(part):
                yield Piece("code", text)
            else:
                yield Piece("paragraph", text)


def _parts(lines: list[str]) -> Iterator[list[str]]:
    """The paragraph cut before each list item, question and answer."""
    part: list[str] = []
    for line in lines:
        if part and (_ASKED.match(line) or _ANSWERED.match(line) or _starts_item(line, part)):
            yield part
            part = []
        part.append(line)
    if part:
        yield part


def _starts_item(line: str, part: list[str]) -> bool:
    """An item may follow an item or a line that ends; a dash at the start of a wrapped line is none."""
    if not _ITEM.match(line):
        return False
    return bool(_ITEM.match(part[0])) or part[-1].rstrip().endswith((":", ".", ";", "!", "?"))


def _item(mark: re.Match[str], text: str) -> Piece:
    if mark[1]:
        return Piece("list", "- " + text[mark.end() :])
    return Piece("ordered", text.strip())


def _is_rule(line: str) -> bool:
    return _UNDERLINE.fullmatch(line) is not None


def _is_table(lines: list[str]) -> bool:
    """Three lines or more, nearly all with a gap inside, are columns."""
    if len(lines) < 3 or any(_ITEM.match(line) for line in lines[:2]):
        return False
    return sum(bool(_TABLE_GAP.search(line.strip())) for line in lines) >= 0.8 * len(lines)


def _looks_like_code(lines: list[str]) -> bool:
    """Few lines end like prose, and some carry the signs of a shell or a programming language."""
    signs = sum(bool(re.search(r"[{}();=<>$\\|]|^\s*(?:#|//|--)", line)) for line in lines)
    return signs >= 0.4 * len(lines)
