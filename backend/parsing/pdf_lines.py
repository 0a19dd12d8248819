"""Lines of a PDF page with their place and font, through pdfium.

Coordinates are points from the lower left corner of the page as it is seen (rotation applied).
"""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pypdfium2 as pdfium  # type: ignore[import-untyped]  # ships no types
import pypdfium2.raw as raw  # type: ignore[import-untyped]  # ships no types

HYPHENS = "\x02\ufffe\u00ad"
CELL_GAP = 1.8
# pdfium runs a word on over its hyphen at the end of a line: such a word is two.
_WORD = re.compile(f"[^\\s{HYPHENS}]+[{HYPHENS}]?")
_BOLD_NAME = re.compile(r"bold|black|heavy|demi|semib|[A-Z]BX\d|-bd\b", re.I)
_FIXED_NAME = re.compile(r"mono|courier|consol|typewriter|CMTT|CMSLTT|SFTT|inconsol|source.?code|fira.?code", re.I)
_FIXED_FLAG = 1
_BOLD_WEIGHT = 600
_NAME_LENGTH = 128


@dataclass(slots=True)
class Word:
    text: str
    left: float
    bottom: float
    right: float
    top: float
    size: float


@dataclass(slots=True)
class Line:
    """Words on one baseline. `cells` are the runs between wide gaps; prose has one."""

    cells: list[str]
    left: float
    bottom: float
    right: float
    top: float
    size: float
    is_bold: bool
    is_fixed: bool
    page: int
    base: float
    lefts: list[float] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(self.cells)


@dataclass(slots=True)
class Page:
    number: int
    width: float
    height: float
    lines: list[Line]


def read_page(page: pdfium.PdfPage, number: int) -> Page:
    width, height = page.get_size()
    text_page = page.get_textpage()
    try:
        source = _Source(text_page, page.get_rotation(), width, height)
        lines = [source.line(words, number) for words in _runs(source)]
    finally:
        text_page.close()
    return Page(number, width, height, in_reading_order(lines, width))


class _Source:
    """The characters of one page."""

    def __init__(self, text_page: pdfium.PdfTextPage, rotation: int, width: float, height: float) -> None:
        self._raw = text_page.raw
        self._rotation = rotation
        self._width = width
        self._height = height
        self._box = [ctypes.c_double() for _ in range(4)]
        self._references = [ctypes.byref(number) for number in self._box]
        self._name = ctypes.create_string_buffer(_NAME_LENGTH)
        self._flags = ctypes.c_int()
        self.text = self._read(raw.FPDFText_CountChars(self._raw))

    def _read(self, count: int) -> str:
        """One code point for each character index."""
        if count <= 0:
            return ""
        buffer = (ctypes.c_ushort * (count + 1))()
        written = raw.FPDFText_GetText(self._raw, 0, count, buffer)
        if written - 1 == count:
            text = bytes(buffer)[: count * 2].decode("utf-16-le", "surrogatepass")
            if len(text) == count:
                return text
        codes = (raw.FPDFText_GetUnicode(self._raw, index) for index in range(count))
        return "".join(chr(code) if 0 < code < 0x110000 else " " for code in codes)

    def box(self, index: int) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of a character."""
        left, right, bottom, top = self._references
        raw.FPDFText_GetCharBox(self._raw, index, left, right, bottom, top)
        x0, x1, y0, y1 = (number.value for number in self._box)
        return self._turned(x0, y0, x1, y1)

    def baseline(self, index: int) -> float:
        """The height on which a character stands."""
        x, y = self._references[:2]
        raw.FPDFText_GetCharOrigin(self._raw, index, x, y)
        at_x, at_y = self._box[0].value, self._box[1].value
        return self._turned(at_x, at_y, at_x, at_y)[1]

    def _turned(self, x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float, float]:
        match self._rotation:
            case 90:
                return y0, self._height - x1, y1, self._height - x0
            case 180:
                return self._width - x1, self._height - y1, self._width - x0, self._height - y0
            case 270:
                return self._width - y1, x0, self._width - y0, x1
            case _:
                return x0, y0, x1, y1

    def word(self, start: int, end: int) -> Word:
        left, bottom, right, top = self.box(start)
        if end - start > 1:
            left2, bottom2, right2, top2 = self.box(end - 1)
            left, bottom = min(left, left2), min(bottom, bottom2)
            right, top = max(right, right2), max(top, top2)
        size = raw.FPDFText_GetFontSize(self._raw, start)
        return Word(self.text[start:end], left, bottom, right, top, size)

    def font(self, index: int) -> tuple[bool, bool]:
        """Whether the font is bold, and whether all its signs are equally wide."""
        length = raw.FPDFText_GetFontInfo(self._raw, index, self._name, _NAME_LENGTH, ctypes.byref(self._flags))
        name = self._name.value.decode("latin-1") if 0 < length <= _NAME_LENGTH else ""
        weight = raw.FPDFText_GetFontWeight(self._raw, index)
        is_bold = weight >= _BOLD_WEIGHT or _BOLD_NAME.search(name) is not None
        return is_bold, bool(self._flags.value & _FIXED_FLAG) or _FIXED_NAME.search(name) is not None

    def line(self, words: list[tuple[Word, int]], page: int) -> Line:
        size = max(word.size for word, _ in words)
        if size <= 0:
            size = max(word.top - word.bottom for word, _ in words) or 1.0
        fonts = [self.font(index) for _, index in (words[0], words[-1], words[len(words) // 2])]
        cells, lefts = _cells([word for word, _ in words], size)
        return Line(
            cells=cells,
            lefts=lefts,
            left=min(word.left for word, _ in words),
            bottom=min(word.bottom for word, _ in words),
            right=max(word.right for word, _ in words),
            top=max(word.top for word, _ in words),
            size=round(size, 1),
            is_bold=all(bold for bold, _ in fonts),
            is_fixed=all(fixed for _, fixed in fonts),
            page=page,
            base=self.baseline(words[0][1]),
        )


def _runs(source: _Source) -> Iterator[list[tuple[Word, int]]]:
    """Words in the order of the page's content, cut where the line ends or the text jumps."""
    run: list[tuple[Word, int]] = []
    for found in _WORD.finditer(source.text):
        word = source.word(found.start(), found.end())
        if run and not _continues(run[-1][0], word):
            yield run
            run = []
        run.append((word, found.start()))
    if run:
        yield run


