"""What a visitor's message is for, by rules: a person is asked for, something is told, or something is asked.

The words of each language are a TOML file in this folder: what asks for a person, what is said then, and the questions
after what an agent would like to know.
"""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from contracts.lead_fields import StandardField

CODES: Final = ("en", "de", "fr", "es", "he")
USUAL: Final = "en"
ASKED_FIRST: Final[tuple[StandardField, ...]] = (
    "need",
    "name",
    "email",
    "company",
    "timeline",
    "budget",
    "team_size",
    "phone",
    "role",
)
"""In this order an agent asks for what it does not know yet."""

Rule = Literal["a person is asked for", "something is told", "somebody greets", "something is asked"]


@dataclass(frozen=True, slots=True)
class Words:
    """`person` finds a wish to talk to a person in a folded text, `no_person` what only looks like one. `telling` are
    words that stand around what somebody tells of themselves."""

    person: re.Pattern[str]
    no_person: re.Pattern[str] | None
    hand_over: str
    noted: str
    go_on: str
    telling: frozenset[str]
    questions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """`reply` is what is said without a search; empty where the question is to be looked up."""

    rule: Rule
    reply: str = ""
    asks: bool = False

    @property
    def hands_over(self) -> bool:
        return self.rule == "a person is asked for"


LOOK_UP: Final = Route("something is asked")


def wants_person(text: str) -> bool:
    """Whether a text asks for a person, in any of the languages."""
    folded = _folded(text)
    return any(
        words.person.search(folded) and not (words.no_person and words.no_person.search(folded))
        for words in map(words_of, CODES)
    )


def handed_over(code: str) -> Route:
    return Route("a person is asked for", words_of(code).hand_over)


def noted(code: str, known: Collection[str], wanted: Sequence[str], said: Iterable[str]) -> Route:
    """Thanks for what was told, and the question after the first of the `wanted` fields that is not `known`, unless one
    of the texts that were `said` before has it already."""
    words, before = words_of(code), list(said)
    open_fields = [field for field in ASKED_FIRST if field in wanted and field not in known]
    questions = [words.questions[field] for field in open_fields]
    question = next((one for one in questions if not any(one in text for text in before)), "")
    return Route("something is told", f"{words.noted} {question or words.go_on}", asks=bool(question))


@cache
def words_of(code: str) -> Words:
    """Of a language, or of English where its words are not here."""
    code = code.split("-")[0].lower()
    told = tomllib.loads(files(__name__).joinpath(f"{code if code in CODES else USUAL}.toml").read_text("utf-8"))
    return Words(
        person=_expression(told["person"]),
        no_person=_expression(told["no_person"]) if "no_person" in told else None,
        hand_over=told["hand_over"],
        noted=told["noted"],
        go_on=told["go_on"],
        telling=frozenset(told["telling"]),
        questions=told["questions"],
    )


def _expression(parts: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<!\w)(?:{part})(?!\w)" for part in parts))


def _folded(text: str) -> str:
    """Small letters without accents, one blank between words, straight apostrophes."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    return " ".join(plain.replace("’", "'").split())
