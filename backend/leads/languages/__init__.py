"""The languages that the rules read: a row here is the one registration."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from backend.leads.languages.base import Language
from backend.leads.languages.de import GERMAN
from backend.leads.languages.en import ENGLISH
from backend.leads.languages.es import SPANISH
from backend.leads.languages.fr import FRENCH
from backend.leads.languages.he import HEBREW
from backend.leads.languages.others import OTHERS

LANGUAGES: Final[tuple[Language, ...]] = (ENGLISH, GERMAN, FRENCH, SPANISH, HEBREW, *OTHERS)
_OF_REGION: Final = {
    "DE": GERMAN, "AT": GERMAN, "FR": FRENCH, "ES": SPANISH, "MX": SPANISH, "CO": SPANISH, "AR": SPANISH, "CL": SPANISH,
    "PE": SPANISH, "IL": HEBREW,
}
_WORD: Final = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_ADDRESS: Final = re.compile(r"\S*[@/]\S+|\w+\.\w+\S*")
_SURE: Final = 2
_HEBREW: Final = re.compile(r"[\u05d0-\u05ea]")


def language_of(text: str, before: Sequence[str], region: str | None) -> Language:
    """Of a folded message, by its commonest words; where they do not say, by the messages before, then by the country."""
    for said in (text, *before):
        if (found := _spoken(said)) is not None:
            return found
    return _OF_REGION.get(region or "", ENGLISH)


def _spoken(text: str) -> Language | None:
    if _HEBREW.search(text):
        return HEBREW
    words = _WORD.findall(_ADDRESS.sub(" ", text))
    counts = [(sum(word in _common(language) for word in words), language) for language in LANGUAGES]
    most, language = max(counts, key=lambda one: one[0])
    is_alone = sum(count == most for count, _ in counts) == 1
    return language if most >= (_SURE if language in OTHERS else 1) and is_alone else None


@cache
def _common(language: Language) -> frozenset[str]:
    return frozenset(language.common.split())
