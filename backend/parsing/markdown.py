"""Markdown to events with markdown-it (CommonMark and tables), in parts so that a large file stays small in memory."""

import re
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from backend.jobs.child_main import Report
from backend.parsing.base import BlockKind
from backend.parsing.decoding import read_lines
from backend.parsing.sections import Event, Facts, Heading, Piece

_LINE = 64 * 1024
_PART = 256 * 1024
_LONGEST_PART = 1024 * 1024
_ATX = re.compile(r"#{1,6}\s")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_TITLE = re.compile(r"title:\s*[\"']?(.*?)[\"']?\s*$")
_TAG = re.compile(r"<!--.*?-->|<(/?)[A-Za-z][^>]*>", re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>", re.I)
_ANCHOR = re.compile(r"<a\s[^>]*?\b(?:id|name)=[\"']([^\"']+)[\"']", re.I)
_EXPLICIT_ID = re.compile(r"\s*\{#([\w.:-]+)[^}]*\}\s*$")
_FRONT_MATTER_LINES = 200
# markdown-it drops what is nested deeper, so that deeper marks are cut off before.
_NESTING = 150
_DEEP = re.compile(r"^([\s>*+-]{60})[\s>*+-]+")


def read(path: Path, report: Report) -> Iterator[Event]:
    lines = _Lines(path)
    size = max(1, path.stat().st_size)
    title, rest = _front_matter(lines)
    done = 0
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": _NESTING}).enable(["table"])
    # A definition of a link may stand in an earlier part than its use.
    references: dict[str, object] = {}
    for source in _parts(rest):
        for event in _Walker(parser.parse(source, references)).events():
            if not title and isinstance(event, Heading):
                title = event.text
            yield event
        done = min(size, done + len(source))
        report(done, size)
    yield Facts(title=title)


class _Lines:
    """The file's lines, with the first ones readable ahead."""

    def __init__(self, path: Path) -> None:
        self._lines = (_DEEP.sub(r"\1", line, count=1) for line in read_lines(path, longest=_LINE))
        self.ahead: list[str] = []

    def peek(self, count: int) -> list[str]:
        for line in self._lines:
            self.ahead.append(line)
            if len(self.ahead) >= count:
                break
        return self.ahead

    def __iter__(self) -> Iterator[str]:
        yield from self.ahead
        yield from self._lines


def _front_matter(lines: _Lines) -> tuple[str, Iterator[str]]:
    """The title in a YAML block at the top, and the lines after that block."""
    first = lines.peek(_FRONT_MATTER_LINES)
    if not first or first[0].rstrip() != "---":
        return "", iter(lines)
    for at, line in enumerate(first[1:], start=1):
        if line.rstrip() in ("---", "..."):
            if not _is_yaml(first[1:at]):
                break
            titles = [found[1] for found in map(_TITLE.match, first[1:at]) if found]
            del lines.ahead[: at + 1]
            return (titles[0] if titles else ""), iter(lines)
    return "", iter(lines)


def _is_yaml(lines: list[str]) -> bool:
    return bool(lines) and all(
        not line.strip() or line[:1] in " -#" or re.match(r"[\w.-]+\s*:", line) is not None for line in lines
    )


def _parts(lines: Iterator[str]) -> Iterator[str]:
    """Cut before a heading outside fences, and at the latest before any flush-left line after a blank one."""
    part: list[str] = []
    length = 0
    fence = ""
    for line in lines:
        blank_before = not part or not part[-1].strip()
        starts_block = bool(_ATX.match(line)) or (blank_before and line[:1].strip() != "" and length > _LONGEST_PART)
        if not fence and length > _PART and starts_block:
            yield "\n".join(part)
            part, length = [], 0
        fence = _fence_after(line, fence)
        part.append(line)
        length += len(line) + 1
        if length > 4 * _LONGEST_PART:
            yield "\n".join(part)
            part, length, fence = [], 0, ""
    yield "\n".join(part)


def _fence_after(line: str, fence: str) -> str:
    mark = _FENCE.match(line)
    if mark is None:
        return fence
    if not fence:
        return mark[1]
    return "" if mark[1].startswith(fence) and not line[mark.end() :].strip() else fence


class _Walker:
    """Turns the tokens of one part into events."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._lists: list[tuple[BlockKind, int]] = []
        self._marker = ""
        self._quotes = 0
        self._heading = 0
        self._cells: list[str] = []
        self._rows: list[str] = []
        self._in_table = False
        self._anchor: str | None = None

    def events(self) -> Iterator[Event]:
        for token in self._tokens:
            if token.type == "inline":
                yield from self._inline(token)
            elif token.type in ("fence", "code_block"):
                yield Piece("code", token.content)
            elif token.type == "html_block":
                yield from self._html(token.content)
            else:
                yield from self._structure(token)

    def _structure(self, token: Token) -> Iterator[Event]:
        match token.type:
            case "heading_open":
                self._heading = int(token.tag[1])
            case "heading_close":
                self._heading = 0
            case "blockquote_open":
                self._quotes += 1
            case "blockquote_close":
                self._quotes -= 1
            case "table_open":
                self._in_table = True
            case "tr_close":
                self._rows.append(" | ".join(self._cells))
                self._cells = []
            case "table_close":
                self._in_table = False
                yield Piece("table", "\n".join(self._rows))
                self._rows = []
            case _:
                self._list(token)

    def _list(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._lists.append(("list", 0))
            case "ordered_list_open":
                start = token.attrGet("start")
                self._lists.append(("ordered", int(1 if start is None else start) - 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._open_item()

    def _open_item(self) -> None:
        kind, number = self._lists.pop()
        self._lists.append((kind, number + 1))
        self._marker = f"{number + 1}. " if kind == "ordered" else "- "

    def _inline(self, token: Token) -> Iterator[Event]:
        text = _plain(token.children or [])
        if found := _ANCHOR.search(token.content):
            self._anchor = found[1]
        if self._in_table:
            self._cells.append(" ".join(text.split()))
        elif self._heading:
            explicit = _EXPLICIT_ID.search(text)
            anchor = explicit[1] if explicit else self._anchor
            yield Heading(self._heading, text[: explicit.start()] if explicit else text, anchor=anchor)
            self._anchor = None
        elif text.strip():
            yield from self._paragraph(text, _is_bold(token.children or []))

    def _paragraph(self, text: str, is_bold: bool) -> Iterator[Event]:
        if self._lists:
            yield Piece(self._lists[-1][0], self._marker + text)
            self._marker = ""
        elif self._quotes:
            yield Piece("quote", text)
        else:
            yield from (Piece("bold" if is_bold else "paragraph", part) for part in _speakers(text))

    def _html(self, source: str) -> Iterator[Event]:
        if found := _ANCHOR.search(source):
            self._anchor = found[1]
        if re.match(r"\s*<(?:script|style)\b", source, re.I):
            return
        text = _TAG.sub(" ", _BREAK.sub("\n", source))
        if text.strip():
            yield Piece("paragraph", text)


def _speakers(text: str) -> list[str]:
    """`Q: ...` and `A: ...` on lines of one paragraph are blocks of their own."""
    return re.split(r"\n(?=(?:Q|A|Question|Answer)\s*\d*\s*[:.]\s)", text)


def _plain(children: list[Token]) -> str:
    """The words of an inline run: no emphasis marks, no addresses, the alternative text of images."""
    parts: list[str] = []
    for child in children:
        match child.type:
            case "text" | "code_inline" | "text_special":
                parts.append(child.content)
            case "softbreak" | "hardbreak":
                parts.append("\n")
            case "image":
                parts.append(_plain(child.children or []))
            case "html_inline" if _BREAK.match(child.content):
                parts.append("\n")
    return "".join(parts)


def _is_bold(children: list[Token]) -> bool:
    """One pair of strong marks spans all of it."""
    seen = [child for child in children if child.type != "text" or child.content.strip()]
    if len(seen) < 3 or seen[0].type != "strong_open" or seen[-1].type != "strong_close":
        return False
    depth = 0
    for at, child in enumerate(seen):
        depth += (child.type == "strong_open") - (child.type == "strong_close")
        if depth == 0 and at < len(seen) - 1:
            return False
    return True
