"""What every wire type shares."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function


class Answer(BaseModel):
    """A type the API sends. Fields may be added, never renamed."""

    model_config = ConfigDict(frozen=True)


class Request(BaseModel):
    """A type the API takes. An unknown field is a mistake of the caller and refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def _time(value: object) -> object:
    """Pydantic reads a number, and a text that is one, as seconds, and takes days without a time."""
    if isinstance(value, datetime) or (isinstance(value, str) and _TIME.fullmatch(value)):
        return value
    raise ValueError("must be a time with its zone, such as 2026-11-29T08:00:00Z (RFC 3339)")


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return value


_UNSEEN_KINDS: Final = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me"})
_UNSEEN_SIGNS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Unicode counts these as letters or symbols; they draw nothing: the Hangul fillers and the empty Braille cell."""


def is_visible(value: str) -> bool:
    """Whether there is anything to see."""
    return not all(unicodedata.category(sign) in _UNSEEN_KINDS or sign in _UNSEEN_SIGNS for sign in value)


def _visible(value: str) -> str:
    if not is_visible(value):
        raise ValueError("must have at least one visible character")
    return value


_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that change the direction in which what stands behind them is read."""


def _one_line(value: str) -> str:
    """Wherever a name stands, it must not change what stands beside it."""
    if any(unicodedata.category(sign) in ("Cc", "Zl", "Zp") or sign in _TURNING for sign in value):
        raise ValueError("must be one line, without control characters or signs that turn the direction of the text")
    return value


_SELECTORS: Final = frozenset("\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f") | {
    chr(code) for first, last in ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF)) for code in range(first, last + 1)
}
"""Marks that draw nothing: they choose how the sign before them is drawn, or join."""


def read_alike(name: str) -> str:
    """The same for all names that a reader takes for one: case, signs that are not seen, and kinds of blanks aside.

    Unicode's NFKC_Casefold (Unicode 16, 3.13), and runs of blanks as one.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", name).casefold()).casefold()
    seen = (
        sign
        for sign in folded
        if sign.isspace()
        or not (unicodedata.category(sign) in ("Cc", "Cf") or sign in _UNSEEN_SIGNS or sign in _SELECTORS)
    )
    return " ".join(unicodedata.normalize("NFKC", "".join(seen)).split())


@dataclass(frozen=True, slots=True)
class Shape:
    """What a text must fit whole. The schema has the pattern; who writes another text is told the words."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: type[str], handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"pattern": self.pattern}

    def _checked(self, value: str) -> str:
        if re.fullmatch(self.pattern, value) is None:
            raise ValueError(self.words)
        return value


def _kept(value: object) -> object:
    if value is None:
        raise ValueError("must not be null; leave it out to keep what is there")
    return value


UtcTime = Annotated[datetime, BeforeValidator(_time), AfterValidator(_utc)]
WholeNumber = Annotated[int, Strict()]
"""Not `true`, and no text that can be read as a number."""
Storable = AfterValidator(_storable)
Visible = AfterValidator(_visible)
OneLine = AfterValidator(_one_line)
Kept = BeforeValidator(_kept)
"""For a field of an edit that can be left out and not be removed."""
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), Storable, Visible]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable, Visible, OneLine
]
Message = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), Storable, Visible]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=200), Storable, Visible]
