"""Which language a text is written in, from its stop words: enough to keep English rules off other languages."""

import re
from collections import Counter
from typing import Literal

Language = Literal["en", "de", "fr", "es", "other"]

_STOP_WORDS: dict[str, Language] = {}
_LISTS: dict[Language, str] = {
    "en": "the and of to is that it for with this are be not you or can if have which from will your when by",
    "de": "der die das und ist nicht ein eine sie mit von zu den auf dem für im auch werden wird oder wenn bei sich",
    "fr": "le la les des et est une du dans pour que qui vous pas sur avec ce sont par au aux cette être ou votre",
    "es": "el los las una del y es que para con por se no está son como su más este esta pueden ser si al o usted",
    "other": "il di che non per della è sono o em os uma não por com het een niet van voor i na się nie w jest",
}
_AMBIGUOUS = frozenset({"in", "des", "die", "o", "en", "per", "que", "por", "com", "una", "le", "la", "on", "se", "no"})
for _language, _list in _LISTS.items():
    for _word in _list.split():
        if _word not in _AMBIGUOUS:
            _STOP_WORDS.setdefault(_word, _language)
_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH = 4


def language_of(text: str, default: Language = "en", limit: int = 4000) -> Language:
    """The language with the most stop words in the first `limit` characters; `default` when there are too few."""
    counts: Counter[Language] = Counter()
    for match in _WORD.finditer(text[:limit]):
        language = _STOP_WORDS.get(match[0].lower())
        if language is not None:
            counts[language] += 1
    if not counts:
        return _by_script(text[:limit], default)
    best, count = counts.most_common(1)[0]
    return best if count >= _ENOUGH else default


def _by_script(text: str, default: Language) -> Language:
    letters = [c for c in text if c.isalpha()]
    foreign = sum(ord(c) > 0x24F for c in letters)
    return "other" if len(letters) > 20 and foreign * 2 > len(letters) else default
