"""Text as the rules read it: lower case, without accents, every sign in its place."""

import unicodedata
from functools import lru_cache
from typing import Final

MASK: Final = "\ufffc"
"""Stands for every sign of what has been understood already, such as an address."""

_SIGNS: Final = {"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"', "״": '"', "׳": "'", "−": "-"}
_SIGNS.update({"‐": "-", "‑": "-", "–": "-", "—": "-", "…": "."})


@lru_cache(maxsize=4096)
def _folded(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if sign.isspace():
        return "\n" if sign == "\n" else " "
    if unicodedata.category(sign) == "Cf":
        return " "
    if sign.isdigit():
        return str(unicodedata.digit(sign, 0))
    base = unicodedata.normalize("NFKD", sign)
    plain = base[0] if len(base) > 1 and all(map(unicodedata.combining, base[1:])) else sign
    if len(base) == 1:
        plain = base
    lower = plain.lower()
    return lower if len(lower) == 1 else sign


@lru_cache(maxsize=256)
def fold(text: str) -> str:
    """As long as `text`: offsets in one are offsets in the other."""
    return "".join(map(_folded, text))


def mask(text: str, spans: list[tuple[int, int]]) -> str:
    """As long as `text`, with the spans masked."""
    signs = list(text)
    for start, end in spans:
        signs[start:end] = MASK * (end - start)
    return "".join(signs)
