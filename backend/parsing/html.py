"""HTML to events with the standard library's tokenizer: streaming, no recursion, and anchors are kept."""

import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

from backend.jobs.child_main import Report
from backend.parsing.base import BlockKind
from backend.parsing.decoding import read_text
from backend.parsing.sections import PIECE_LENGTH, Event, Facts, Heading, Piece, one_line


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_VOID = _names("area base br col embed hr img input link meta param source track wbr")
_HIDDEN = _names("head script style template noscript svg select textarea iframe object nav")
_HIDDEN_ROLES = _names("navigation search")
_HIDDEN_CLASSES = _names(
    "navheader navfooter docnav headerlink toc sphinxsidebar related navbar breadcrumb breadcrumbs skip-link "
    "toctree-l1 toctree-l2 toctree-l3 toctree-l4 toctree-l5 toctree-l6"
)
_BLOCKS = _names(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form header hgroup hr html legend li main menu ol p pre section summary table tbody td tfoot th thead "
    "tr ul"
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BOUNDARIES = _BLOCKS | _HEADINGS.keys()
_BOLD = frozenset({"b", "strong"})
# A start tag closes these when they are open inside the nearest scope (the HTML standard's implied end tags).
_IMPLIED = {
    "li": ({"li"}, {"ul", "ol", "menu"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "tr": ({"tr"}, {"table"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
}
_INNER = frozenset({"article", "main", "section", "blockquote"})
_CHUNK = 64 * 1024
_BOLD_LENGTH = 300
_TAG = re.compile(r"<[^<>]*>")


def read(path: Path, report: Report) -> Iterator[Event]:
    reader = _Reader()
    size = max(1, path.stat().st_size)
    done = 0
    waiting: list[str] = []
    length = 0
    for text in read_text(path, size=_CHUNK, html=True):
        waiting.append(text)
        length += len(text)
        # The tokenizer scans an unfinished tag again at each call: it gets twice as much each time.
        if length >= len(reader.rawdata):
            reader.feed("".join(waiting))
            waiting, length = [], 0
        done = min(size, done + len(text))
        report(done, size)
        yield from reader.take()
    reader.feed("".join(waiting))
    reader.finish()
    yield from reader.take()
    yield Facts(title=one_line(reader.title))


class _Element:
    __slots__ = ("hides", "items", "tag")

    def __init__(self, tag: str, *, hides: bool) -> None:
        self.tag = tag
        self.hides = hides
        self.items = 0


class _Reader(HTMLParser):
    """Keeps the open elements and the text of the block that is being read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self._events: list[Event] = []
        self._elements: list[_Element] = []
        self._count: Counter[str] = Counter()
        self._hiding = 0
        self._text: list[str] = []
        self._plain = False
        self._length = 0
        self._marker = ""
        self._anchor: str | None = None
        self._table = _Table()

    def take(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def finish(self) -> None:
        """The end of the file. A long tail is a tag or comment that never ends: what is no tag in it is text."""
        if len(self.rawdata) > _CHUNK:
            tail, self.rawdata = self.rawdata, ""
            self.handle_data(unescape(_TAG.sub(" ", tail)))
        self.close()
        while self._elements:
            self.handle_endtag(self._elements[-1].tag)
        self._flush()
        self._flush_table()

    # --- the tokenizer's calls -------------------------------------------------
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BOUNDARIES and self._count["head"]:
            self.handle_endtag("head")
        self._imply_ends(tag)
        if tag in _BOUNDARIES:
            self._boundary(tag)
        given = dict(attrs)
        if anchor := given.get("id") or (given.get("name") if tag == "a" else None):
            self._anchor = anchor
        if tag == "br":
            self._break_line()
        if tag in _VOID:
            return
        element = _Element(tag, hides=self._hides(tag, given))
        if tag == "li":
            self._marker = self._next_marker()
        self._elements.append(element)
        self._count[tag] += 1
        self._hiding += element.hides

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID and tag not in _BLOCKS:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._count[tag]:
            return
        while self._elements:
            if self._elements[-1].tag in _BOUNDARIES:
                self._end_block(self._elements[-1].tag)
            element = self._elements.pop()
            self._count[element.tag] -= 1
            self._hiding -= element.hides
            if element.tag == tag:
                break

    def handle_data(self, data: str) -> None:
        if self._count["title"] and self._count["head"] and not self._count["svg"]:
            self.title += data[:1000]
        if self._hiding:
            return
        self._text.append(data)
        self._length += len(data)
        if not self._plain and data.strip() and not any(self._count[tag] for tag in _BOLD):
            self._plain = True
        if self._length > PIECE_LENGTH and not self._in_heading() and not self._count["table"]:
            self._flush_long()

    def unknown_decl(self, data: str) -> None:
        """CDATA in XHTML is text; elsewhere it is nothing."""
        if data.startswith("CDATA["):
            self.handle_data(data[6:])

    # --- blocks -----------------------------------------------------------------
    def _hides(self, tag: str, given: dict[str, str | None]) -> bool:
        if tag in _HIDDEN or given.get("role") in _HIDDEN_ROLES:
            return True
        if tag == "footer" and not any(self._count[inner] for inner in _INNER):
            return True
        if tag in ("html", "body"):
            return False
        if "hidden" in given or given.get("aria-hidden") == "true":
            return True
        return not _HIDDEN_CLASSES.isdisjoint((given.get("class") or "").lower().split())

    def _imply_ends(self, tag: str) -> None:
        if tag in _BOUNDARIES and self._count["p"]:
            self._close_within({"p"}, {"table", "li", "blockquote", "dd", "div", "section"})
        if tag in _IMPLIED:
            self._close_within(*_IMPLIED[tag])

    def _close_within(self, tags: set[str], scope: set[str]) -> None:
        if not any(self._count[tag] for tag in tags):
            return
        for element in reversed(self._elements):
            if element.tag in scope:
                return
            if element.tag in tags:
                self.handle_endtag(element.tag)
                return

    def _boundary(self, tag: str) -> None:
        if self._count["table"] and tag not in _HEADINGS and tag != "pre":
            self._text.append(" ")
            return
        self._flush_table()
        self._flush()

    def _end_block(self, tag: str) -> None:
        if self._count["table"] and tag in ("td", "th", "tr", "table", "caption"):
            self._end_cell(tag)
        elif self._count["table"] and tag not in _HEADINGS and tag != "pre":
            self._text.append(" ")
        else:
            self._flush(tag)

    def _end_cell(self, tag: str) -> None:
        if tag in ("td", "th") or "".join(self._text).strip():
            self._table.add_cell(one_line(self._take_text()))
        if tag in ("tr", "table", "caption"):
            self._table.end_row()
        if self._table.length > PIECE_LENGTH or (tag == "table" and self._count["table"] == 1):
            self._flush_table()

    def _break_line(self) -> None:
        if self._text and self._text[-1] == "\n" and not self._count["pre"] and not self._count["table"]:
            self._flush()
        else:
            self._text.append("\n")

    def _in_heading(self) -> bool:
        return any(self._count[tag] for tag in _HEADINGS)

    def _take_text(self) -> str:
        text = "".join(self._text)
        self._text, self._plain, self._length = [], False, 0
        return text

    def _flush_table(self) -> None:
        if self._table.cells and "".join(self._text).strip():
            self._table.add_cell(one_line(self._take_text()))
        if rows := self._table.take():
            self._events.append(Piece("table", rows))

    def _flush_long(self) -> None:
        """Give what is there, up to the last white space: a text without block tags may be of any length."""
        text = "".join(self._text)
        cut = max(text.rfind(" "), text.rfind("\n"))
        if cut > 0:
            self._text = [text[:cut]]
            self._flush()
            self._text, self._plain, self._length = [text[cut:]], True, len(text) - cut

    def _flush(self, tag: str = "") -> None:
        plain = self._plain
        text = self._take_text()
        if not text.strip():
            return
        if tag in _HEADINGS:
            self._events.append(Heading(_HEADINGS[tag], text, anchor=self._anchor))
        elif self._count["pre"]:
            self._events.append(Piece("code", text))
        else:
            self._events.append(self._piece(text.strip(), plain=plain, term=tag == "dt"))
        self._anchor = None

    def _piece(self, text: str, *, plain: bool, term: bool) -> Piece:
        kind: BlockKind = "paragraph"
        if self._count["li"]:
            ordered = self._list_tag() == "ol"
            marked = self._marker + text
            self._marker = ""
            return Piece("ordered" if ordered else "list", marked)
        if self._count["blockquote"]:
            kind = "quote"
        elif (term or not plain) and len(text) <= _BOLD_LENGTH:
            kind = "bold"
        return Piece(kind, text)

    def _list(self) -> _Element | None:
        for element in reversed(self._elements):
            if element.tag in ("ol", "ul", "menu"):
                return element
        return None

    def _list_tag(self) -> str:
        element = self._list()
        return element.tag if element else "ul"

    def _next_marker(self) -> str:
        element = self._list()
        if element is None or element.tag != "ol":
            return "- "
        element.items += 1
        return f"{element.items}. "


class _Table:
    """Rows of the table that is open, one line each."""

    def __init__(self) -> None:
        self.cells: list[str] = []
        self.length = 0
        self._rows: list[str] = []

    def add_cell(self, text: str) -> None:
        self.cells.append(text)
        self.length += len(text) + 3

    def end_row(self) -> None:
        if any(self.cells):
            self._rows.append(" | ".join(self.cells))
        self.cells = []

    def take(self) -> str:
        self.end_row()
        rows, self._rows, self.length = "\n".join(self._rows), [], 0
        return rows
