"""Does a passage support the sentence that cites it? By the sentence's words, numbers and meaning."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from backend.agents.providers.base import PassageText
from backend.agents.providers.quoting import units_of, word_stems
from backend.embeddings.base import Embedder

WORDS: Final = 0.6
"""A sentence with this share of its words in one place of the passage says what stands there."""
MEANING: Final = 0.4
"""Cosine to a place of the passage from which other words may say the same.

Measured with MiniLM on the tuning half of benchmarks/retrieval_set, a paraphrased question standing for a claim: of the
passages that answer it 90 % are above, of other passages of the same manual 25 %.
"""
WINDOWS: Final = (1, 3)
"""Sentences of one place."""

_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_MARKUP = re.compile(r"[*_`#>|]+|\A\s*(?:[-+•]|\d{1,3}[.)])\s+")
_SENTENCE_START = re.compile(r"(?:(?<=[.!?…。！？])[\"'”’)\]*_]*\s+|(?<=[。！？])|\n+)(?=\S)")


@dataclass(frozen=True, slots=True)
class Support:
    """How far a passage carries a sentence, 0..1, and whether that is enough."""

    score: float
    supported: bool


class Verifier:
    """Works on sentences of any provider; costs one call of the embedder where words alone do not tell."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def support(self, sentence: str, passages: Sequence[PassageText]) -> list[Support]:
        """How far each passage supports a sentence. One that says nothing, such as `Yes:`, is supported by all."""
        claim = plain_sentence(sentence)
        stems, numbers = word_stems(claim), set(_NUMBER.findall(claim))
        if not stems and not numbers:
            return [Support(1.0, supported=True)] * len(passages)
        places = [_places(passage) for passage in passages]
        by_words = [max(_coverage(stems, place) for place in found) for found in places]
        has_numbers = [numbers <= set(_NUMBER.findall(f"{passage.title}\n{passage.text}")) for passage in passages]
        if all(words >= WORDS for words in by_words):
            return [Support(w, supported=known) for w, known in zip(by_words, has_numbers, strict=True)]
        by_meaning = await self._meaning(claim, places)
        return [
            Support(max(words, meaning), supported=known and (words >= WORDS or meaning >= MEANING))
            for words, meaning, known in zip(by_words, by_meaning, has_numbers, strict=True)
        ]

    async def _meaning(self, claim: str, places: Sequence[Sequence[str]]) -> list[float]:
        texts = [text for found in places for text in found]
        vectors = await self._embedder.embed([claim, *texts], kind="document")
        cosines = vectors[1:] @ vectors[0]
        ends = np.cumsum([len(found) for found in places])
        return [float(part.max()) for part in np.split(cosines, ends[:-1])]


def plain_sentence(text: str) -> str:
    return " ".join(_MARKUP.sub(" ", text).split())


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where each sentence, or item of a list, begins and ends."""
    starts = [0, *(match.end() for match in _SENTENCE_START.finditer(text))]
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def last_sentence(text: str) -> str:
    """What a mark at the end of a text stands on: the sentence, or the item of a list, before it."""
    body = text.rstrip()
    starts = [match.end() for match in _SENTENCE_START.finditer(body)]
    return body[starts[-1] :] if starts else body


def _places(passage: PassageText) -> list[str]:
    """The passage's neighbouring sentences, under its title."""
    units = [unit.text for unit in units_of(passage.text)] or [passage.text]
    windows = [units[start : start + size] for size in WINDOWS for start in range(max(1, len(units) - size + 1))]
    return list(dict.fromkeys(f"{passage.title}\n{' '.join(window)}" for window in windows))


def _coverage(stems: set[str], place: str) -> float:
    return len(stems & word_stems(place)) / len(stems) if stems else 0.0
