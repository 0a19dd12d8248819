"""English forms: gerunds to base verbs, third persons, plurals, the reader's voice."""

import re
from collections.abc import Callable
from functools import cache

from backend.faqs.words import TASKS

Known = Callable[[str], bool]

_VOWELS = "aeiou"
_IRREGULAR = {"being": "be", "lying": "lie", "tying": "tie", "dying": "die", "untying": "untie", "going": "go"}
_SINGULAR_S = re.compile(r"(?:ss|us|is|ics|news|series|os|as|'s|’s)$")
_YOURS = {
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
    "you": "I",
    "you're": "I am",
    "you've": "I have",
}


def gerund(verb: str) -> str:
    """`set` -> `setting`, `make` -> `making`, `tie` -> `tying`."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    short = len(verb) >= 3 and verb[-1] not in _VOWELS + "wxy" and verb[-2] in _VOWELS and verb[-3] not in _VOWELS
    if short and (sum(c in _VOWELS for c in verb) == 1 or verb in _DOUBLED):
        return verb + verb[-1] + "ing"
    return verb + "ing"


_DOUBLED = frozenset(
    {
        "admit",
        "begin",
        "commit",
        "control",
        "debug",
        "forget",
        "permit",
        "prefer",
        "program",
        "refer",
        "reset",
        "submit",
        "transfer",
        "untar",
    }
)
_GERUNDS = {gerund(verb): verb for verb in sorted(TASKS)} | {
    verb + "ling": verb for verb in ("cancel", "label", "model")
}


def is_gerund(word: str) -> bool:
    lower = word.lower()
    return len(lower) > 4 and lower.endswith("ing") and lower.isalpha() and any(c in _VOWELS + "y" for c in lower[:-3])


def base_of(word: str) -> str:
    """The verb of a gerund, also of one with a prefix: `cherry-picking` -> `cherry-pick`."""
    lower = word.lower()
    if lower in _IRREGULAR:
        return _IRREGULAR[lower]
    if lower in _GERUNDS:
        return _GERUNDS[lower]
    return _lemmas()(lower, upos="VERB")[0]


@cache
def _lemmas() -> Callable[..., tuple[str, ...]]:
    from lemminflect import getLemma  # type: ignore[import-untyped]  # ships no types; loads a dictionary in 0.2 s

    lemmas: Callable[..., tuple[str, ...]] = getLemma
    return lemmas


def third_person_base(word: str, known: Known) -> str | None:
    """`stores` -> `store`; None when the word is not a third person."""
    lower = word.lower()
    if len(lower) < 4 or not lower.endswith("s") or not lower.isalpha() or lower.endswith(("ss", "us", "is", "ous")):
        return None
    if lower.endswith("ies") and len(lower) > 5:
        return lower[:-3] + "y"
    if lower.endswith(("sses", "shes", "ches", "xes", "zzes", "oes")):
        return lower[:-2]
    base = lower[:-1]
    return base if base in TASKS or known(base) else None


def is_plural(word: str) -> bool:
    """A guess from the ending; acronyms written in capitals are singular, `NMUs` is not."""
    if len(word) > 2 and word[:-1].isupper() and word[:-1].isalpha() and word.endswith("s"):
        return True
    if len(word) < 3 or not word.endswith("s") or _SINGULAR_S.search(word.lower()):
        return False
    return not word.isupper()


def in_my_voice(text: str) -> str:
    """`reset your password` -> `reset my password`: the reader asks, the manual said "you"."""
    text = re.sub(r"\byou (are|were)\b", lambda m: "I am" if m[1] == "are" else "I was", text)
    return re.sub(r"[A-Za-z]+(?:['’][a-z]+)?", lambda m: _mine(m[0]), text)


def _mine(word: str) -> str:
    mine = _YOURS.get(word.lower().replace("’", "'"))
    return word if mine is None else mine


def is_name(word: str) -> bool:
    """Acronyms, product names and code keep their letters: `SSH`, `GitHub`, `pg_dump`, `/etc/hosts`, `X`."""
    bare = word.strip("()[]{}\"'“”‘’,;:")
    return len(bare) == 1 or bool(re.search(r"[A-Z].*[A-Z]|[a-z][A-Z]|\d|[_./\\`$<>=@#]", bare))


def lower_first(text: str) -> str:
    head = text.split(" ", 1)[0]
    return text if not text or is_name(head) else text[0].lower() + text[1:]


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]
