"""Citation marks in a streamed answer: those that refer to a given passage stay, the others go."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

# Held back until the next delta shows how it goes on: blanks before a mark, a mark without the two characters after
# it that tell a link or a subscript, a run of ticks whose length is not known yet.
_OPEN_TAIL = re.compile(r"(?:[ \t]{0,4}(?:\[[\d\s,;–-]{0,60}(?:\].?)?)?|`+|~+|\\)\Z", re.DOTALL)
_TOKEN = re.compile(
    r"(?P<escape>\\.)"
    r"|(?P<ticks>`+|~{3,})"
    r"|(?P<blank>[ \t]{0,4})\[(?P<numbers>\s*\d{1,9}(?:\s*[,;–-]\s*\d{1,9})*\s*)\]"
    r"|(?P<other>\n|[^\\`~\[\n \t]+|[ \t]{1,40}(?![ \t\[])|.)",
    re.DOTALL,
)
_RANGE = re.compile(r"(\d+)(?:\s*[–-]\s*(\d+))?")
_YEAR = re.compile(r"(?:19|20)\d\d\Z")
_CODE_LIKE = re.compile(
    r"(?:\A|[^\w.$])(?:[^\W\d_]|[^\W\d]\w*(?:[_$.]\w+)+|[^\W\d]\w*\d\w*|\w*[a-z][A-Z]\w*)\Z|\w_\w*\Z|\$\Z"
)
_CODE_FOLLOWS = re.compile(r"\s?[=+]|\.[a-z_]")
_MEMORY = 80


@dataclass(frozen=True, slots=True)
class Mark:
    """A citation in an answer. `numbers` are those of given passages; `text` is the mark with only these.

    `missing` are numbers that it has of no passage; of a range its ends.
    """

    text: str
    numbers: tuple[int, ...]
    missing: tuple[int, ...] = ()

    def only(self, numbers: Collection[int]) -> str:
        """The mark with some of its numbers; "" with none."""
        kept = [n for n in self.numbers if n in numbers]
        if len(kept) == len(self.numbers):
            return self.text
        blank = self.text[: self.text.index("[")]
        return f"{blank}[{', '.join(map(str, kept))}]" if kept else ""


class CitationFilter:
    """Removes `[n]`, `[1, 2]` and `[1-3]` whose numbers are not among `allowed`. `cited` tells what was kept.

    Code, Markdown links, years and subscripts such as `a[1]` are left alone. Feed deltas, then `finish` once.
    """

    def __init__(self, allowed: Collection[int]) -> None:
        self._allowed = frozenset(allowed)
        self._cited: dict[int, None] = {}
        self._pending = ""
        self._before = ""
        self._code: str | None = None

    @property
    def cited(self) -> tuple[int, ...]:
        """The passages cited so far, in order of their first mark."""
        return tuple(self._cited)

    def feed(self, delta: str) -> str:
        """What can be shown now."""
        return _joined(self.pieces(delta))

    def finish(self) -> str:
        """What was held back."""
        return _joined(self.rest())

    def pieces(self, delta: str) -> list[str | Mark]:
        """What can be shown now, with the marks apart from the words: for callers that have more to say about them."""
        self._pending += delta
        held = _OPEN_TAIL.search(self._pending)
        return self._consume(held.start() if held else len(self._pending))

    def rest(self) -> list[str | Mark]:
        """What was held back, as `pieces`."""
        return self._consume(len(self._pending))

    def _consume(self, end: int) -> list[str | Mark]:
        shown: list[str | Mark] = []
        position = 0
        while position < end:
            match = _TOKEN.match(self._pending, position)
            if match is None or match.end() > end:
                break
            piece = self._piece(match)
            shown.append(piece)
            self._before = (self._before + _joined([piece]))[-_MEMORY:]
            position = match.end()
        self._pending = self._pending[position:]
        return shown

    def _piece(self, match: re.Match[str]) -> str | Mark:
        token = match.group()
        if match["ticks"]:
            self._toggle_code(match["ticks"])
        elif token == "\n" and self._code is not None and len(self._code) < 3:
            self._code = None
        elif match["numbers"] is not None and self._code is None:
            return self._checked(match)
        return token

    def _toggle_code(self, ticks: str) -> None:
        if self._code is None:
            opens_fence = len(ticks) >= 3 and not self._line().strip()
            self._code = ticks if opens_fence or ticks[0] == "`" else None
        elif ticks[0] == self._code[0] and len(ticks) >= len(self._code):
            self._code = None

    def _line(self) -> str:
        return self._before.rpartition("\n")[2]

    def _checked(self, match: re.Match[str]) -> str | Mark:
        token, blank, numbers = match.group(), match["blank"], match["numbers"]
        following = self._pending[match.end() : match.end() + 2]
        if following.startswith("(") or self._is_subscript(blank, numbers, following) or _YEAR.match(numbers.strip()):
            return token
        asked, kept = self._allowed_of(numbers)
        missing = tuple(dict.fromkeys(n for n in map(int, re.findall(r"\d+", numbers)) if n not in self._allowed))
        self._cited.update(dict.fromkeys(kept))
        text = token if asked == len(kept) else f"{blank}[{', '.join(map(str, kept))}]" if kept else ""
        return Mark(text, tuple(kept), missing)

    def _is_subscript(self, blank: str, numbers: str, following: str) -> bool:
        if blank or not self._before[-1:].strip():
            return False
        looks_like_code = _CODE_LIKE.search(self._before) is not None or _CODE_FOLLOWS.match(following) is not None
        is_after_name = self._before[-1].isalnum() or self._before[-1] in "_$)"
        return is_after_name and (numbers.strip() == "0" or looks_like_code)

    def _allowed_of(self, numbers: str) -> tuple[int, list[int]]:
        """How many numbers a mark names, and which of them are passages."""
        asked = 0
        kept: list[int] = []
        for first, last in _RANGE.findall(numbers):
            low, high = int(first), int(last or first)
            asked += max(high - low + 1, 1)
            kept.extend(n for n in sorted(self._allowed) if low <= n <= high)
        return asked, list(dict.fromkeys(kept))


def _joined(pieces: Sequence[str | Mark]) -> str:
    return "".join(piece.text if isinstance(piece, Mark) else piece for piece in pieces)
