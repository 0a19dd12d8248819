"""A user's message, made ready for the rules: folded, in its language, in clauses, with what was asked before it."""

from collections.abc import Sequence

from backend.leads.base import STANDARD, FieldSpec, Setting, Turn
from backend.leads.clauses import clauses
from backend.leads.folding import fold
from backend.leads.found import Reading
from backend.leads.languages import language_of
from backend.leads.languages.base import Language, has


def read(turns: Sequence[Turn], index: int, fields: Sequence[FieldSpec], setting: Setting) -> Reading:
    said = [fold(turn.text) for turn in turns[: index + 1]]
    language = language_of(said[index], [said[n] for n in range(index - 1, -1, -1)], setting.region)
    before = next((said[n] for n in range(index - 1, -1, -1) if turns[n].role == "assistant"), "")
    if index and turns[index - 1].role != "assistant":
        before = ""
    text = turns[index].text
    return Reading(
        text=text,
        folded=said[index],
        clauses=clauses(said[index], language),
        language=language,
        setting=setting,
        asked=asked_in(before, language),
        question=before,
        said_before=next((said[n] for n in range(index - 1, -1, -1) if turns[n].role == "user"), ""),
        own_fields=tuple(fields),
    )


def asked_in(question: str, language: Language) -> frozenset[str]:
    """The standard fields that the assistant asks for."""
    found = {
        field
        for part in _asking(question)
        for words, field in language.topics.items()
        if field in STANDARD and has(language, words, part)
    }
    return frozenset(found)


def _asking(text: str) -> list[str]:
    """Its sentences that ask. "Name and e-mail?" """
    parts: list[str] = []
    start = 0
    for place, sign in enumerate(text):
        if sign in ".!?\n":
            if sign == "?":
                parts.append(text[start:place])
            start = place + 1
    return parts
