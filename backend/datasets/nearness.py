"""Which examples are so near that one of them would give away the other's answer.

Measured on the 1,775 FAQs that the rules draft from the manuals of benchmarks/retrieval_set and from docs/samples, with
MiniLM: 144 pairs of questions have a cosine of .88 and more. Of 36 of them that were read, about 20 ask for the same
("How do I reset a forgotten password?", "How do I reset my password?"), the others about neighbours ("--debugger"). The
largest set that they connect has 6 FAQs, at .85 it has 7, at .75 32. What a threshold merges too much costs little,
until chains form: of 4,000 questions from one mould ("How do I order the boiler in the north wing?",
benchmarks/samples.py) .88 connects 30, .85 70, .92 3. A threshold does not find what is asked in wholly other words: of
58 pairs of tests/fixtures/paraphrases.json that ask for the same, 9 are at .88 and 25 at .80, among more near misses.
Answers with a Jaccard of .5 in runs of three words say the same ("Can I get a refund?", "What is your refund policy?":
.56) or describe commands in one form; at .3 to .5 most do the latter.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from backend.datasets.rows import Example, FaqSource
from backend.errors import InvalidVector
from backend.faqs.dedup import Vectors, question_key, unit

Why = Literal["source", "group", "question", "meaning", "answer", "within"]
"""The same FAQ, the same group of the review, the same words in the question; near in meaning, nearly one answer, or an
answer that stands in another one."""

MEANING: Final = 0.88
"""Least cosine of two questions that are near."""
ANSWER: Final = 0.5
"""Least Jaccard of two answers' runs of words that are near."""
RUN: Final = 3
"""Words of a run."""
FEWEST_RUNS: Final = 5
"""Answers with fewer runs ("Yes, on every plan.") are common to questions about different things."""
HOLDERS: Final = 16
"""How many of the latest answers that share a rare run one is compared to. In the manuals no run has more."""
CONTAINED: Final = 8
"""Words from which an answer that stands in another one is no coincidence."""
ALIKE: Final = 64
"""How many sequences with the same beginning are looked for."""
BLOCK: Final = 512
"""Rows compared to all at once: 20 MB for 10,000 questions."""

_NAMESPACE: Final = UUID("0d0a2f0e-7a43-5b8c-8c55-1f2f6f0e9f1b")
_WORD: Final = re.compile(r"\w+")
Runs = frozenset[int]