def _continues(before: Word, word: Word) -> bool:
    height = max(before.top - before.bottom, word.top - word.bottom, 1.0)
    overlap = min(before.top, word.top) - max(before.bottom, word.bottom)
    lower = min(before.top - before.bottom, word.top - word.bottom)
    is_level = overlap >= 0.3 * max(lower, 0.1) or abs(before.bottom - word.bottom) < 0.25 * height
    return is_level and word.left >= before.right - max(0.5 * height, 3.0)


def _cells(words: list[Word], size: float) -> tuple[list[str], list[float]]:
    cells = [words[0].text]
    lefts = [words[0].left]
    for before, word in pairwise(words):
        if word.left - before.right > CELL_GAP * size:
            cells.append(word.text)
            lefts.append(word.left)
        else:
            cells[-1] += word.text if before.text[-1] in HYPHENS else " " + word.text
    return cells, lefts


def in_reading_order(lines: list[Line], width: float) -> list[Line]:
    """Join what stands on one baseline; where two columns were drawn row by row, the left column comes first."""
    gutter = _gutter(lines, width)
    if gutter is None:
        return _join_rows(lines)
    halves = [part for line in lines for part in _split_at(line, gutter)]
    ordered: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    for line in sorted(halves, key=lambda line: -line.top):
        if line.left < gutter < line.right:
            ordered += left + right + [line]
            left, right = [], []
        else:
            (left if line.right <= gutter else right).append(line)
    return _join_rows(ordered + left + right)


def _gutter(lines: list[Line], width: float) -> float | None:
    """The middle of an empty strip with full columns of prose on both sides, when rows were drawn across it."""
    crossing = [line for line in lines if len(line.cells) == 2 and all(len(cell.split()) >= 4 for cell in line.cells)]
    if len(crossing) < max(8, 0.4 * len(lines)):
        return None
    edge = sorted(line.lefts[1] for line in crossing)[len(crossing) // 4]
    aligned = [line for line in crossing if abs(line.lefts[1] - edge) < 0.02 * width]
    return edge - 2.0 if 0.3 * width < edge < 0.7 * width and len(aligned) > 0.7 * len(crossing) else None


def _split_at(line: Line, gutter: float) -> list[Line]:
    if len(line.cells) != 2 or not line.left < gutter <= line.lefts[1]:
        return [line]
    shared = (line.size, line.is_bold, line.is_fixed, line.page, line.base)
    return [
        Line([line.cells[0]], line.left, line.bottom, gutter - 1, line.top, *shared, lefts=[line.left]),
        Line([line.cells[1]], line.lefts[1], line.bottom, line.right, line.top, *shared, lefts=[line.lefts[1]]),
    ]


def _join_rows(lines: list[Line]) -> list[Line]:
    joined: list[Line] = []
    for line in lines:
        before = joined[-1] if joined else None
        if before is not None and _same_row(before, line):
            _join(before, line)
        else:
            joined.append(line)
    return joined


def _same_row(before: Line, line: Line) -> bool:
    height = max(before.size, line.size)
    overlap = min(before.top, line.top) - max(before.bottom, line.bottom)
    is_level = overlap > 0.5 * min(before.top - before.bottom, line.top - line.bottom)
    return is_level and line.left >= before.right - 0.3 * height


def _join(before: Line, line: Line) -> None:
    if line.left - before.right > CELL_GAP * max(before.size, line.size):
        before.cells += line.cells
        before.lefts += line.lefts
    else:
        glue = " " if line.left - before.right > 0.12 * line.size else ""
        before.cells[-1] += glue + line.cells[0]
        before.cells += line.cells[1:]
        before.lefts += line.lefts[1:]
    before.right = max(before.right, line.right)
    before.top, before.bottom = max(before.top, line.top), min(before.bottom, line.bottom)
    before.is_bold = before.is_bold and line.is_bold
    before.is_fixed = before.is_fixed and line.is_fixed
    before.size = max(before.size, line.size)
