"""What is wrong with a dataset, before anything is trained on it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import Final, Literal
from uuid import UUID

import numpy as np

from backend.agents.tokens import AROUND, tokens_in
from backend.datasets.nearness import Item, Neighbours, Phrases, Why, neighbours, of_one_source, words_of
from backend.datasets.rows import Row, Split
from backend.datasets.sensitive import GUESSED, find, mask
from backend.faqs.dedup import Vectors

Severity = Literal["error", "warning"]
Code = Literal[
    "empty",
    "overlong",
    "too_few_rows",
    "no_held_out",
    "duplicate",
    "conflicting_answers",
    "leak",
    "held_out_text",
    "same_rule",
    "meaning_not_compared",
    "secret",
    "personal_data",
]

_QUOTED: Final = 80
_ASKED: Final = 4
"""Words from which a held-out question that stands in a training row is no coincidence ("What is RAID?" has three)."""
_MILLION: Final = 1_000_000
_WHY: Final[dict[Why, str]] = {
    "source": "comes from the same FAQ as",
    "group": "is in one group of the review with",
    "question": "has the same words as",
    "meaning": "asks nearly the same as",
    "answer": "has nearly the same answer as",
    "within": "has an answer that holds, or stands in, that of",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the rows of these ids: the text says what, with the value, and what to do.

    Nothing sensitive stands in it unmasked. `rows` are in the order of the dataset; none when it is about all.
    """

    code: Code
    severity: Severity
    rows: tuple[UUID, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What the method and the model ask: tokens a row may have, training rows needed, US dollars a million tokens."""

    row_tokens: int
    fewest_rows: int = 10
    epochs: int = 1
    price_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """`tokens` are those of the training rows, once and rather too many; `cost_usd` is None without a price."""

    findings: tuple[Finding, ...]
    rows: dict[Split, int]
    tokens: int
    trained_tokens: int
    cost_usd: Decimal | None

    @property
    def can_train(self) -> bool:
        return not any(finding.severity == "error" for finding in self.findings)


def check(
    rows: Sequence[Row], vectors: Vectors | None, terms: Terms, *, groups: Sequence[UUID | None] | None = None
) -> Report:
    """Errors forbid training, warnings do not.

    `vectors` is float32[n, d], those of the rows' questions, in their order; without them what is near in meaning is
    not found, which a warning says. `groups` are those of the review, a row each. Raises `InvalidVector`.
    """
    counts = {split: sum(row.split is split for row in rows) for split in Split}
    tokens = sum(tokens_of(row) for row in rows if row.split is Split.TRAIN)
    trained = tokens * terms.epochs
    items = [Item.of(row, group) for row, group in zip(rows, groups or [None] * len(rows), strict=True)]
    findings = [
        *_empty(rows),
        *_overlong(rows, terms),
        *_counted(counts, terms),
        *_duplicates(rows),
        *_conflicts(rows),
        *_leaks(rows, items, vectors),
        *_held_out_text(rows),
        *_same_rules(rows),
        *_sensitive(rows),
    ]
    cost = None if terms.price_usd is None else terms.price_usd * trained / _MILLION
    return Report(tuple(findings), counts, tokens, trained, cost)


def tokens_of(row: Row) -> int:
    """Of all its messages with what stands around them; rather too many (`agents.tokens`)."""
    return sum(tokens_in(text) + AROUND for text in (row.system, row.question, row.answer) if text is not None)


def _empty(rows: Sequence[Row]) -> Iterator[Finding]:
    for part in ("question", "answer"):
        bad = [row for row in rows if not getattr(row, part).strip()]
        if bad:
            yield _finding("empty", "error", bad, f"{_count(bad)} no {part}; write one or leave the row out")


def _overlong(rows: Sequence[Row], terms: Terms) -> Iterator[Finding]:
    bad = [row for row in rows if tokens_of(row) > terms.row_tokens]
    if bad:
        longest = max(bad, key=tokens_of)
        text = (
            f"{_count(bad)} more than {terms.row_tokens} tokens, the longest about {tokens_of(longest)} "
            f"({_quoted(longest.question)}); a model that writes learns such a row cut, or not at all: shorten the "
            "answer or leave the row out"
        )
        yield _finding("overlong", "warning", bad, text)


def _counted(counts: dict[Split, int], terms: Terms) -> Iterator[Finding]:
    if counts[Split.TRAIN] < terms.fewest_rows:
        text = f"{counts[Split.TRAIN]} training rows are too few, {terms.fewest_rows} are needed; approve more FAQs"
        yield _finding("too_few_rows", "error", [], text)
    if not counts[Split.HELD_OUT]:
        text = "no row is held out, so nothing can tell whether training helped; give held_out a share"
        yield _finding("no_held_out", "warning", [], text)


def _duplicates(rows: Sequence[Row]) -> Iterator[Finding]:
    """The same question and answer, but for case and white space."""
    seen: dict[tuple[str, str, str | None], Row] = {}
    bad = [
        row for row in rows if seen.setdefault((_plain(row.question), _plain(row.answer), row.system), row) is not row
    ]
    if bad:
        text = f"{_count(bad)} the question and answer of another, such as {_quoted(bad[0].question)}; keep one of each"
        yield _finding("duplicate", "warning", bad, text)


def _conflicts(rows: Sequence[Row]) -> Iterator[Finding]:
    asked: dict[tuple[str, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        asked[_plain(row.question), row.system].append(row)
    bad = [same for same in asked.values() if len({_plain(row.answer) for row in same}) > 1]
    if bad:
        text = (
            f"{len(bad)} questions have several answers, such as {_quoted(bad[0][0].question)}: "
            f"{_quoted(bad[0][0].answer)} and {_quoted(_other_answer(bad[0]))}; reject the wrong ones"
        )
        yield _finding("conflicting_answers", "warning", [row for same in bad for row in same], text)


def _other_answer(same: Sequence[Row]) -> str:
    return next(row.answer for row in same if _plain(row.answer) != _plain(same[0].answer))


def _leaks(rows: Sequence[Row], items: Sequence[Item], vectors: Vectors | None) -> Iterator[Finding]:
    """By the measure that splits are made with."""
    if vectors is None:
        text = "the questions were not compared in meaning, since they have no vectors; embed them to find more leaks"
        yield _finding("meaning_not_compared", "warning", [], text)
    part = np.array([list(Split).index(row.split) for row in rows])
    leaked: dict[Why, _Leaked] = defaultdict(_Leaked)
    for found in chain(of_one_source(items), _near_originals(rows, items, vectors)):
        across = found.others[part[found.others] != part[found.row]].tolist()
        if across:
            leaked[found.why].add(found.row, across)
    for why, one in leaked.items():
        row, other = rows[one.first[0]], rows[one.first[1]]
        text = (
            f"{one.pairs} pairs of near rows are in different parts: {_quoted(row.question)} ({row.split}) {_WHY[why]} "
            f"{_quoted(other.question)} ({other.split}); make the splits anew or leave one of each pair out"
        )
        yield _finding("leak", "error", [rows[at] for at in sorted(one.rows)], text)


def _near_originals(rows: Sequence[Row], items: Sequence[Item], vectors: Vectors | None) -> Iterator[Neighbours]:
    """Of what splits are made from: a paraphrase is where its question is, and is near to others by its form alone."""
    there = {item.source for row, item in zip(rows, items, strict=True) if row.provenance.rewording is None}
    kept = [at for at, row in enumerate(rows) if row.provenance.rewording is None or items[at].source not in there]
    places = np.array(kept, dtype=np.int64)
    for found in neighbours([items[at] for at in kept], None if vectors is None else vectors[places]):
        yield Neighbours(kept[found.row], places[found.others], found.why)


@dataclass(slots=True)
class _Leaked:
    """Numbers of rows, never the pairs: rows that are all near to each other have millions."""

    first: tuple[int, int] = (0, 0)
    pairs: int = 0
    rows: set[int] = field(default_factory=set)

    def add(self, row: int, others: list[int]) -> None:
        self.first = self.first if self.pairs else (row, others[0])
        self.pairs += len(others)
        self.rows.update(others, [row])


def _held_out_text(rows: Sequence[Row]) -> Iterator[Finding]:
    """Held-out questions that stand word for word in a training row: documents refer to each other like that, and what
    answers them is then not there, so it is no leak."""
    tested = [at for at, row in enumerate(rows) if row.split is not Split.TRAIN]
    asked = Phrases([(at, words_of(rows[at].question)) for at in tested], _ASKED)
    found: dict[int, Row] = {}
    for row in rows:
        if row.split is Split.TRAIN:
            for text in (row.question, row.answer):
                for at in asked.within(words_of(text)):
                    found.setdefault(at, row)
    if found:
        at, where = next(iter(found.items()))
        said = [rows[at] for at in found]
        text = (
            f"the words of {_count(said)} stand in a training row: {_quoted(rows[at].question)} ({rows[at].split}) in "
            f"that of {_quoted(where.question)}; look whether it is answered there"
        )
        yield _finding("held_out_text", "warning", said, text)


def _same_rules(rows: Sequence[Row]) -> Iterator[Finding]:
    """Rules only: a model has no form of its own."""
    trained = {_rule(row) for row in rows if row.split is Split.TRAIN} - {None}
    bad = [row for row in rows if row.split is Split.HELD_OUT and _rule(row) in trained]
    if bad:
        text = (
            f"{_count(bad)} a question by a rule that also wrote training questions, such as {_rule(bad[0])!r}; "
            "rephrase held-out questions by the other rules"
        )
        yield _finding("same_rule", "warning", bad, text)


def _rule(row: Row) -> str | None:
    rewording = row.provenance.rewording
    return rewording.name if rewording is not None and rewording.by == "rule" else None


def _sensitive(rows: Sequence[Row]) -> Iterator[Finding]:
    held: dict[tuple[bool, str], dict[Row, str]] = defaultdict(dict)
    search = cache(find)  # an answer stands in the rows of all its questions
    for row in rows:
        for text in (row.system or "", row.question, row.answer):
            for one in search(text):
                held[not one.is_secret, one.kind].setdefault(row, one.masked)
    for (is_personal, kind), found in sorted(held.items(), key=lambda item: item[0]):
        code: Code = "personal_data" if is_personal else "secret"
        what = "personal data" if is_personal else "a secret"
        is_sure = not is_personal and kind not in GUESSED
        advice = (
            "see whether it may be learnt"
            if is_personal
            else "take it out, and change it where it is used"
            if is_sure
            else "see whether it is one, and take it out then"
        )
        text = f"{_count(list(found))} {what} by its form: {kind} {next(iter(found.values()))}; {advice}"
        yield _finding(code, "error" if is_sure else "warning", found, text)


def _finding(code: Code, severity: Severity, rows: Iterable[Row], text: str) -> Finding:
    return Finding(code, severity, tuple(row.id for row in rows), text)


def _count(rows: Sequence[Row]) -> str:
    return "1 row has" if len(rows) == 1 else f"{len(rows)} rows have"


def _quoted(text: str) -> str:
    """The first words, with secrets masked before anything is cut off."""
    shown = " ".join(mask(text).split())
    return repr(shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}…")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
