"""Drafts from a document's own form: its questions, its headings, its definitions. No model, no network."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from backend.faqs import answers, definitions, foreign, headings, pairs, reference
from backend.faqs.answers import Answer, Fault
from backend.faqs.base import FaqDraft
from backend.faqs.casing import Truecaser
from backend.faqs.headings import Asked
from backend.faqs.language import Language, language_of
from backend.parsing.base import Block, Section

_LEARNED_SECTIONS = 50_000
_LEARNED_CHARACTERS = 20_000
_OPENING = 80
_OFTEN = 3
_PENALTY = {
    Fault.SHORT: 0.2,
    Fault.CUT: 0.1,
    Fault.ONLY_CODE: 0.35,
    Fault.POINTER: 0.4,
    Fault.ANNOUNCES: 0.3,
    Fault.DANGLING: 0.14,
    Fault.OPEN: 0.3,
    Fault.UNFINISHED: 0.5,
    Fault.HISTORY: 0.1,
    Fault.PERSONAL: 0.15,
    Fault.PART: 0.15,
}
_TOPIC_MOST = 0.45


def draft(document_title: str, sections: Iterable[Section]) -> Iterator[FaqDraft]:
    """Drafts in the order of the document. `sections` is read twice.

    Time is linear in the size of the document; memory holds one section and a bounded vocabulary.
    """
    document = _Document(document_title, sections)
    previous: Section | None = None
    for section in sections:
        document.page.enter(section)
        yield from _distinct(_Drafter(section, document, is_continued=_continues(section, previous)))
        previous = section


class _Document:
    """What the first pass learned: how words are written, the language, paragraphs that come again and again."""

    def __init__(self, title: str, sections: Iterable[Section]) -> None:
        self.title = headings.clean(title)
        self.case = Truecaser()
        self.page = reference.Page(title)
        self._sample: list[str] = []
        self._sampled = 0
        self._openings: Counter[str] = Counter()
        for section in islice(sections, _LEARNED_SECTIONS):
            self._learn(section)
        self.language: Language = language_of("\n".join(self._sample))

    def _learn(self, section: Section) -> None:
        budget = _LEARNED_CHARACTERS
        for at, block in enumerate(section.blocks):
            if budget <= 0:
                break
            if block.kind not in ("paragraph", "list", "ordered", "quote"):
                continue
            text = section.text[block.start : min(block.end, block.start + budget)]
            budget -= len(text)
            self.case.read(text)
            if at < 2 and len(text) >= _OPENING:
                self._openings[text[:_OPENING]] += 1
            if self._sampled < 4000:
                self._sample.append(text[:400])
                self._sampled += len(self._sample[-1])

    def without_boilerplate(self, section: Section, blocks: Sequence[Block]) -> Sequence[Block]:
        """Drop a first paragraph with which three or more sections begin."""
        if blocks and self._openings[_opening(section.text, blocks[0])] >= _OFTEN:
            return blocks[1:]
        return blocks


def _opening(text: str, block: Block) -> str:
    return text[block.start : min(block.end, block.start + _OPENING)]


def _continues(section: Section, previous: Section | None) -> bool:
    """A long section comes in several parts: only the first one answers its heading."""
    return (
        previous is not None
        and bool(previous.text)
        and (previous.title_path, previous.anchor) == (section.title_path, section.anchor)
    )


def _distinct(drafts: Iterable[FaqDraft]) -> Iterator[FaqDraft]:
    seen: set[tuple[str, str]] = set()
    for found in drafts:
        key = (found.question.lower(), found.answer)
        if key not in seen:
            seen.add(key)
            yield found


class _Drafter:
    """The drafts of one section."""

    def __init__(self, section: Section, document: _Document, *, is_continued: bool) -> None:
        self._section = section
        self._document = document
        self._case = document.case
        self._page = document.page
        self._heading = headings.clean(section.title)
        self._is_continued = is_continued
        self._language = language_of(section.text, document.language, 1500)

    def __iter__(self) -> Iterator[FaqDraft]:
        if not self._section.blocks or headings.is_aside(self._section.title_path):
            return
        blocks = self._document.without_boilerplate(self._section, self._section.blocks)
        lead, pieces = pairs.split(self._section.text, blocks)
        if not self._is_continued and not self._page.is_name_line:
            yield from self._from_heading(lead)
        times = Counter(piece.label for piece in pieces)
        for piece in pieces:
            if piece.kind == "term" and times[piece.label] > 1:
                continue  # the same word with several meanings: no question tells them apart
            yield from self._from_piece(piece)

    # --- the heading's own draft
    def _from_heading(self, blocks: Iterable[Block]) -> Iterator[FaqDraft]:
        usable = list(blocks)
        answer = answers.choose(self._section.text, usable)
        if not usable or answer is None:
            return
        asked = self._asked(answer)
        if asked is None:
            return
        if asked.kind == "howto":
            answer = answers.choose(self._section.text, usable, enough=answers.ENOUGH_STEPS) or answer
        yield self._draft(asked, answer, self._section.page or usable[0].page)

    def _asked(self, answer: Answer) -> Asked | None:
        if self._language != "en":
            return headings.as_question(self._heading, self._case) or foreign.ask(self._heading, self._language)
        explained = self._page.ask(self._heading, answer.first)
        if explained is not None:
            return explained
        if headings.is_skipped(self._heading):
            return None
        asked = headings.ask(self._heading, self._case)
        is_sure = asked is not None and (asked.kind != "howto" or asked.confidence > 0.74)
        if is_sure:
            return asked
        said = definitions.defined(self._heading, answer.first, self._case)
        if said or asked or self._heading.casefold() == self._document.title.casefold():
            return said or asked  # under the document's own title stands its cover or foreword
        return headings.topic(self._heading, self._case)

    # --- drafts of what stands inside the section
    def _from_piece(self, piece: pairs.Piece) -> Iterator[FaqDraft]:
        answer = answers.choose(
            self._section.text, piece.blocks, shortest=2 if piece.kind == "pair" else answers.SHORTEST
        )
        asked = self._asked_by(piece, answer.first) if answer else None
        if answer is not None and asked is not None:
            yield self._draft(asked, answer, piece.page or self._section.page)

    def _asked_by(self, piece: pairs.Piece, first: str) -> Asked | None:
        if piece.kind == "pair":
            return Asked(piece.label, "question", 0.95, "question and answer in the text")
        if piece.kind == "question":
            return headings.as_question(piece.label, self._case, "bold question in the text")
        if self._language != "en":
            return None
        return definitions.entry(piece.label, self._page.subject, self._glossary_of(), first, self._case)

    def _glossary_of(self) -> str:
        return " / ".join((self._page.title, *self._section.title_path[-2:]))

    def _draft(self, asked: Asked, answer: Answer, page: int | None) -> FaqDraft:
        confidence = _confidence(asked, answer)
        return FaqDraft(
            question=asked.question,
            answer=answer.text,
            kind=asked.kind,
            confidence=confidence,
            reason="; ".join([asked.reason, *sorted(answer.faults)]),
            section=self._section.ordinal,
            start=answer.start,
            end=answer.end,
            page=page,
        )


def _confidence(asked: Asked, answer: Answer) -> float:
    faults = answer.faults
    if faults & {Fault.DANGLING} and _opens_with_name(asked, answer):
        faults = faults - {Fault.DANGLING}
    if asked.reason.startswith("question and answer"):
        faults = faults - {Fault.SHORT, Fault.DANGLING}
    if asked.kind == "question":
        faults = faults - {Fault.PERSONAL}
        faults = faults - {Fault.DANGLING} if answer.first.lower().startswith(("it ", "this ", "they ")) else faults
    if asked.kind in ("definition", "topic"):
        faults = faults - {Fault.PART}
    score = asked.confidence - sum(_PENALTY[fault] for fault in faults)
    if asked.kind == "howto":
        told = answers.instructs(answer)
        score += 0.14 * told - 0.08
        # Measured on judged samples (benchmarks/drafts.py): such parts were rejected in seven of nine cases.
        score -= 0.15 if Fault.PART in faults and told < 1 else 0
    if asked.kind == "comparison" and not _compares(answer, asked.sides):
        score -= 0.2
    if asked.kind == "topic":
        score = min(score, _TOPIC_MOST)
    return round(min(max(score, 0.05), 0.98), 2)


def _opens_with_name(asked: Asked, answer: Answer) -> bool:
    """`alien converts ...`, `This option ...`: the question says what is meant."""
    first = answer.first.split(" ", 1)[0].strip(",:").removesuffix("()")
    if first[:1].islower():
        return first in asked.question or first in asked.question.replace("-", " ")
    return asked.kind == "definition" and first in {"This", "Instead", "It"}


_CONTRAST = re.compile(
    r"\b(?:differ\w*|whereas|while|unlike|instead|rather|but|however|other hand|contrast|both|than|compared|only)\b",
    re.IGNORECASE,
)


def _compares(answer: Answer, sides: tuple[str, ...]) -> bool:
    """The answer has a word of each side that the other lacks, and one that sets things against each other."""
    text = answer.text.lower()
    words = [{word.strip("()\"'“”‘’,").rstrip("s") for word in side.lower().split()} for side in sides]
    own = [side - other for side, other in zip(words, reversed(words), strict=True)]
    return all(any(word in text for word in side) for side in own) and bool(_CONTRAST.search(answer.text))
