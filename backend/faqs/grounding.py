"""Where a text says what a model claims to quote from it."""

import re
import unicodedata
from typing import Final

SHORTEST: Final = 8
"""Signs. A shorter quote stands somewhere in every text and proves nothing."""

_APOSTROPHES: Final = dict.fromkeys("‘’‚‛′ʼ`´", "'")
_QUOTES: Final = dict.fromkeys("“”„‟″«»", '"')
_QUOTE_SIGNS: Final = _APOSTROPHES | _QUOTES
_HYPHENS: Final = frozenset("-‐‑")
_UNSEEN: Final = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_AROUND: Final = re.compile(r"^[\s\"'“”‘’„«»….]+|[\s\"'“”‘’„«»…]+$")


def find_quote(quote: str, text: str) -> tuple[int, int] | None:
    """The first `text[start:end]` that is the quote word for word; None when there is none.

    Forgiven are white space, the shape of quotation marks, hyphens between letters (a word may be divided at a line's
    end), signs that are not seen, and how an accented letter is composed. Nothing else: not a letter's case.
    """
    signs, places = _plain(text)
    for wanted in dict.fromkeys((quote, _AROUND.sub("", quote))):
        searched = _plain(wanted)[0].strip()
        at = signs.find(searched) if len(searched) >= SHORTEST else -1
        while at >= 0:
            end = at + len(searched)
            if not _cuts(signs, at) and not _cuts(signs, end):
                return places[at][0], places[end - 1][1]
            at = signs.find(searched, at + 1)
    return None


def _cuts(signs: str, at: int) -> bool:
    """Whether a word goes on over this place. Scripts without spaces have no such places."""
    before, after = signs[at - 1 : at], signs[at : at + 1]
    return before.isalnum() and after.isalnum() and before.isascii() and after.isascii()


def _plain(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text with what is forgiven made equal, and for each of its signs the part of `text` that it stands for."""
    signs: list[str] = []
    places: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        end = _cluster(text, at)
        sign = _sign(text, at, end)
        if sign == "-" and _divides(text, at, end):
            end = _after_space(text, end)
        elif sign == " " and signs and signs[-1] == " ":
            pass
        elif sign:
            signs += sign
            places += [(at, end)] * len(sign)
        at = end
    return "".join(signs), places


def _cluster(text: str, at: int) -> int:
    """Where a letter with its combining marks ends."""
    end = at + 1
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    return end


def _sign(text: str, at: int, end: int) -> str:
    sign = text[at:end]
    if sign in _UNSEEN:
        return ""
    if sign.isspace():
        return " "
    if sign in _HYPHENS:
        return "-"
    return _QUOTE_SIGNS.get(sign) or unicodedata.normalize("NFC", sign)


def _divides(text: str, at: int, end: int) -> bool:
    """Whether a hyphen stands between two letters, a line's end beside it or not."""
    after = _after_space(text, end)
    return at > 0 and text[at - 1].isalpha() and after < len(text) and text[after].isalpha()


def _after_space(text: str, at: int) -> int:
    while at < len(text) and (text[at].isspace() or text[at] in _UNSEEN):
        at += 1
    return at
