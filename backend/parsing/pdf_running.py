"""Running heads, running feet and page numbers of a PDF."""

import re
from collections import Counter, defaultdict

from backend.parsing.pdf_lines import Line, Page

_EDGE = 0.1
_EDGE_LINES = 3
_PAGES = 3
_SHARE = 0.25
_HEADING_SIZE = 1.25
_NUMBER = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]+", re.I)
_PAGE_NUMBER = re.compile(r"[-–—\s|]*(?:page\s*)?[-–—\s]*#(?:\s*(?:/|of)\s*#)?[-–—\s|.]*", re.I)


def drop_running(pages: list[Page], titles: set[str], body_size: float) -> None:
    """Remove, in place, what repeats at the same height of the edge of several pages.

    A repeated text counts when it is on a quarter of the pages, carries a number, or repeats a title: a line of the
    body that happens to repeat at one height does not, and neither does a line in the size of a heading.
    """
    known = {_letters(title) for title in titles} - {""}
    seen: Counter[tuple[str, int]] = Counter()
    near: defaultdict[int, list[tuple[Page, Line]]] = defaultdict(list)
    for page in pages:
        for line in _edge_lines(page):
            if line.size > _HEADING_SIZE * body_size:
                continue
            near[page.number].append((page, line))
            seen.update({(_masked(text), _height(page, line)) for text in (line.text, *line.cells)})
    for found in near.values():
        for page, line in found:
            if _is_running(line, page, seen, len(pages), known):
                page.lines.remove(line)


def _edge_lines(page: Page) -> list[Line]:
    """The outermost lines within the top and bottom tenth."""
    ordered = sorted(page.lines, key=lambda line: -line.base)
    high = [line for line in ordered[:_EDGE_LINES] if line.bottom > (1 - _EDGE) * page.height]
    low = [line for line in ordered[-_EDGE_LINES:] if line.top < _EDGE * page.height]
    return high + [line for line in low if line not in high]


def _is_running(line: Line, page: Page, seen: Counter[tuple[str, int]], pages: int, titles: set[str]) -> bool:
    text = _masked(line.text)
    if _PAGE_NUMBER.fullmatch(text):
        return True
    at = _height(page, line)
    count = sum(seen[text, at + shift] for shift in (-1, 0, 1))
    if _letters(line.text) in titles and "#" in text and not line.is_bold:
        return True
    if count < _PAGES:
        return _is_numbered_title(line, seen, at, titles) or _is_book_and_chapter(line, seen, at, pages, titles)
    return count >= _SHARE * pages or "#" in text or _letters(line.text) in titles or len(line.cells) > 1


def _is_numbered_title(line: Line, seen: Counter[tuple[str, int]], at: int, titles: set[str]) -> bool:
    """`12 | Chapter 2. The archive` on a height where other pages carry the like."""
    if len(line.cells) < 2 or not any(_PAGE_NUMBER.fullmatch(_masked(cell)) for cell in line.cells):
        return False
    others = sum(count for (_, height), count in seen.items() if abs(height - at) <= 1)
    return others >= _PAGES or any(_letters(cell) in titles for cell in line.cells)


def _is_book_and_chapter(line: Line, seen: Counter[tuple[str, int]], at: int, pages: int, titles: set[str]) -> bool:
    """`Handbook        2 The system`: one cell is on many pages at this height, the others are titles."""
    if len(line.cells) < 2:
        return False
    often = [sum(seen[_masked(cell), at + shift] for shift in (-1, 0, 1)) for cell in line.cells]
    repeats = [count >= max(_PAGES, _SHARE * pages) for count in often]
    return any(repeats) and all(
        again or _letters(cell) in titles for again, cell in zip(repeats, line.cells, strict=True)
    )


def _masked(text: str) -> str:
    text = text.strip()
    return "#" if _ROMAN.fullmatch(text) else _NUMBER.sub("#", text)


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", " ", text).strip().casefold()


def _height(page: Page, line: Line) -> int:
    """Twelfths of an inch from the nearer edge, so that pages of different sizes agree."""
    return round(line.base / 6) if line.base < page.height / 2 else -round((page.height - line.base) / 6)
