"""The languages that the rules read: a file of words each, `<code>.toml` in this folder."""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from backend.leads.languages.base import Language, language_from

FULL: Final = ("en", "de", "fr", "es", "he")
MONEY_ALONE: Final = ("it", "nl", "pt", "pl", "sv", "da", "tr", "cs", "uk", "ja")
"""Of these, e-mail addresses, phone numbers, money and what stands alone are read."""

LANGUAGES: Final[dict[str, Language]] = {
    code: language_from((files(__name__) / f"{code}.toml").read_text(encoding="utf-8"))
    for code in (*FULL, *MONEY_ALONE)
}
CITIES: Final = frozenset((files(__name__) / "cities.txt").read_text(encoding="utf-8").splitlines())
"""They stand where a company may: who writes from Boston works for none of that name."""
FIRST_NAMES: Final = frozenset((files(__name__) / "first_names.txt").read_text(encoding="utf-8").splitlines())
"""Common ones of the five languages, without those that are everyday words there."""
_OF_REGION: Final = {
    **dict.fromkeys(("DE", "AT"), "de"),
    "FR": "fr",
    **dict.fromkeys(("ES", "MX", "CO", "AR", "CL", "PE", "UY", "EC"), "es"),
    "IL": "he",
}
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_ADDRESS: Final = re.compile(r"\S*[@/]\S+|\w+\.\w+\S*")
_SURE: Final = 2
_HEBREW: Final = re.compile(r"[\u05d0-\u05ea]")


def language_of(text: str, before: Sequence[str], region: str | None) -> Language:
    """Of a folded message, by its commonest words; where they do not say, by the messages before, then the country."""
    for said in (text, *before):
        if (found := _spoken(said)) is not None:
            return found
    return LANGUAGES[_OF_REGION.get(region or "", "en")]


def _spoken(text: str) -> Language | None:
    if _HEBREW.search(text):
        return LANGUAGES["he"]
    words = _WORD.findall(_ADDRESS.sub(" ", text))
    counts = [
        (sum(word in common_of(one) for word in words) - (one.code not in FULL), one) for one in LANGUAGES.values()
    ]
    most, language = max(counts, key=lambda count: count[0])
    is_alone = sum(count == most for count, _ in counts) == 1
    return language if most >= (1 if language.code in FULL else _SURE) and is_alone else None


@cache
def common_of(language: Language) -> frozenset[str]:
    """Its commonest words, by which it is known and which are no names."""
    return frozenset(language.common.split("|"))
