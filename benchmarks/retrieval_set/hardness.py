"""How hard the retrieval set is, and whether it holds together: `python -m benchmarks.retrieval_set.hardness`.

How the set was made. The manuals were chosen first: four with question headings, four with noun headings, and others
on the same subjects as distractors. Each question was written after its passage had been read, in a user's words, with
the product named where one would name it; the corpus was then searched with several keyword combinations, and what
else answers the question was added to its gold or the question was changed. "near" questions are about the same
programs and were kept when no combination of keywords found an answer ("why" names what came nearest); "off" ones are
about other things. Only FTS5 and the overlap of words were looked at: no embedding model has seen the set. A question
was reworded when the words gave it away and never dropped because a search fails on it.

The split: the questions in the order of kind, manual and id, in turn for tuning and for testing.

The overlap of a question is the share of its distinct content words that its gold passage with its headings holds,
the highest of its gold passages when it has several.
"""

import hashlib
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from backend.retrieval.answerability import content_words
from benchmarks.retrieval_set import manuals
from benchmarks.retrieval_set.manuals import Passage

QUESTIONS: Final = Path(__file__).with_name("questions.json")
WORDS: Final = range(4, 26)
QUOTE: Final = range(30, 121)
MOST_OVERLAP: Final = 0.25
MOST_FOUND: Final = 0.45
FEWEST_DISTRACTORS: Final = 2_000

