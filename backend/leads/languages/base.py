"""What a language has to say for itself so that the rules can read it: a new language is one file of these words."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache
from typing import Final, Literal

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass as checked

Part = Literal["start", "early", "mid", "late", "end"]
Unit = Literal["day", "week", "month", "quarter", "half", "year"]
Step = Literal["first", "week"]
"""What "next Tuesday" is: the first one after today, or the one of the next calendar week."""

NEVER: Final = "(?!)"
_SHORT: Final = re.compile(r"[\u05d0-\u05ea]{2,3}")
"""Onto them only "and" and "that" grow: "מלא" is no "לא"."""
_OPEN_END: Final = re.compile(r"\S [בלמכש]$")
"""Words whose last one grows onto the word that follows: "מעוניינים ב"."""


@checked(frozen=True, kw_only=True, eq=False, config=ConfigDict(extra="forbid"))
class Language:
    """Words are regular expressions over folded text (`folding.fold`: lower case, no accents), lists are alternatives.

    `glued` is what a word may have grown onto its front, such as Hebrew's prepositions.
    """

    code: str
    common: str
    glued: str = ""

    units: Mapping[str, int]
    powers: Mapping[str, int]
    number_and: str = NEVER
    half: str = NEVER
    and_half: str = NEVER
    fourth: str = NEVER
    zero: str = NEVER
    twice: str = NEVER
    groups: Mapping[str, int] = field(default_factory=dict)
    to: str = NEVER
    between: str = NEVER
    both: str = NEVER

    first: str = NEVER
    negation: str = NEVER
    asks: str = NEVER
    asks_not: str = NEVER
    wonders: str = NEVER
    requests: str = NEVER
    supposed: str = NEVER
    wished: str = NEVER
    outsiders: str = NEVER
    superiors: str = NEVER
    they: str = NEVER
    gives: str = NEVER
    past: str = NEVER
    yours: str = NEVER
    orders: str = NEVER
    but: str = NEVER
    correction: str = NEVER
    withdrawal: str = NEVER
    yes: str = NEVER
    no: str = NEVER

    at: str = NEVER
    dot: str = NEVER
    underscore: str = NEVER
    dash: str = NEVER
    extension: str = NEVER
    not_phone: str = NEVER
    not_email: str = NEVER
    preferred: str = NEVER
    countries: Mapping[str, str] = field(default_factory=dict)

    budget: str = NEVER
    money_words: str = NEVER
    budget_given: str = NEVER
    at_most: str = NEVER
    at_least: str = NEVER
    more_than: str = NEVER
    hedges: str = NEVER
    not_budget: str = NEVER
    per_unit: str = NEVER
    taxes: str = NEVER
    month: str = NEVER
    year: str = NEVER
    once: str = NEVER

    months: Mapping[str, int] = field(default_factory=dict)
    weekdays: Mapping[str, int] = field(default_factory=dict)
    ordinal: str = NEVER
    ordinals: Mapping[str, int] = field(default_factory=dict)
    of: str = NEVER
    parts: Mapping[str, Part] = field(default_factory=dict)
    time_units: Mapping[str, Unit] = field(default_factory=dict)
    spans: Mapping[str, tuple[Unit, int]] = field(default_factory=dict)
    this: str = NEVER
    next: str = NEVER
    next_after: str = NEVER
    next_weekday: Step = "first"
    next_week_day: str = NEVER
    week_starts: int = 0
    ahead: str = NEVER
    ahead_after: str = NEVER
    days: Mapping[str, int] = field(default_factory=dict)
    quarter: str = NEVER
    halves: Mapping[str, int] = field(default_factory=dict)
    feasts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    seasons: str = NEVER
    attributive: bool = False
    soon: str = NEVER
    doubtful: str = NEVER
    on: str = NEVER
    part_year: str = NEVER
    day_of_month: str = NEVER
    single: str = NEVER
    after_weekday: Step = "first"
    next_year: str = NEVER
    since: str = NEVER
    buying: str = NEVER
    lasting: str = NEVER
    not_timeline: str = NEVER

    people: str = NEVER
    users: str = NEVER
    anybody: str = NEVER
    using: str = NEVER
    weak_team: str = NEVER
    not_people: str = NEVER
    together: str = NEVER
    not_team: str = NEVER
    we_are: str = NEVER
    of_us: str = NEVER
    being: str = NEVER
    moved: str = NEVER
    instead_of: str = NEVER
    team_of: str = NEVER
    in_sum: str = NEVER
    and_i: str = NEVER
    me_and: str = NEVER
    kin: str = NEVER
    possessives: str = NEVER

    my_name: str = NEVER
    first_name: str = NEVER
    i_am: str = NEVER
    here: str = NEVER
    greetings: str = NEVER
    closings: str = NEVER
    titles: str = NEVER
    particles: str = NEVER
    works_at: str = NEVER
    works_surely: str = NEVER
    of_company: str = NEVER
    named: str = NEVER
    own_kind: str = NEVER
    we_as: str = NEVER
    organisations: str = NEVER
    employers: str = NEVER
    former: str = NEVER
    roles: str = NEVER
    role_parts: str = NEVER
    role_before: bool = True
    role_first: str = NEVER
    role_links: str = NEVER
    role_ends: str = NEVER
    i_am_role: str = NEVER
    no_name: str = NEVER
    adjectives: str = NEVER
    name_ends: str = NEVER
    bare_names: bool = False
    nouns_are_capital: bool = False
    company_articles: str = NEVER
    company_joints: str = NEVER
    company_ends: str = NEVER
    articles: str = NEVER
    labels: Mapping[str, str] = field(default_factory=dict)

    need: str = NEVER
    not_need: str = NEVER
    generic: str = NEVER
    pronouns: str = NEVER
    never_need: str = NEVER
    need_preposition: str = NEVER
    products: str = NEVER
    purpose: str = NEVER
    need_of: str = NEVER
    need_after: str = NEVER
    need_before: str = NEVER
    need_ends: str = NEVER
    infinitive: str = NEVER
    need_lead: str = NEVER
    need_small: str = NEVER
    your: str = NEVER

    surname: str = NEVER
    own_lead: str = NEVER
    topics: Mapping[str, str] = field(default_factory=dict)


def language_from(toml: str) -> Language:
    """A language from its file. Raises `ValueError` for a list that is unknown or wrong."""
    said = tomllib.loads(toml)
    joined = said.pop("joined_by", None)
    told = {name: "|".join(value) if isinstance(value, list) else value for name, value in said.items()}
    if joined is not None:
        told["units"] = _joined(said["units"], joined)
    return _LANGUAGE.validate_python(told)


def _joined(units: dict[str, int], joint: str) -> dict[str, int]:
    """Numbers that are one word: "fünfundzwanzig", "zweihundert", "zwanzigtausend"."""
    ones = {word: value for word, value in units.items() if value < 10}
    tens = {word: value for word, value in units.items() if 20 <= value < 100}
    small = {word: value for word, value in units.items() if value < 100} | {
        f"{one}{joint}{ten}": ones[one] + tens[ten] for one in ones for ten in tens
    }
    hundreds = {f"{one}hundert": 100 * value for one, value in units.items() if value < 20}
    thousands = {f"{word}tausend": 1000 * value for word, value in (small | hundreds).items()}
    return units | small | hundreds | thousands


_LANGUAGE: Final = TypeAdapter(Language)


@lru_cache(maxsize=8192)
def compiled(words: str) -> re.Pattern[str]:
    """`re.compile` with room for the tables of every language; its own holds 512."""
    return re.compile(words)


@lru_cache(maxsize=8192)
def _compiled(language: Language, words: str, *, anywhere: bool) -> re.Pattern[str]:
    if not language.glued or not anywhere:
        return re.compile(rf"(?<!\w)(?:{words})(?:(?<=')|(?!\w))")
    every = _alternatives(words)
    open_ended = [one for one in every if _OPEN_END.search(one)]
    short = [one for one in every if _SHORT.fullmatch(one)]
    whole = "|".join(one for one in every if one not in open_ended and one not in short) or NEVER
    ends = r"(?:(?<=')|(?!\w|\"\w))"
    grown = rf"(?:{language.glued})?(?:(?:{whole}){ends}|{'|'.join(open_ended) or NEVER})"
    return re.compile(rf"(?<!\w)(?:{grown}|[וש]?(?:{'|'.join(short) or NEVER}){ends})")


def _alternatives(words: str) -> list[str]:
    """The alternatives that no bracket holds together."""
    found, depth = [""], 0
    for sign in words:
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and not depth:
            found.append("")
        else:
            found[-1] += sign
    return found


def pattern(language: Language, words: str) -> re.Pattern[str]:
    """Whole words of that language."""
    return _compiled(language, words, anywhere=True)


def has(language: Language, words: str, text: str) -> bool:
    return words != NEVER and pattern(language, words).search(text) is not None
