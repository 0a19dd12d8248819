"""DOCX to events through xberg's document tree: headings, lists, tables, quotes, footnotes, accepted changes."""

import asyncio
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

import xberg

from backend.errors import Unparsable
from backend.jobs.child_main import Report
from backend.parsing.archive import UNPACKED_BYTES, check_archive
from backend.parsing.base import BlockKind
from backend.parsing.sections import Event, Facts, Heading, Piece

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_BODY = "word/document.xml"
_BODY_ROOT = "document"
_BLOCK = 1 << 20
_DAMAGED = "the DOCX is damaged; open it in a word processor, save it again and upload that"
_BOLD_LENGTH = 160
_ANY_RATIO = 1_000_000
_LAYERS_LEFT_OUT = frozenset({"header", "footer"})
_TITLE_STYLES = frozenset({"title", "subtitle"})
_CODE_STYLES = ("code", "html preformatted", "macro text", "source")


def read(path: Path, report: Report) -> Iterator[Event]:
    """Raises `ArchiveTooLarge` or `Unparsable`."""
    check_archive(path)
    _check_body(path)
    document = asyncio.run(_extract(path))
    if document is None or document.document is None:
        raise Unparsable("the DOCX has no body; open it in a word processor, save it again and upload that")
    nodes = [_Node(node) for node in document.document.nodes]
    total = max(1, len(nodes))
    title = ""
    walker = _Walker(nodes)
    for at, node in enumerate(nodes):
        for event in walker.events(node):
            if not title and isinstance(event, Heading):
                title = event.text
            yield event
        report(at + 1, total)
    yield Facts(title=document.metadata.title or title)


def _check_body(path: Path) -> None:
    """xberg takes a body that is no XML for an empty one. ECMA-376-2 forbids a DTD, so no entity is ever expanded."""
    parser = expat.ParserCreate()

    def check_root(name: str, _attributes: object) -> None:
        parser.StartElementHandler = None
        if name.rpartition(":")[2] != _BODY_ROOT:
            raise Unparsable(_DAMAGED)

    parser.StartDoctypeDeclHandler = _refuse_entities
    parser.StartElementHandler = check_root
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_BODY) as body:
            while block := body.read(_BLOCK):
                parser.Parse(block, False)
        parser.Parse(b"", True)
    except (expat.ExpatError, KeyError) as error:
        raise Unparsable(_DAMAGED) from error


def _refuse_entities(*_: object) -> NoReturn:
    raise Unparsable("the DOCX declares entities, which no word processor writes; save it again and upload that")


async def _extract(path: Path) -> Any:
    """xberg's own guard refuses short repetitive texts by their ratio alone; the bounds were checked before."""
    limits = xberg.SecurityLimits(
        max_archive_size=UNPACKED_BYTES,
        max_compression_ratio=_ANY_RATIO,
        max_content_size=UNPACKED_BYTES,
    )
    config = xberg.ExtractionConfig(
        include_document_structure=True, disable_ocr=True, use_cache=False, security_limits=limits
    )
    source = xberg.ExtractInput(kind="bytes", bytes=path.read_bytes(), mime_type=DOCX)
    try:
        found = await xberg.extract(source, config)
    except (RuntimeError, ValueError, OSError, xberg.XbergError) as error:
        raise Unparsable(_DAMAGED) from error
    return found.results[0] if found.results else None


class _Node:
    """One node of the tree, with its content as plain values."""

    def __init__(self, node: Any) -> None:
        self.content: dict[str, Any] = json.loads(str(node.content))
        self.kind: str = self.content["node_type"]
        self.text: str = self.content.get("text") or ""
        self.parent: int | None = node.parent
        self.layer = str(node.content_layer).strip('"').casefold()
        self.style = ((node.attributes or {}).get("style_name") or "").casefold()
        self._annotations = node.annotations

    @property
    def is_bold(self) -> bool:
        length = len(self.text.encode())
        bold = [mark for mark in self._annotations if '"bold"' in str(mark.kind)]
        covered = sum(mark.end - mark.start for mark in bold)
        return bool(bold) and len(self.text) <= _BOLD_LENGTH and covered >= length - self.text.count(" ") - 1


class _Walker:
    """Turns the nodes, in their order, into events."""

    def __init__(self, nodes: list[_Node]) -> None:
        self._nodes = nodes
        self._list: int | None = None
        self._number = 0

    def events(self, node: _Node) -> Iterator[Event]:
        if node.layer in _LAYERS_LEFT_OUT:
            return
        match node.kind:
            case "heading" | "title":
                yield Heading(self._level(node), node.text)
            case "list_item":
                yield self._item(node)
            case "table":
                yield Piece("table", _table(node.content["grid"]))
            case "code":
                yield Piece("code", node.text)
            case "definition_item":
                yield Piece("bold", node.content.get("term") or "")
                yield Piece("paragraph", node.content.get("definition") or "")
            case "paragraph" | "footnote" | "formula" | "raw_block" | "citation":
                yield Piece(self._kind(node), node.text or node.content.get("content") or "")

    def _level(self, node: _Node) -> int:
        """The title of the document stands above the headings."""
        level = int(node.content.get("level") or 1)
        return level if node.style in _TITLE_STYLES or node.kind == "title" else level + 1

    def _item(self, node: _Node) -> Piece:
        if node.parent != self._list:
            self._list, self._number = node.parent, 0
        self._number += 1
        parent = self._nodes[node.parent] if node.parent is not None else None
        if parent is not None and parent.content.get("ordered"):
            return Piece("ordered", f"{self._number}. {node.text}")
        return Piece("list", f"- {node.text}")

    def _kind(self, node: _Node) -> BlockKind:
        parent = self._nodes[node.parent] if node.parent is not None else None
        if parent is not None and parent.kind == "quote":
            return "quote"
        if node.style.startswith(_CODE_STYLES):
            return "code"
        return "bold" if node.is_bold else "paragraph"


def _table(grid: dict[str, Any]) -> str:
    """One line a row. xberg says that every cell spans one column: a merged cell leaves empty ones behind it."""
    rows: list[list[str]] = [[] for _ in range(grid["rows"])]
    for cell in grid["cells"]:
        rows[cell["row"]].append(" ".join(cell["content"].split()))
    lines = (" | ".join(row).rstrip(" |") for row in rows)
    return "\n".join(line for line in lines if line)