Kind = Literal["answerable", "near", "off"]
Split = Literal["tune", "test"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gold(_Frozen):
    """An answer: every section of the manual that contains the quote is a hit."""

    manual: str
    quote: str


class Overlap(_Frozen):
    """Shares, 0..1, of a question's content words that its gold passage holds, as they are and as stems."""

    words: float
    stems: float


class Question(_Frozen):
    """`manual` is the one it is asked about, None for an off-topic one. `why` says what came nearest to an answer."""

    id: str
    kind: Kind
    manual: str | None
    split: Split
    question: str
    gold: tuple[Gold, ...] = ()
    overlap: Overlap | None = None
    why: str | None = None


def load(path: Path = QUESTIONS) -> list[Question]:
    return TypeAdapter(list[Question]).validate_json(path.read_bytes())


def splits(questions: Iterable[Question]) -> dict[str, Split]:
    """The split of each id by the rule above."""
    ordered = sorted(questions, key=lambda one: (one.kind, one.manual or "", one.id))
    return {one.id: "test" if place % 2 else "tune" for place, one in enumerate(ordered)}


def stem(word: str) -> str:
    """The word without plural, -ing or -ed, so that forms of one word are equal; the stem itself need not be a word."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and not word.endswith("ss") and len(word) - len(ending) >= 3:
            word = word.removesuffix(ending)
            break
    if word.endswith("i") and len(word) > 3:
        return word[:-1] + "y"
    return re.sub(r"([bdgmnprt])\1$", r"\1", word.removesuffix("e") if len(word) > 3 else word)


def overlap(question: str, passages: Iterable[Passage]) -> Overlap:
    asked = set(content_words(question))
    held = [set(content_words(passage.text)) for passage in passages]
    stems = {stem(word) for word in asked}
    return Overlap(
        words=round(max((len(asked & words) / len(asked) for words in held), default=0.0), 2),
        stems=round(max((len(stems & set(map(stem, words))) / len(stems) for words in held), default=0.0), 2),
    )


def gold_passages(question: Question, passages: Iterable[Passage]) -> list[Passage]:
    return [
        passage
        for passage in passages
        if any(gold.manual == passage.section.manual and gold.quote in passage.body for gold in question.gold)
    ]


def structure_faults(questions: Sequence[Question]) -> Iterator[str]:
    """What is wrong with the questions as far as can be seen without the manuals."""
    expected = splits(questions)
    ids = Counter(one.id for one in questions)
    texts = Counter(" ".join(re.findall(r"\w+", one.question.casefold())) for one in questions)
    yield from (f"{id_}: {count} questions have this id" for id_, count in ids.items() if count > 1)
    for one in questions:
        if texts[" ".join(re.findall(r"\w+", one.question.casefold()))] > 1:
            yield f"{one.id}: asked twice"
        if len(one.question.split()) not in WORDS:
            yield f"{one.id}: {len(one.question.split())} words, not {WORDS.start} to {WORDS.stop - 1}"
        if one.split != expected[one.id]:
            yield f"{one.id}: is for {one.split}, but by the rule for {expected[one.id]}"
        yield from (f"{one.id}: {what}" for what in _shape_faults(one))


def _shape_faults(one: Question) -> Iterator[str]:
    is_answerable = one.kind == "answerable"
    if is_answerable != bool(one.gold) or is_answerable != (one.overlap is not None):
        yield f"gold and overlap do not fit the kind {one.kind!r}"
    if is_answerable == bool(one.why):
        yield f"'why' does not fit the kind {one.kind!r}"
    if (one.manual is None) != (one.kind == "off"):
        yield f"manual {one.manual!r} does not fit the kind {one.kind!r}"
    for gold in one.gold:
        if len(gold.quote) not in QUOTE:
            yield f"a quote of {len(gold.quote)} characters, not {QUOTE.start} to {QUOTE.stop - 1}: {gold.quote!r}"


def corpus_faults(questions: Iterable[Question], passages: Sequence[Passage]) -> Iterator[str]:
    """Quotes that are not in exactly one section, which is in their manual, and overlaps that are not as measured."""
    for one in questions:
        for gold in one.gold:
            holding = [passage.section for passage in passages if gold.quote in passage.body]
            if [section.manual for section in holding] != [gold.manual]:
                places = [section.key for section in holding] or "no passage"
                yield f"{one.id}: wanted once in {gold.manual!r}, but in {places}: {gold.quote!r}"
        if one.gold:
            measured = overlap(one.question, gold_passages(one, passages))
            if one.overlap != measured:
                yield f"{one.id}: the overlap is {measured!r}, the file says {one.overlap!r}"


class KeywordSearch:
    """SQLite's FTS5 over heading and body of passages: bm25, any of the question's content words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._keys = [passage.section.key for passage in passages]
        self._database = sqlite3.connect(":memory:")
        self._database.execute("CREATE VIRTUAL TABLE passage USING fts5(text, tokenize = 'unicode61')")
        rows = ((row, passage.text) for row, passage in enumerate(passages))
        self._database.executemany("INSERT INTO passage(rowid, text) VALUES (?, ?)", rows)

    def sections(self, question: str) -> list[str]:
        """Keys of all sections found, best first, each at the place of its best passage."""
        query = " OR ".join(f'"{word}"' for word in dict.fromkeys(content_words(question)))
        found = self._database.execute(
            "SELECT rowid FROM passage WHERE passage MATCH ? ORDER BY bm25(passage), rowid", (query,)
        )
        return list(dict.fromkeys(self._keys[row] for (row,) in found))

    def rank(self, question: str, wanted: frozenset[str]) -> int:
        """The place of the first wanted section, from 1; 0 when none is found."""
        return next((place for place, key in enumerate(self.sections(question), 1) if key in wanted), 0)

    def close(self) -> None:
        self._database.close()


def ranks(questions: Iterable[Question], passages: Sequence[Passage]) -> list[int]:
    search = KeywordSearch(passages)
    try:
        return [
            search.rank(one.question, frozenset(passage.section.key for passage in gold_passages(one, passages)))
            for one in questions
            if one.gold
        ]
    finally:
        search.close()


def limit_faults(questions: Iterable[Question], places: Sequence[int], distractors: int) -> Iterator[str]:
    typical = median(one.overlap.stems for one in questions if one.overlap)
    found = mean(place == 1 for place in places)
    if typical > MOST_OVERLAP:
        yield f"the median overlap of stems is {typical:.2f}, at most {MOST_OVERLAP}"
    if found > MOST_FOUND:
        yield f"keyword search finds {found:.2f} at once, at most {MOST_FOUND}"
    if distractors < FEWEST_DISTRACTORS:
        yield f"{distractors} distractors, at least {FEWEST_DISTRACTORS}"


def _counts(questions: Sequence[Question]) -> Iterator[str]:
    keys = [manual.key for manual in manuals.MANUALS if manual.asked]
    counted = Counter((one.manual, one.kind, one.split) for one in questions)
    for key in (*keys, None):
        row = [counted[key, kind, split] for kind in ("answerable", "near", "off") for split in ("tune", "test")]
        if any(row):
            yield f"{key or 'none':20}" + "".join(f"{count:6}" for count in row)


def _report(questions: Sequence[Question], passages: Sequence[Passage], places: Sequence[int], others: int) -> None:
    print(f"{'manual':20}answerable tune, test; near tune, test; off tune, test")
    print("\n".join(_counts(questions)))
    overlaps = [one.overlap for one in questions if one.overlap]
    reciprocal = mean(1 / place if place else 0.0 for place in places)
    print(f"questions          {len(questions)}, {len(overlaps)} answerable")
    print(f"sha256             {hashlib.sha256(QUESTIONS.read_bytes()).hexdigest()}")
    print(f"passages           {len(passages)}, {others} of them in no gold section")
    print(f"median overlap     {median(one.words for one in overlaps):.2f} words")
    print(f"                   {median(one.stems for one in overlaps):.2f} stems")
    print(f"keyword hit@1      {mean(place == 1 for place in places):.3f}")
    print(f"keyword hit@5      {mean(0 < place <= 5 for place in places):.3f}")
    print(f"keyword MRR        {reciprocal:.3f}")


def main() -> int:
    if lacking := manuals.missing():
        print(f"hardness: missing packages; apt-get install --no-install-recommends {' '.join(lacking)}")
        return 1
    questions, passages = load(), manuals.passages()
    golden = {passage.section.key for one in questions for passage in gold_passages(one, passages)}
    others = sum(passage.section.key not in golden for passage in passages)
    places = ranks(questions, passages)
    _report(questions, passages, places, others)
    faults = [
        *structure_faults(questions),
        *corpus_faults(questions, passages),
        *limit_faults(questions, places, others),
    ]
    print("\n".join(faults) or "no faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
