"""An answer as it is shown: each mark is kept only where its passage supports the sentence before it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.agents.citations import CitationFilter, Mark
from backend.agents.providers.base import PassageText
from backend.retrieval.verification import Support, last_sentence, plain_sentence, sentence_spans


class SupportsClaims(Protocol):
    async def support(self, sentence: str, passages: Sequence[PassageText]) -> list[Support]: ...


@dataclass(frozen=True, slots=True)
class CitationCheck:
    """Whether passage `n` supports a sentence that cites it; the mark of one that does not, or is not there, goes."""

    n: int
    sentence: str
    score: float
    supported: bool


class CitedAnswer:
    """Feed deltas, then `finish` once. Without a verifier every mark of a given passage stays."""

    def __init__(self, passages: Sequence[PassageText], verifier: SupportsClaims | None) -> None:
        self._passages = {passage.n: passage for passage in passages}
        self._verifier = verifier
        self._marks = CitationFilter(self._passages)
        self._sentence = ""
        self._cited: dict[int, None] = {}
        self.checks: list[CitationCheck] = []
        self.text = ""

    @property
    def cited(self) -> tuple[int, ...]:
        """Passages in order of their first mark."""
        return tuple(self._cited)

    @property
    def is_refuted(self) -> bool:
        """Whether the answer cited, and not one of its citations holds."""
        return self._is_checked and not self._cited

    @property
    def _is_checked(self) -> bool:
        """Whether it cited a passage that was given. One with invented numbers alone may still be right."""
        return any(check.n in self._passages for check in self.checks)

    def trust(self) -> None:
        """Every mark of a given passage stays from here on."""
        self._verifier = None

    async def feed(self, delta: str) -> str:
        """What can be shown now."""
        return await self._shown(self._marks.pieces(delta))

    async def finish(self) -> str:
        """What was held back; for an answer that cites nothing, the marks of the passages that support it."""
        rest = await self._shown(self._marks.rest())
        said = self.text.strip()
        if self._verifier is None or self._cited or self._is_checked or not said or said.endswith("?"):
            return rest
        added = await self._attributed()
        self.text += added
        return rest + added

    async def _shown(self, pieces: Sequence[str | Mark]) -> str:
        before = len(self.text)
        for piece in pieces:
            if isinstance(piece, Mark):
                self.text += await self._checked(piece)
            else:
                self.text += piece
                self._sentence = ""
        return self.text[before:]

    async def _checked(self, mark: Mark) -> str:
        if self._verifier is None:
            self._cited.update(dict.fromkeys(mark.numbers))
            return mark.text
        self._sentence = self._sentence or last_sentence(self.text)  # `[1][2]` stand on one sentence
        found = await self._verifier.support(self._sentence, [self._passages[n] for n in mark.numbers])
        kept = [n for n, support in zip(mark.numbers, found, strict=True) if support.supported]
        self._cited.update(dict.fromkeys(kept))
        self.checks += [
            CitationCheck(n, plain_sentence(self._sentence), support.score, support.supported)
            for n, support in zip(mark.numbers, found, strict=True)
        ]
        self.checks += [CitationCheck(n, plain_sentence(self._sentence), 0.0, supported=False) for n in mark.missing]
        return mark.only(kept)

    async def _attributed(self) -> str:
        """Small models do not cite. ` [2]` for the passage that supports most of their words, if one does."""
        assert self._verifier is not None
        passages = list(self._passages.values())
        found = await self._verifier.support(self.text, passages)
        best = max(range(len(passages)), key=lambda row: (found[row].supported, found[row].score))
        if not found[best].supported:
            return ""
        n = passages[best].n
        self._cited[n] = None
        self.checks.append(CitationCheck(n, plain_sentence(self.text), found[best].score, supported=True))
        return f" [{n}]"


def cited_sentences(text: str, given: Collection[int]) -> list[tuple[str, tuple[int, ...]]]:
    """The sentences of an answer without their marks, each with the passages, of those given, that its marks name."""
    marks, said = CitationFilter(given), ""
    placed: list[tuple[int, tuple[int, ...]]] = []
    for piece in [*marks.pieces(text), *marks.rest()]:
        if isinstance(piece, Mark):
            placed.append((len(said.rstrip()), piece.numbers))
        else:
            said += piece
    found: list[tuple[str, tuple[int, ...]]] = []
    for start, end in sentence_spans(said):
        numbers = dict.fromkeys(n for at, some in placed if start < at <= end for n in some)
        if sentence := plain_sentence(said[start:end]):
            found.append((sentence, tuple(numbers)))
    return found
