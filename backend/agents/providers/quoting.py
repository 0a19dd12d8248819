"""Choosing what to quote: whole sentences, with the list or code that a colon introduces."""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from backend.retrieval.answerability import content_words

MAX_SENTENCES = 3
MAX_CHARACTERS = 600
MAX_BLOCK_CHARACTERS = 1_200

_FENCE = re.compile(r"\s*(```|~~~)")
_BLOCK_LINE = re.compile(r"\s*(?:[-*•+–]\s|\d{1,3}[.)]\s|\|)|(?: {4}|\t)\S|\s*\$ |[^|]+ \| [^|]+(?: \| |\Z)")
_HEADING = re.compile(r"#{1,6}\s")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)\]*_`]{0,3}\s+(?=[\"'“‘(\[*_`]{0,3}[^\W_a-zß-öø-ÿ])|(?<=[。！？])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|etc|approx|dr|mr|mrs|ms|prof|no|nr|fig|sec|ch|pp?|vol|ed|inc|ltd|z\.B|bzw|ca)"
    r"|\b[A-Z])\.\Z",
    re.IGNORECASE,
)
_LEANS_BACK = re.compile(
    r"(?:it|its|this|these|that|those|they|he|she|then|however|also|otherwise|but|so|instead)\b", re.I
)


def word_stems(text: str) -> set[str]:
    """The content words without plural s, -ing and -ed: enough for `passwords expire` to meet `a password expired`."""
    return {_stem(word) for word in content_words(text)}


@lru_cache(maxsize=8_192)
def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    for suffix, shortest in (("ing", 6), ("ed", 5), ("es", 5), ("s", 4), ("e", 4)):
        if len(word) >= shortest and word.endswith(suffix) and not word.endswith("ss"):
            stem = word[: -len(suffix)]
            is_doubled = suffix in ("ing", "ed") and stem[-1] == stem[-2] and stem[-1] not in "aeiolsfz"
            return stem[:-1] if is_doubled else stem
    return word


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, or a block of lines that belongs together. `block` is a list, table or code under the sentence."""

    sentence: str
    block: str = ""

    @property
    def text(self) -> str:
        return f"{self.sentence}\n{self.block}" if self.sentence and self.block else self.sentence or self.block


@dataclass(frozen=True, slots=True)
class Quote:
    """Consecutive units of one passage and the share, 0..1, of the question's weighted words in them."""

    units: tuple[Unit, ...]
    coverage: float
    words: frozenset[str]


def units_of(text: str) -> list[Unit]:
    """The sentences and blocks of a passage in order, headings left out."""
    units: list[Unit] = []
    for kind, body in _paragraphs(text):
        if kind == "block":
            introduces = bool(units) and not units[-1].block and units[-1].sentence.endswith((":", "："))
            if introduces:
                units[-1] = Unit(units[-1].sentence, _shortened(body))
            else:
                units.append(Unit("", _shortened(body)))
        else:
            units.extend(Unit(sentence) for sentence in _sentences(body))
    return units


def as_table(block: str) -> str:
    """Rows of a table, `Plan | Price`, as a Markdown table; any other block as it is."""
    rows = [[cell.strip() for cell in line.split(" | ")] for line in block.splitlines()]
    if len(rows) < 2 or len(rows[0]) < 2 or block.lstrip().startswith("|") or len({len(row) for row in rows}) > 1:
        return block
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def word_weights(question: str, passages: Sequence[Sequence[Unit]]) -> dict[str, float]:
    """The stems of the question's content words, rarer ones among the units weighing more; weights add up to 1."""
    terms = word_stems(question)
    units = [word_stems(unit.text) for passage in passages for unit in passage]
    frequency = Counter(word for unit in units for word in unit & terms)
    raw = {term: math.log(1 + len(units) / (1 + frequency[term])) for term in terms}
    total = sum(raw.values()) or 1.0
    return {term: weight / total for term, weight in raw.items()}


def best_quote(units: Sequence[Unit], weights: Mapping[str, float]) -> Quote | None:
    """The run of units that has most of the question's words; the earliest and shortest of equals."""
    if not units:
        return None
    if _fits(units):
        return _quote(units, weights)
    runs = [run for run in _runs(units) if _fits(units[run[0] : run[1]]) or run[1] - run[0] == 1]
    start, end = max(runs, key=lambda run: (_value(units, run, weights), -run[0]))
    while start > 0 and _LEANS_BACK.match(units[start].text) and _fits(units[start - 1 : end]):
        start -= 1
    if end - start == 1 and _fits(units[start : end + 1]) and not units[start].block:
        end = min(end + 1, len(units))
    return _quote(units[start:end], weights)


def _value(units: Sequence[Unit], run: tuple[int, int], weights: Mapping[str, float]) -> float:
    opening = 0.15 if run[0] == 0 else 0.0
    return _quote(units[run[0] : run[1]], weights).coverage + opening - 0.02 * (run[1] - run[0])


def _quote(units: Sequence[Unit], weights: Mapping[str, float]) -> Quote:
    words = frozenset(word for unit in units for word in word_stems(unit.text))
    return Quote(tuple(units), sum(weights[word] for word in words if word in weights), words)


def _runs(units: Sequence[Unit]) -> Iterator[tuple[int, int]]:
    for start in range(len(units)):
        for end in range(start + 1, min(start + MAX_SENTENCES, len(units)) + 1):
            yield start, end


def _fits(units: Sequence[Unit]) -> bool:
    return len(units) <= MAX_SENTENCES and sum(len(unit.text) for unit in units) <= MAX_CHARACTERS


def _paragraphs(text: str) -> Iterator[tuple[str, str]]:
    """`(kind, body)` with kind `text` or `block`; a fenced block stays whole, blank lines included."""
    lines: list[str] = []
    kind = "text"
    fence: str | None = None
    for line in [*text.splitlines(), ""]:
        opens = _FENCE.match(line)
        line_kind = "block" if fence or opens or _BLOCK_LINE.match(line) else "text"
        continues_item = kind == "block" and line.startswith(" ") and line.strip() != ""
        is_end = not fence and (not line.strip() or _HEADING.match(line) or not (line_kind == kind or continues_item))
        if is_end and lines:
            yield kind, "\n".join(lines)
            lines = []
        if fence is not None or (line.strip() and not _HEADING.match(line)):
            kind = kind if lines else line_kind
            lines.append(line)
        if opens:
            fence = None if fence == opens[1] else fence or opens[1]
    if lines:
        yield kind, "\n".join(lines)


def _sentences(paragraph: str) -> list[str]:
    text = " ".join(paragraph.split())
    sentences: list[str] = []
    start = 0
    for boundary in _SENTENCE_END.finditer(text):
        piece = text[start : boundary.end()].strip()
        if piece and not _ABBREVIATION.search(piece):
            sentences.append(piece)
            start = boundary.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def _shortened(block: str) -> str:
    """A block cut at the end of a line, with its fence closed."""
    if len(block) <= MAX_BLOCK_CHARACTERS:
        return block
    kept = block[:MAX_BLOCK_CHARACTERS].rpartition("\n")[0] or block[:MAX_BLOCK_CHARACTERS]
    fence = _FENCE.match(kept)
    return f"{kept}\n…" + (f"\n{fence[1]}" if fence else "")
