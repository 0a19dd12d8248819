"""Lowering titles by the document's own usage."""

import re
from collections import Counter
from collections.abc import Iterable

from backend.faqs.grammar import is_name
from backend.faqs.words import COMMON, SMALL, TASKS

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_NEVER_NAMES = SMALL | {
    "is",
    "are",
    "was",
    "were",
    "be",
    "do",
    "does",
    "did",
    "can",
    "should",
    "must",
    "not",
    "your",
    "my",
}
_MOST_WORDS = 100_000
_LONGEST = 40


class Truecaser:
    """Counts how a text writes each word inside its sentences, then writes titles the same way."""

    def __init__(self) -> None:
        self._lower: Counter[str] = Counter()
        self._upper: Counter[str] = Counter()
        self._caps: Counter[str] = Counter()

    def read(self, text: str) -> None:
        """One pass over `text`; words after the first `_MOST_WORDS` different ones are not learned."""
        for match in _WORD.finditer(text):
            start, end = match.span()
            if end - start > _LONGEST or start < 2 or not _inside_sentence(text[start - 2], text[start - 1]):
                continue
            word = match[0]
            if word[0].islower():
                self._count(self._lower, word)
            elif word[1:].islower():
                self._count(self._upper, word.lower())
            elif word.isupper():
                self._count(self._caps, word.lower())

    @staticmethod
    def _count(counter: Counter[str], word: str) -> None:
        if word in counter or len(counter) < _MOST_WORDS:
            counter[word] += 1

    def lowered(self, title: str, *, at_start: bool = True) -> str:
        """`title` in sentence case but for names; the first word is lowered as well.

        A word keeps its capital when the title is not in title case (then its capital means something), when the
        text writes it with one more often, or when nothing is known about it.
        """
        words = title.split()
        is_shouted = _is_shouted(words)
        is_title_case = is_shouted or _is_title_case(words)
        return " ".join(
            self._word(
                word,
                at > 0 and not words[at - 1].endswith((".", "!", "?", ":")),
                certain=not is_title_case and (at > 0 or not at_start),
                shouted=is_shouted,
            )
            for at, word in enumerate(words)
        )

    def _word(self, word: str, is_inside: bool, *, certain: bool, shouted: bool) -> str:
        bare = word.strip("()[]{}\"'“”‘’,;:!?").lower()
        if is_inside and bare in _NEVER_NAMES and not shouted:
            return word.lower()
        if not bare or certain or word.islower() or (is_name(word) and not shouted):
            return "-".join(self._part(part) for part in word.split("-")) if _is_compound(word, certain) else word
        lower, upper = self._lower[bare], self._upper[bare]
        if shouted:
            return word.lower() if lower or not self._caps[bare] else word
        if lower > upper or (lower == upper == 0 and _is_ordinary(bare)):
            return word.lower()
        return word

    def _part(self, part: str) -> str:
        is_plain = part[:1].isupper() and part[1:].islower() and len(part) > 1
        return part.lower() if is_plain and self._lower[part.lower()] > self._upper[part.lower()] else part


_ABSTRACT = re.compile(r"[a-z]{2,}(?:tions?|ments?|ances?|ences?|ing|ity|ities|ness|ships?|ability|ization|isation)$")


def _is_ordinary(word: str) -> bool:
    """Not a name, by its own look, when the text says nothing about it."""
    return word in COMMON or word in TASKS or word in SMALL or bool(_ABSTRACT.match(word))


def _is_compound(word: str, certain: bool) -> bool:
    """`Binary-Only`: a name by its two capitals, but made of ordinary words."""
    return not certain and "-" in word and not any(c.isdigit() or c in "_./\\" for c in word)


def _inside_sentence(before: str, space: str) -> bool:
    return space == " " and (before.isalpha() or before in ",;)\"”'’")


def _is_title_case(words: Iterable[str]) -> bool:
    content = [word for word in words if word[:1].isalpha() and word.lower() not in SMALL][1:]
    return not content or all(word[:1].isupper() or is_name(word) for word in content)


def _is_shouted(words: list[str]) -> bool:
    letters = [word for word in words if any(c.isalpha() for c in word)]
    return (len(letters) > 1 or len("".join(letters)) > 5) and all(word.upper() == word for word in letters)
