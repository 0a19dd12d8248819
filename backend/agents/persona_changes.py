"""An operator's word on how an agent is to speak, as a change of its persona: "be more formal from now on"."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from contracts.personas import RULES, Persona

_LISTS: Final = ("do", "avoid")
_FIELDS: Final = ("handover", "greeting", "language", "tone", "role", "avoid", "do")
"""In this order the rules are tried."""
_SENTENCE: Final = re.compile(r"(?<=[.!?;\n])\s+")


def changed(persona: Persona, said: str) -> Persona:
    """The persona after what was said; a sentence that fits no rule is one more thing to do.

    Of lists the newest `RULES` lines stay.
    """
    values: dict[str, Any] = persona.model_dump(exclude_none=True)
    for field, words in _changes(said):
        if field in _LISTS:
            kept = [line for line in values.get(field, []) if line.casefold() != words.casefold()]
            values[field] = [*kept, words][-RULES:]
        else:
            values[field] = words
    return Persona.model_validate(values)


def _changes(said: str) -> Iterator[tuple[str, str]]:
    for sentence in _SENTENCE.split(said.strip()):
        text = " ".join(sentence.split()).rstrip(" .!;")
        if text:
            yield _change(text)


def _change(text: str) -> tuple[str, str]:
    for rules in _rules().values():
        bare = rules["end"].sub("", text).strip(" ,")
        for field in _FIELDS:
            match = rules[field].fullmatch(bare)
            if match is None:
                continue
            words = next(group for group in match.groups() if group)
            if field != "language":
                return field, words.strip(" \"“”«»'")
            if (code := _languages().get(words.casefold())) is not None:
                return field, code
    return "do", text


@cache
def _told() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("persona_changes.toml").read_text("utf-8"))


@cache
def _rules() -> Mapping[str, Mapping[str, re.Pattern[str]]]:
    """Language -> field -> the expression of its sentences."""
    found: dict[str, dict[str, re.Pattern[str]]] = {}
    for code, told in _told().items():
        if code == "languages":
            continue
        rules = {field: re.compile("|".join(told[field]), re.IGNORECASE) for field in _FIELDS}
        rules["end"] = re.compile("(?:" + "|".join(told["end"]) + r")\Z", re.IGNORECASE)
        found[code] = rules
    return found


@cache
def _languages() -> Mapping[str, str]:
    """What a language is called -> its code."""
    return {name: code for code, names in _told()["languages"].items() for name in names}