@dataclass(frozen=True, slots=True)
class Item:
    """What is compared. `source` is the FAQ, or for a row of a file what its question asks for."""

    id: UUID
    source: UUID
    question: str
    answer: str
    group: UUID | None = None

    @classmethod
    def of(cls, example: Example, group: UUID | None = None) -> "Item":
        rewording, source = example.provenance.rewording, example.provenance.source
        if isinstance(source, FaqSource):
            origin = source.faq_id
        else:
            origin = uuid5(_NAMESPACE, question_key(rewording.of if rewording else example.question))
        return cls(example.id, origin, example.question, example.answer, group)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The rows `others`, int64[k], are near to `row`; every connection comes at least once."""

    row: int
    others: NDArray[np.int64]
    why: Why


def neighbours(items: Sequence[Item], vectors: Vectors | None) -> Iterator[Neighbours]:
    """Every pair that is near in meaning, and of all else enough to connect what is near.

    `vectors` is float32[n, d], those of the questions, of any length; without them meaning is not compared. The same
    pairs come for the same items in any order. Raises `InvalidVector` when rows and items do not match.
    """
    if vectors is not None and (vectors.ndim != 2 or len(vectors) != len(items)):
        raise InvalidVector(f"{len(items)} items came with vectors of shape {vectors.shape!r}; give one row per item")
    yield from of_one_source(items)
    yield from _chained((item.group for item in items), "group")
    yield from _chained((question_key(item.question) for item in items), "question")
    if vectors is not None:
        yield from _meanings(vectors)
    yield from _answers(items)
    yield from _within(items)


def of_one_source(items: Iterable[Item]) -> Iterator[Neighbours]:
    """Each with the one before it that comes from the same FAQ."""
    return _chained((item.source for item in items), "source")


def _chained(keys: Iterable[Hashable | None], why: Why) -> Iterator[Neighbours]:
    """Each row with the one before it that has the same key."""
    latest: dict[Hashable, int] = {}
    for row, key in enumerate(keys):
        if key is not None:
            if key in latest:
                yield Neighbours(row, np.array([latest[key]]), why)
            latest[key] = row


def _meanings(vectors: Vectors) -> Iterator[Neighbours]:
    vectors = unit(vectors)
    for start in range(0, len(vectors), BLOCK):
        near = vectors[start : start + BLOCK] @ vectors[: start + BLOCK].T >= MEANING
        for row in np.flatnonzero(near.sum(axis=1) > 1):
            others = np.flatnonzero(near[row, : start + row])
            if others.size:
                yield Neighbours(int(start + row), others, "meaning")


def _answers(items: Sequence[Item]) -> Iterator[Neighbours]:
    """Exact for real text: two sets with a Jaccard of t share one of the first `n - ceil(t n) + 1` of their members in
    any fixed order (prefix filtering: Bayardo, Ma and Srikant, "Scaling up all pairs similarity search", 2007), here
    the rarest first. Answers of one form that hundreds share are compared to some of them only."""
    order = sorted(range(len(items)), key=lambda row: items[row].id.bytes)
    words = [words_of(item.answer) for item in items]
    runs = _runs(words)
    yield from _chained(
        (" ".join(said) if len(mine) >= FEWEST_RUNS else None for said, mine in zip(words, runs, strict=True)), "answer"
    )
    counts = Counter(run for mine in runs for run in mine)
    holders: dict[int, list[int]] = defaultdict(list)
    seen: set[Runs] = set()
    for row in order:
        mine = runs[row]
        if len(mine) < FEWEST_RUNS or mine in seen:
            continue
        seen.add(mine)
        rarest = sorted(mine, key=lambda run: (counts[run], run))[: len(mine) - ceil(ANSWER * len(mine)) + 1]
        close = [other for other in _candidates(holders, rarest) if _jaccard(mine, runs[other]) >= ANSWER]
        if close:
            yield Neighbours(row, np.array(close), "answer")
        for run in rarest:
            holders[run].append(row)


def _within(items: Sequence[Item]) -> Iterator[Neighbours]:
    """Answers that stand word for word in others, as the same paragraph of two documents does."""
    words = [words_of(item.answer) for item in items]
    phrases = Phrases(enumerate(words), CONTAINED)
    for row, said in enumerate(words):
        inside = sorted({other for other in phrases.within(said) if len(words[other]) < len(said)})
        if inside:
            yield Neighbours(row, np.array(inside), "within")


class Phrases:
    """Word sequences, each with its row, found in texts by their first `shortest` words in time linear in the text.

    Of more than `ALIKE` that begin alike the first ones are found.
    """

    def __init__(self, phrases: Iterable[tuple[int, list[str]]], shortest: int) -> None:
        self._shortest = shortest
        self._by_start: dict[tuple[str, ...], list[tuple[int, list[str]]]] = defaultdict(list)
        for row, words in phrases:
            start = tuple(words[:shortest])
            if len(words) >= shortest and len(self._by_start[start]) < ALIKE:
                self._by_start[start].append((row, words))

    def within(self, words: list[str]) -> Iterator[int]:
        """The rows of the sequences that stand in a text; one that stands there twice comes twice."""
        for at in range(len(words) - self._shortest + 1):
            for row, phrase in self._by_start.get(tuple(words[at : at + self._shortest]), ()):
                if words[at : at + len(phrase)] == phrase:
                    yield row


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _candidates(holders: Mapping[int, list[int]], rarest: Iterable[int]) -> list[int]:
    return sorted({row for run in rarest if run in holders for row in holders[run][-HOLDERS:]})


def _runs(words: Iterable[Sequence[str]]) -> list[Runs]:
    """The runs of each answer as numbers: the text of a run is kept once."""
    numbers: dict[tuple[str, ...], int] = {}
    return [
        frozenset(numbers.setdefault(tuple(said[at : at + RUN]), len(numbers)) for at in range(len(said) - RUN + 1))
        for said in words
    ]


def _jaccard(one: Runs, other: Runs) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
